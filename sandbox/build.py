"""Builds Go programs from pinned modules: whole or not at all, one builder at a time, with progress."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import os_errors
from paths import user_path

from .errors import SandboxError, with_log_tail
from .locks import exclusive
from .progress import BuildProgress

# As the modules ask for it: below, one of them would not be built.
GO_MINIMUM = (1, 26, 6)

# -mod=readonly: what go.sum does not list is an error, so a build never changes a pin.
# -trimpath: the same binary in every checkout. -s -w: no symbol tables, a third of the size.
FLAGS = ("-mod=readonly", "-trimpath", "-buildvcs=false")
LINKER_FLAGS = "-s -w"


class Embedded(NamedTuple):
    """A JSON file of another module that the program embeds, by its path there; `merged` are keys set in it."""

    module: str
    path: str
    merged: Mapping[str, str] = {}


class Job(NamedTuple):
    """One program to build: `target` appears when it is complete, never before."""

    name: str
    module: Path
    package: str
    settings: tuple[str, ...]
    target: Path
    embedded: tuple[Embedded, ...] = ()


def platform_name() -> str:
    """What programs are built for, such as "linux x86_64": this machine's system and architecture."""
    return f"{sys.platform} {platform.machine().lower()}"


def check_toolchain() -> None:
    """Raise SandboxError when Go is missing or too old."""
    go = shutil.which("go")
    if go is None:
        raise SandboxError(f"Go is not installed, or not in PATH.\n{_how_to_get_go()}")
    # GOTOOLCHAIN=local: the version in PATH decides, and no other toolchain is downloaded behind one's back.
    answer = subprocess.run(
        [go, "env", "GOVERSION"],
        check=False,
        capture_output=True,
        text=True,
        env=_environment(),
        cwd=tempfile.gettempdir(),
    )
    version = answer.stdout.strip()
    if not _new_enough(version):
        found = version or answer.stderr.strip()
        raise SandboxError(f"The Go at {go} does not serve: it says {found!r}.\n{_how_to_get_go()}")


def _new_enough(version: str) -> bool:
    match = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", version)
    return match is not None and tuple(int(part or 0) for part in match.groups()) >= GO_MINIMUM


def _how_to_get_go() -> str:
    wanted = ".".join(map(str, GO_MINIMUM))
    return (
        f"The sandbox builds its control plane with Go {wanted} or newer: install it from https://go.dev/dl/ or "
        "with your system's package manager, see that `go version` shows it, then run this again."
    )


def _environment() -> dict[str, str]:
    # CGO_ENABLED=0: static programs that need no C compiler. GOWORK=off: a workspace around must not replace pins.
    # Without the user's GOOS and GOARCH, for the programs run here.
    inherited = {name: value for name, value in os.environ.items() if name not in ("GOOS", "GOARCH")}
    # Go keeps its modules and its cache below HOME, and asks nobody else where that is.
    inherited.setdefault("HOME", str(user_path("~")))
    return {**inherited, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local"}


def run(jobs: Sequence[Job], cache: Path) -> None:
    """Build what is still missing of `jobs`. A second builder waits for the first and finds its programs done."""
    with BuildProgress(len(jobs)) as progress, exclusive(cache / "build.lock", on_wait=progress.waiting):
        for number, job in enumerate(jobs, start=1):
            progress.started(number, job.name)
            if not job.target.exists():
                _build(job, cache / "logs" / f"build-{job.name}.log")
            progress.finished(job.name)


def _build(job: Job, log: Path) -> None:
    job.target.parent.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    for left_by_a_killed_build in job.target.parent.glob(f".{job.name}-*"):
        shutil.rmtree(left_by_a_killed_build, ignore_errors=True)
    # Under another name until it is complete: a killed build leaves only a file that nobody takes for the tool.
    with tempfile.TemporaryDirectory(prefix=f".{job.name}-", dir=job.target.parent) as scratch:
        unfinished = Path(scratch) / job.name
        started = time.monotonic()
        with log.open("w") as output:
            status = _go(_command(job, unfinished), _source(job, Path(scratch) / "source", output), output)
        if status != 0:
            raise with_log_tail(_failure(job, status, time.monotonic() - started), log)
        unfinished.replace(job.target)


def _go(command: list[str], folder: Path, output: IO[str]) -> int:
    result = subprocess.run(
        command,
        check=False,
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )
    return result.returncode


def _source(job: Job, scratch: Path, log: IO[str]) -> Path:
    """The folder to build in: the module's own, or a copy with the files beside it that the program embeds."""
    if not job.embedded:
        return job.module
    shutil.copytree(job.module, scratch)
    for file in job.embedded:
        if _go(["go", "mod", "download", file.module], scratch, log) != 0:
            # The build itself then says what is wrong, in the log too.
            continue
        found = subprocess.run(
            ["go", "list", "-m", "-f", "{{.Dir}}", file.module],
            check=True,
            cwd=scratch,
            env=_environment(),
            capture_output=True,
            text=True,
        )
        source = Path(found.stdout.strip()) / file.path
        document = {**json.loads(source.read_text(encoding="utf-8")), **file.merged}
        (scratch / source.name).write_text(json.dumps(document), encoding="utf-8")
    return scratch


def source(folder: Path, module: str) -> Path:
    """The folder of a Go module in the version that `folder` pins; downloaded where it is not there."""
    check_toolchain()
    done = subprocess.run(
        ["go", "mod", "download", "-json", module],
        check=False,
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise SandboxError(
            f"The source of {module}, which {folder / 'go.mod'} pins, cannot be had:\n{done.stderr or done.stdout}"
        )
    return Path(json.loads(done.stdout)["Dir"])


def _failure(job: Job, status: int, seconds: float) -> str:
    return (
        f"Building {job.name} from {job.module} failed after {seconds:.0f} s (exit status {status}).\n"
        "Most often the module proxy was out of reach or the disk is full (a cold build takes about 4 GB)."
        f"{os_errors.space(job.target.parent, 4 * 2**30)}"
    )


def _command(job: Job, output: Path) -> list[str]:
    linker = " ".join((LINKER_FLAGS, *(f"-X {setting}" for setting in job.settings)))
    return ["go", "build", *FLAGS, f"-ldflags={linker}", "-o", str(output), job.package]
