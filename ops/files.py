"""Files that only their owner may read, complete or not there at all."""

from __future__ import annotations

from pathlib import Path

from sandbox import files


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may enter, and what is missing above it likewise; returns it."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
    return path


def write_private(path: Path, text: str) -> None:
    """Write a text file with mode 600, in a folder of mode 700 if that has to be made."""
    private_folder(path.parent)
    files.write_private(path, text.encode("utf-8"))
