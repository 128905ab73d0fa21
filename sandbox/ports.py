"""Free loopback ports, chosen once and remembered, so that a restart keeps every address."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection, Iterable
from pathlib import Path

from .errors import SandboxError
from .files import read_json, write_json

LOOPBACK = "127.0.0.1"

# Below the range from which systems take the local port of an outgoing connection (32768 on Linux): such a
# connection could otherwise hold a remembered port just when its component starts again.
_CANDIDATES = range(20000, 30000)


def remembered(file: Path, names: Iterable[str]) -> dict[str, int]:
    """A port for each name: the one in `file`, or a free one that is added to `file`.

    Ports remembered by other sandboxes (FOLDER/../*/FILE) are left to them, also while those are stopped.
    """
    ports = _read(file)
    missing = [name for name in names if name not in ports]
    if missing:
        others = {port for other in file.parent.parent.glob(f"*/{file.name}") for port in _read(other).values()}
        ports.update(zip(missing, free(len(missing), avoid=others), strict=True))
        write_json(file, ports)
    return ports


def free(count: int, avoid: Collection[int] = ()) -> list[int]:
    """Distinct loopback ports that nothing listens on at this moment, none of them in `avoid`."""
    found: list[int] = []
    for port in random.sample(_CANDIDATES, len(_CANDIDATES)):
        if len(found) == count:
            return found
        if port not in avoid and not taken(port):
            found.append(port)
    raise SandboxError(
        f"No {count} free ports between {_CANDIDATES.start} and {_CANDIDATES.stop} on {LOOPBACK}.\n"
        "See `ss -ltn` for what listens there."
    )


def taken(port: int) -> bool:
    """Whether something listens on the loopback port already."""
    with socket.socket() as probe:
        # As servers do: a connection that was closed a moment ago does not hold its port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
        return False


def _read(file: Path) -> dict[str, int]:
    content = read_json(file)
    if not isinstance(content, dict):
        return {}
    return {str(name): port for name, port in content.items() if isinstance(port, int)}
