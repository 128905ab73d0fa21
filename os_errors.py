"""Faults of the machine in words: a full disk, a folder that cannot be written, a path that is none."""

from __future__ import annotations

import contextlib
import errno
import getpass
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from paths import ROOT, state_directory, user_path

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_FORBIDDEN = frozenset((errno.EACCES, errno.EPERM))
_WHY = {
    errno.ENOSPC: "no space is left on its disk",
    errno.EDQUOT: "your quota of its disk is used up",
    errno.EFBIG: "the limit of the size of a file is reached (see `ulimit -f`)",
    errno.EROFS: "its file system is read-only",
    errno.EEXIST: "there is a file in its place",
    errno.EISDIR: "there is a folder in its place",
    errno.ENOENT: "there is no such file or folder, and none was made",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "its symbolic links lead in a circle",
    errno.EIO: "the disk reports an error",
    errno.EMFILE: "too many files are open (see `ulimit -n`)",
    errno.ENFILE: "too many files are open on this machine",
    errno.ENOEXEC: "this is no program for this machine; remove it, and it is made anew",
}


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an error of writing say which file it was: a full disk is met in the middle, where nobody knows its name."""
    try:
        yield
    except OSError as error:
        # Nor of use: one that is relative to a folder that only the system's call knew.
        if error.filename is None or not Path(os.fsdecode(error.filename)).is_absolute():
            error.filename = str(path)
        raise


def explain(error: OSError) -> str:
    """Which path, why, and what to do; one line each."""
    name = _named(error)
    if name is None:
        return _without_a_path(error)
    path = Path(name)
    return f"{path}: {_why(error, path)}.\n{_what_to_do(error, path)}"


def space(path: Path, wanted: int) -> str:
    """A line that says so if fewer than `wanted` bytes are free where `path` is or would be, else an empty text."""
    folder = next((one for one in (path, *path.parents) if one.is_dir()), Path("/"))
    free = shutil.disk_usage(folder).free
    return "" if free >= wanted else f"\nOnly {free // 2**20} MB are free in {folder}: free some, and try again."


def _named(error: OSError) -> str | None:
    for name in (error.filename2, error.filename):
        if isinstance(name, (str, bytes, os.PathLike)):
            return os.fsdecode(name)
    return None


def _why(error: OSError, path: Path) -> str:
    if error.errno == errno.ENOTDIR:
        file = next((one for one in path.parents if one.is_file()), path)
        return f"{file} is a file where a folder should be"
    if error.errno in _FORBIDDEN:
        return f"the user {_user()} may not use or change it"
    return _WHY.get(error.errno or 0, error.strerror or str(error))


def _what_to_do(error: OSError, path: Path) -> str:
    do = "Free some space there" if error.errno in _FULL else "Correct that"
    if error.errno in (*_FORBIDDEN, errno.EROFS):
        do = "Make it writable"
    for place, advice in _places():
        # Also what is above it: made folder by folder, the first that is missing fails.
        if path == place or place in path.parents or path in place.parents:
            return f"{do}{advice}"
    return f"{do}, and run this again."


def _places() -> Iterator[tuple[Path, str]]:
    """The folders of the program's own, and what to do about each."""
    from sandbox.paths import cache_root

    places: tuple[tuple[Callable[[], Path], str], ...] = (
        (
            state_directory,
            ", and run this again. SAAS_PLATFORM_STATE=/another/folder keeps state elsewhere, where nothing is known "
            "of what was deployed from here.",
        ),
        (cache_root, ", or name another folder for what is built: SAAS_PLATFORM_CACHE=/another/folder."),
        (lambda: ROOT, ", or use a copy of this project that can be written."),
        (lambda: Path(tempfile.gettempdir()), ", or name another folder for temporary files: TMPDIR=/another/folder."),
        (lambda: user_path("~"), ", or name another home folder: HOME=/another/folder."),
    )
    for place, advice in places:
        # One that is not known, or not there, is no place of this error.
        with contextlib.suppress(OSError):
            yield place(), advice


def _without_a_path(error: OSError) -> str:
    if error.errno in _FULL:
        full = [str(place) for place, _ in _places() if _is_full(place)]
        # What the program writes itself it names; what is left is what it prints.
        where = ", ".join(full) or "standard output"
        return f"{where}: {_why(error, Path('/'))}.\nFree some space there, and run this again."
    if "temporary directory" in str(error):
        return f"{error.strerror}.\nFree some space in one of them, or name another folder: TMPDIR=/another/folder."
    return str(error)


def _is_full(place: Path) -> bool:
    try:
        return not shutil.disk_usage(place).free
    except OSError:
        # Not there, or not to be looked at.
        return False


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
