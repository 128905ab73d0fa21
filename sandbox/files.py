"""Writing files in one step, so that a crash or a second reader never sees half of one."""

from __future__ import annotations

import json
import os
from pathlib import Path

from os_errors import naming


def write_private(file: Path, content: bytes) -> None:
    """Write a file that only its owner can read: mode 0600 from its first byte, and on the disk when it is there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with naming(file):
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            unfinished.replace(file)
        except OSError:
            # Half a file would only fill a disk that is full.
            unfinished.unlink(missing_ok=True)
            raise


def write_json(file: Path, content: object) -> None:
    """Write plain data as indented JSON, readable by its owner only."""
    write_private(file, json.dumps(content, indent=2).encode())


def read_json(file: Path) -> object:
    """The content of a JSON file, or None when it is missing or broken. Raises OSError when it cannot be read."""
    try:
        content: object = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return content
