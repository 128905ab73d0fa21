"""Which Pulumi engine deploys: the CLI on PATH where it is recent enough, else one built once from Go modules."""

from __future__ import annotations

import contextlib
import os
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
    return _built(out) if on_path is None else Programs(_recent(on_path))


def _recent(program: str) -> automation.PulumiCommand:
    """The CLI on PATH. Raises OperationError where it is too old, or does not say how old it is."""
    try:
        # Whether it is recent enough is said here, in words for people.
        command = automation.PulumiCommand(skip_version_check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise OperationError(f"{program} does not say its version: {error}; install Pulumi from {_INSTALL}") from None
    if command.version is None:
        raise OperationError(f"{program} does not say its version; install Pulumi from {_INSTALL}")
    if command.version < MINIMUM:
        wanted = ".".join(map(str, MINIMUM))
        raise OperationError(
            f"{program} is Pulumi {command.version}; {wanted} or newer is needed. Update it ({_INSTALL}), or take it "
            "off PATH: then one is built here"
        )
    return command


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
