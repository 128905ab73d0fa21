"""Somebody who does what the how-to pages say: types their commands, and saves the files that they show."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from paths import ROOT
from sandbox import Sandbox
from tests.sandbox.project import Project
from tests.unit.docs.reading import FENCE, blocks, text_of

PAGES = sorted([*(ROOT / "docs" / "how-to").glob("*.md"), ROOT / "docs" / "add-a-system.md"])
_FILE = re.compile(r"# (?P<name>Pulumi\.\w+\.yaml)\n")
_QUESTION = re.compile(rb"Type '(?P<word>[^']+)'[^\n]*: $")
# For one command on a machine that does other things too.
SECONDS = 300.0
_SPAN = re.compile(r"`(?P<text>(?:make|python -m ops) [^`\n]+)`")


@dataclass(frozen=True)
class Shown:
    """A command of a page, and the lines that are shown below it."""

    page: str
    command: str
    output: tuple[str, ...] = ()


def shown(page: Path) -> Iterator[Shown]:
    """The commands of the page's consoles, in their order."""
    for block in blocks(page):
        if block.language == "console":
            for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                command, *output = part.rstrip("\n").splitlines()
                yield Shown(page.name, command, tuple(output))


def mentioned(page: Path) -> list[str]:
    """The commands in the page's sentences and tables that can be typed as they stand there."""
    return [match["text"] for match in _SPAN.finditer(FENCE.sub("", text_of(page)))]


def files(page: Path) -> Iterator[tuple[str, str]]:
    """The environments' files that the page shows, by the name in their first line."""
    for block in blocks(page):
        match = _FILE.match(block.text) if block.language == "yaml" else None
        if match:
            yield match["name"], block.text


class Reader(Project):
    """The reader's copy of the program, with the sandbox as every cluster that a page names."""

    def begin(self) -> None:
        """Prepare the copy as a checkout is after the first `make`, and a kubeconfig with the pages' contexts."""
        venv = ROOT / ".venv"
        (self.root / ".venv").symlink_to(venv if venv.exists() else sys.prefix)
        shutil.copytree(ROOT / "docs" / "runbooks", self.root / "docs" / "runbooks")
        tools = self.root / "bin"
        tools.mkdir()
        (tools / "kubectl").symlink_to(self.sandbox.kubectl)
        home = self.root / "home"
        home.mkdir()
        self.variables |= {
            "PATH": os.pathsep.join([str(tools), str(self.root / ".venv" / "bin"), self._environment()["PATH"]]),
            "KUBECONFIG": str(home / "kubeconfig"),
            "SAAS_PLATFORM_CACHE": os.environ.get("SAAS_PLATFORM_CACHE") or str(Path.home() / ".cache/saas-platform"),
        }

    def know(self, context: str, of: Sandbox | None = None) -> None:
        """Let a context of the kubeconfig lead to a sandbox: the reader's own, unless it is another."""
        config: dict[str, Any] = json.loads((of or self.sandbox).kubeconfig.read_text())
        config["contexts"][0]["name"] = context
        (cluster,), (user,) = config["clusters"], config["users"]
        config["contexts"][0]["context"] = {"cluster": context, "user": context}
        cluster["name"] = user["name"] = context
        path = Path(self.variables["KUBECONFIG"])
        known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {**config, "contexts": []}
        if not known["contexts"]:
            known |= {"clusters": [], "users": [], "current-context": context}
        for key in ("contexts", "clusters", "users"):
            known[key] = [one for one in known[key] if one["name"] != context] + config[key]
        path.write_text(json.dumps(known))

    def save(self, page: str, number: int = 0) -> str:
        """Save one of the files that a page shows; returns its text."""
        name, text = list(files(find(page)))[number]
        (self.root / name).write_text(text, encoding="utf-8")
        return text

    def change(self, name: str, **keys: Any) -> None:
        """Set keys of a file's `systems`, as a page asks for in words."""
        path = self.root / name
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        document["config"]["saas-platform:systems"] |= keys
        path.write_text(json.dumps(document), encoding="utf-8")

    def follow(self, page: str, command: str) -> str:
        """Type a command that stands on the page; returns what it printed. It must succeed.

        The first line that the page shows below it must be among what is printed, but for its spaces.
        """
        output = next((one.output for one in shown(find(page)) if one.command == command), None)
        assert output is not None or command in mentioned(find(page)), f"{page} does not say {command!r}"
        printed = self.type(command)
        if output:
            assert squeezed(output[0]) in [squeezed(line) for line in printed.splitlines()], printed
        return printed

    def type(self, command: str) -> str:
        """Type a command at a terminal, and what it asks for; returns what it printed. It must succeed."""
        terminal, side = pty.openpty()
        try:
            with subprocess.Popen(
                ["bash", "-c", command],
                cwd=self.root,
                env=self._environment(),
                stdin=side,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as process:
                printed = _answering(process, terminal)
        finally:
            os.close(terminal)
            os.close(side)
        assert process.returncode == 0, f"{command}: exit {process.returncode}\n{printed}"
        return printed

    def started_by(self, page: str, command: str) -> subprocess.Popen[str]:
        """Type a command that stands on the page and goes on beside the test, which ends it."""
        assert command in [one.command for one in shown(find(page))], f"{page} does not say {command!r}"
        return subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.root,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def find(name: str) -> Path:
    """The page of that file name."""
    return next(page for page in PAGES if page.name == name)


def squeezed(line: str) -> str:
    """The line with single spaces."""
    return " ".join(line.split())


def _answering(process: subprocess.Popen[bytes], terminal: int) -> str:
    """All that a command prints; where it wants a word to be typed, it gets it. Ended if it takes too long."""
    assert process.stdout
    printed, deadline = b"", time.monotonic() + SECONDS
    while True:
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            os.killpg(process.pid, signal.SIGKILL)
            raise AssertionError(f"not within {SECONDS:.0f} s:\n{printed.decode()}")
        chunk = os.read(process.stdout.fileno(), 65536)
        if not chunk:
            return printed.decode()
        printed += chunk
        if wanted := _QUESTION.search(printed):
            os.write(terminal, wanted["word"] + b"\n")
            printed += b"\n"
