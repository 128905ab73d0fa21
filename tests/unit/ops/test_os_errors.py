"""A machine that is full, read-only or without a home: one message says which path, why, and what to do."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from os_errors import explain, naming
from paths import ROOT
from sandbox import build, cli, tools
from tests.unit.commands import Outcome
from tests.unit.commands import ops as run_ops

EVERY_COMMAND = (
    *(("ops", command) for command in ("preview", "up", "down", "status", "operators", "policies")),
    ("ops", "render", "RENDERED"),
    *(("sandbox", command) for command in ("up", "down", "status", "reset")),
)
ADVICE = ("run this again", "name another folder", "name another home folder", "use a copy", "free some, and try again")
# What a fault of the state must not keep from working.
STATELESS = ("preview", "operators", "policies", "render")


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state and a cache of the test's own, where every program seems to be built; a go that would build."""
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("SAAS_PLATFORM_CACHE", str(tmp_path / "cache"))
    for tool in tools.TOOLS:
        program = tools.folder(tool.module) / tool.name
        program.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("/bin/false", program)
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text("#!/bin/sh\necho go1.26.8\n", encoding="utf-8")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin:/usr/sbin:/sbin")
    return tmp_path


def run(tmp_path: Path, command: Sequence[str]) -> Outcome:
    """A command in this process."""
    program, *arguments = (str(tmp_path / "rendered") if part == "RENDERED" else part for part in command)
    if program == "ops":
        return run_ops(*arguments)
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


def assert_is_said(outcome: Outcome, *culprits: Path | str) -> None:
    """The command failed with one message: the path, and what to do."""
    assert outcome.status == 1, outcome
    assert "Traceback" not in outcome.out + outcome.err
    assert any(str(culprit) in outcome.err for culprit in culprits), outcome.err
    assert any(advice in outcome.err for advice in ADVICE), outcome.err
    assert "Errno" not in outcome.err


FAULTS: dict[str, Callable[[Path], Path]] = {
    "a file in its place": lambda file: file,
    "below a file": lambda file: file / "below",
    "where nobody can make anything": lambda _: Path("/proc/none"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("command", EVERY_COMMAND, ids=" ".join)
def test_a_state_folder_that_is_none_is_said_by_every_command_that_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Sequence[str], fault: Callable[[Path], Path]
) -> None:
    """A preview needs none, and must not ask for one."""
    (tmp_path / "file").touch()
    state = fault(tmp_path / "file")
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(state))
    outcome = run(tmp_path, command)
    assert "Traceback" not in outcome.out + outcome.err
    # `ops down` holds the lock of its environment meanwhile, for which there is no place either.
    reads_only = command[1:] == ("status",) or command == ("sandbox", "down")
    reads_only = reads_only and state == Path("/proc/none")
    if command[1] in STATELESS:
        assert (outcome.status, outcome.err) == (0, "")
    elif outcome.status == 1 and not (reads_only and command[0] == "ops"):
        assert_is_said(outcome, state, tmp_path / "file")
        assert "SAAS_PLATFORM_STATE" in outcome.err
    else:
        # Nothing is there, and nothing has to be made to say so.
        assert reads_only, outcome
        assert "not run" in outcome.out or outcome.status == cli.NOT_RUNNING


@pytest.mark.parametrize("variable", ["SAAS_PLATFORM_CACHE", "XDG_CACHE_HOME"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("command", [("ops", "up"), ("sandbox", "up")], ids=" ".join)
def test_a_cache_that_cannot_be_written_is_said_before_anything_is_built(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: Sequence[str],
    fault: Callable[[Path], Path],
    variable: str,
) -> None:
    """A build of minutes would end in an error of its linker."""
    (tmp_path / "file").touch()
    monkeypatch.delenv("SAAS_PLATFORM_CACHE")
    monkeypatch.setenv(variable, str(fault(tmp_path / "file")))
    outcome = run(tmp_path, command)
    assert_is_said(outcome, fault(tmp_path / "file"))
    assert "SAAS_PLATFORM_CACHE" in outcome.err


def test_a_home_that_nobody_knows_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the user may be a number without a name, and HOME not set."""
    monkeypatch.delenv("SAAS_PLATFORM_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME")

    def nobody(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr("pwd.getpwuid", nobody)
    outcome = run(tmp_path, ("sandbox", "up"))
    assert_is_said(outcome, "~/.cache")
    assert "Set HOME" in outcome.err
    assert run(tmp_path, ("ops", "preview")).status == 0


def test_go_is_told_the_home_that_only_the_users_entry_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without HOME it knows no place for its modules and its cache."""
    monkeypatch.delenv("HOME")
    assert Path(build._environment()["HOME"]).is_dir()


def test_a_folder_to_render_into_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_is_said(run_ops("render", str(tmp_path / "file" / "x")), tmp_path / "file")
    assert_is_said(run_ops("render", "/proc/none/x"), "/proc/none")
    assert_is_said(run_ops("policies", "--write", "/proc/none/x.md"), "/proc/none/x.md")
    assert_is_said(run_ops("policies", "--write", "/dev/full"), "/dev/full")


def test_an_error_in_the_middle_of_a_file_names_the_file() -> None:
    """The system's own error of a full disk has no path."""
    with pytest.raises(OSError, match="No space left") as caught, naming(Path("/dev/full")):
        Path("/dev/full").write_text("x", encoding="utf-8")
    assert explain(caught.value).startswith("/dev/full: no space is left on its disk.\nFree some space there")


def process(command: Sequence[str], *, before: str = "", after: str = "", environment: dict[str, str]) -> Outcome:
    """A command as a process of its own, after the shell's commands `before` in a mount namespace of its own."""
    program = " ".join([sys.executable, "-B", "-m", *command, after])
    shell = ["unshare", "--mount"] if before else []
    done = subprocess.run(
        [*shell, "sh", "-ec", f"{before}\nexec {program}"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def test_output_that_nothing_takes_is_said_and_not_reported_by_python_itself() -> None:
    """`make preview > FILE` on a full disk: half a preview that looks like a whole one."""
    outcome = process(("ops", "policies"), after="> /dev/full", environment={})
    assert_is_said(outcome, "standard output")
    assert "Exception ignored" not in outcome.err


def test_a_reader_that_has_had_enough_is_no_fault() -> None:
    """`| head` ends every reader's command."""
    outcome = process(("ops", "policies"), after="| head -n 1", environment={})
    assert (outcome.status, outcome.err) == (0, "")


def test_a_limit_of_the_size_of_files_is_said(tmp_path: Path) -> None:
    """What a quota does, without a file system that has them."""
    command = ("ops", "policies", "--write", str(tmp_path / "policies.md"))
    outcome = process(("ops", *command[1:]), before="", after="", environment={})
    assert outcome.status == 0
    limited = subprocess.run(
        ["sh", "-c", f"ulimit -f 1; exec {sys.executable} -B -m {' '.join(command)}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert_is_said(Outcome(limited.returncode, limited.stdout, limited.stderr), tmp_path / "policies.md")
    assert "ulimit -f" in limited.stderr


def _mounts() -> bool:
    done = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    )
    return done.returncode == 0


# Neither a mode nor an owner keeps root from writing; a mount does.
mounting = pytest.mark.skipif(
    not shutil.which("unshare") or not _mounts(), reason="mounting is not allowed here, which a full disk is made by"
)
FULL = "mount -t tmpfs -o size={size} none {place}; head -c 100M /dev/zero > {place}/fill 2>/dev/null || true"
READ_ONLY = "mount --bind {place} {place}; mount -o remount,ro,bind {place}"


@mounting
@pytest.mark.parametrize("kind", [FULL.replace("{size}", "16k"), READ_ONLY], ids=["full", "read-only"])
@pytest.mark.parametrize(
    ("variable", "command"),
    [
        ("SAAS_PLATFORM_STATE", ("ops", "up")),
        ("SAAS_PLATFORM_STATE", ("sandbox", "up")),
        ("SAAS_PLATFORM_CACHE", ("sandbox", "up")),
        ("HOME", ("sandbox", "up")),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_full_or_read_only_disk_is_said(tmp_path: Path, kind: str, variable: str, command: Sequence[str]) -> None:
    """With the folder that is on it, and what else would do."""
    place = tmp_path / "place"
    place.mkdir()
    outcome = process(
        command,
        before=kind.format(place=place) + ("; unset SAAS_PLATFORM_CACHE XDG_CACHE_HOME" if variable == "HOME" else ""),
        environment={variable: str(place)},
    )
    assert_is_said(outcome, place)
    assert any(
        why in outcome.err for why in (("no space is left", "0 MB are free") if "tmpfs" in kind else ("read-only",))
    )
    if variable != "SAAS_PLATFORM_STATE":
        assert "SAAS_PLATFORM_CACHE=" in outcome.err or "0 MB are free" in outcome.err, outcome.err


@mounting
def test_a_read_only_checkout_is_previewed_and_says_where_its_state_could_be(tmp_path: Path) -> None:
    """A checkout of another user, or on a medium that cannot be written."""
    # The repository itself read-only, and its state below it: nobody else sees this mount.
    read_only = READ_ONLY.format(place=ROOT) + "; unset SAAS_PLATFORM_STATE"
    assert process(("ops", "policies"), before=read_only, environment={}).status == 0
    outcome = process(("sandbox", "up"), before=read_only, environment={})
    assert_is_said(outcome, ROOT / ".state")
    assert "SAAS_PLATFORM_STATE" in outcome.err


@mounting
def test_removing_what_cannot_be_removed_is_not_said_to_be_done(tmp_path: Path) -> None:
    """`reset` said that the data was removed, and it was all there."""
    state = tmp_path / "state" / "sandbox"
    (state / "default").mkdir(parents=True)
    (state / "default" / "data").touch()
    outcome = process(("sandbox", "reset"), before=READ_ONLY.format(place=state / "default"), environment={})
    assert_is_said(outcome, state / "default")
    assert "removed" not in outcome.out


@mounting
def test_a_program_that_ends_on_a_full_disk_is_told_with_what_is_free(tmp_path: Path) -> None:
    """Its log is empty: there was no space for it either."""
    place = tmp_path / "state"
    place.mkdir()
    before = f"mount -t tmpfs -o size=2m none {place}"
    outcome = process(("sandbox", "up"), before=before, environment={"SAAS_PLATFORM_STATE": str(place)})
    assert outcome.status == 1
    assert "etcd ended soon after its start." in outcome.err
    assert "MB are free in" in outcome.err
    assert "Traceback" not in outcome.err


def test_an_unfinished_file_is_not_left_on_a_full_disk(tmp_path: Path) -> None:
    """It would keep the space that the next try needs."""
    from sandbox.files import write_private

    write_private(tmp_path / "file", b"whole")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    done = subprocess.run(
        [
            "sh",
            "-c",
            f"ulimit -f 1; exec {sys.executable} -B -c "
            f"'from pathlib import Path; from sandbox.files import write_private; "
            f'write_private(Path("{tmp_path}/file"), b"x" * 100000)\'',
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert (tmp_path / "file").read_bytes() == b"whole"
    assert [path.name for path in tmp_path.glob(".file*")] == []
