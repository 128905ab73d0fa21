"""A home folder for the Pulumi engine (`PULUMI_HOME`) in which it finds plugins that were built here.

The engine looks for `plugins/resource-NAME-vVERSION/pulumi-resource-NAME`, in exactly the version that the Python
package `pulumi_NAME` asks for, and says nothing. A plugin that it finds on PATH instead it takes in any version, with a
warning in every run. There is nothing else that makes it take a plugin for installed, except that `NAME.partial` beside
the folder, which an installation leaves that was broken off, makes it take it for missing.
"""

from __future__ import annotations

import importlib.metadata
import secrets
from collections.abc import Mapping
from pathlib import Path

from sandbox.errors import SandboxError

_PREFIX = "pulumi-resource-"


def install(folder: Path, programs: Mapping[str, Path]) -> Path:
    """Make `folder` a home of the engine with the plugins among `programs`, by their file names; returns the folder.

    Other programs, the engine's own among them, are passed over. The folder is its owner's alone, since the engine
    keeps what it knows there. Done again it changes nothing, and two may do it at once. Raises SandboxError for a
    program that is not there, and for one of which no Python package is installed that would ask for it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for program, path in programs.items():
        if program.startswith(_PREFIX):
            _link(folder / "plugins", program, path.resolve())
    return folder


def _link(plugins: Path, program: str, path: Path) -> None:
    if not path.is_file():
        raise SandboxError(f"The plugin {program} is not at {path}.\nBuild it with: make tools")
    directory = plugins / f"resource-{program.removeprefix(_PREFIX)}-v{_version(program)}"
    directory.mkdir(parents=True, exist_ok=True)
    directory.with_name(f"{directory.name}.partial").unlink(missing_ok=True)
    link = directory / program
    if link.is_symlink() and link.readlink() == path:
        return
    # In one step: the engine may look, and another may do the same.
    unfinished = link.with_name(f".{program}.{secrets.token_hex(4)}")
    unfinished.symlink_to(path)
    unfinished.replace(link)


def _version(program: str) -> str:
    package = f"pulumi_{program.removeprefix(_PREFIX).replace('-', '_')}"
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise SandboxError(
            f"Nothing asks for the plugin {program}: the Python package {package} is not installed.\n"
            "The versions of plugins are those of the Python packages in requirements.txt."
        ) from None
