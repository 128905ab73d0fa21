"""The command line as a user runs it, in a process of its own, against a state folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.environment_file import read, write
from paths import PROJECT, ROOT
from sandbox import Sandbox
from tests.support.killing import Ended, Moment, Once, Victim, run_and_kill

_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".state", "*_cache", "__pycache__", "rendered", "tests", "docs")


@dataclass
class Project:
    """`python -m ops` with a state folder, and kubectl against the sandbox in it."""

    state: Path
    root: Path = ROOT
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def sandbox(self) -> Sandbox:
        return Sandbox(state=self.state / "sandbox")

    def ops(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; what `up` and `down` ask is answered with yes, as in CI."""
        answer = ("--yes",) if arguments[0] in ("up", "down") and "--yes" not in arguments else ()
        return self.unanswered(*arguments, *answer, timeout=timeout)

    def unanswered(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a command to its end where nobody can be asked."""
        return subprocess.run(
            [sys.executable, "-m", "ops", *arguments],
            stdin=subprocess.DEVNULL,
            cwd=self.root,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command beside the test, which ends it; all that it prints is in its `stdout`."""
        return subprocess.Popen(
            [sys.executable, "-m", "ops", *arguments],
            cwd=self.root,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def succeed(self, *arguments: str) -> str:
        """Run a command that must succeed; returns what it printed."""
        done = self.ops(*arguments)
        assert done.returncode == 0, f"ops {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def kill(self, *arguments: str, moment: Moment, victim: Victim = Victim.ALL) -> Ended:
        """Start a command and `kill -9` at a moment all of it, or what `victim` says; none of it may be left.

        But for the provider: nobody ends it where its engine is gone. It does nothing then, and ends in five minutes.
        """
        command = [sys.executable, "-m", "ops", *arguments]
        ended = run_and_kill(command, moment, victim=victim, cwd=self.root, environment=self._environment())
        left = [one for one in ended.left if "pulumi-resource-kubernetes" not in one]
        assert not left, f"still running after {victim} was killed: {left}\n{ended.output}"
        return ended

    def kill_during(self, *arguments: str, after: float, once: Callable[[], bool] = lambda: True) -> Ended:
        """Start a command, and some seconds after `once` is true, `kill -9` it and its children."""
        return self.kill(*arguments, moment=Once(once, after))

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run the sandbox's kubectl; it must succeed."""
        command = [str(self.sandbox.kubectl), f"--kubeconfig={self.sandbox.kubeconfig}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def objects(self, *arguments: str) -> list[dict[str, Any]]:
        """The items of `kubectl get … -o json`."""
        items: list[dict[str, Any]] = json.loads(self.kubectl("get", *arguments, "-o", "json"))["items"]
        return items

    def copy(self, folder: Path) -> Project:
        """The same state, with a copy of the program that a test may change, and of dev's systems AstrBot alone.

        One system shows what there is to see of a command as well as five, in a third of the time.
        """
        shutil.copytree(self.root, folder, ignore=_NOT_COPIED)
        path = folder / "Pulumi.dev.yaml"
        document = read(path)
        systems = document["config"][f"{PROJECT}:systems"]
        for other in [name for name in systems if name != "astrbot"]:
            del systems[other]
        write(path, document)
        return Project(self.state, folder, dict(self.variables))

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "KUBE"))}
        path = os.pathsep.join(one for one in kept["PATH"].split(os.pathsep) if not (Path(one) / "pulumi").exists())
        return {**kept, "PATH": path, "SAAS_PLATFORM_STATE": str(self.state), **self.variables}


def contains(live: Any, wanted: Any) -> bool:
    """Whether `live` has all that `wanted` says; what the server adds does not matter."""
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(key in live and contains(live[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        same_length = isinstance(live, list) and len(live) == len(wanted)
        return same_length and all(contains(one, other) for one, other in zip(live, wanted, strict=True))
    return bool(live == wanted)
