"""Which Pulumi engine deploys: the CLI on PATH where it is recent enough, else one built once from Go modules."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pulumi import automation
from rich.console import Console

from ops.errors import OperationError

# The first whose `refresh` and `destroy` take the program inline (`--client`).
MINIMUM = (3, 181, 0)
_INSTALL = "https://www.pulumi.com/docs/install/"


@dataclass(frozen=True)
class Programs:
    """An engine: how it is called, what its processes are given, and whether it was built here."""

    command: automation.PulumiCommand
    variables: Mapping[str, str] = field(default_factory=dict)
    built: bool = False

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"Pulumi {self.command.version}" + (", built here" if self.built else "")

    @contextlib.contextmanager
    def running(self) -> Iterator[Mapping[str, str]]:
        """The variables for the engine's processes; what must be served beside them is, until the end."""
        if not self.built or _has_plugin(Path(self.variables["PULUMI_HOME"]), "random"):
            yield self.variables
            return
        from sandbox.plugins.random_stand_in import start

        with start() as attached:
            yield {**self.variables, "PULUMI_DEBUG_PROVIDERS": attached}


def find(out: Console) -> Programs:
    """The engine of this machine; builds it where there is none, and says so before.

    Raises OperationError where the one on PATH is too old, sandbox.SandboxError where none can be built.
    """
    on_path = shutil.which("pulumi")
    if on_path is not None:
        _refuse_old(on_path)
        return Programs(automation.PulumiCommand())
    return _built(out)


def _refuse_old(program: str) -> None:
    done = subprocess.run([program, "version"], capture_output=True, text=True, check=False)
    version = re.match(r"v?(\d+)\.(\d+)\.(\d+)", done.stdout.strip())
    wanted = ".".join(map(str, MINIMUM))
    if version is None:
        raise OperationError(
            f"{program} does not say its version: {done.stderr.strip()}; install Pulumi from {_INSTALL}"
        )
    if tuple(map(int, version.groups())) < MINIMUM:
        raise OperationError(
            f"{program} is Pulumi {version[0]}; {wanted} or newer is needed. Update it ({_INSTALL}), or take it off "
            "PATH: then one is built here"
        )


def _built(out: Console) -> Programs:
    from sandbox import tools
    from sandbox.paths import cache_root
    from sandbox.plugins.install import install

    names = tools.group("engine")
    if tools.missing(names):
        out.print(
            "No pulumi on PATH: building it from its Go modules, once, for about ten minutes on two cores. "
            f"Installing the CLI is quicker: {_INSTALL}"
        )
    programs = tools.ensure(names)
    home = install(cache_root() / "pulumi-home", programs)
    # The user's own log-in still counts: only the plugins are elsewhere.
    credentials = os.environ.get("PULUMI_HOME") or str(Path.home() / ".pulumi")
    variables = {"PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_CREDENTIALS_PATH": credentials}
    command = automation.PulumiCommand(root=str(programs["pulumi"].parent.parent))
    return Programs(command, variables, built=True)


def _has_plugin(home: Path, name: str) -> bool:
    """Whether the real plugin is there: on PATH, or where plugins lie."""
    return shutil.which(f"pulumi-resource-{name}") is not None or any(home.glob(f"plugins/resource-{name}-v*/"))
