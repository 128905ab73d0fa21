"""The configuration of Redis by what it is used for, with the memory that its container has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from components.quantity import Bytes

# A fork for a snapshot or a rewrite of the append-only file copies the pages that are written meanwhile, and client
# buffers come on top: Redis' own advice is to leave a good part of the memory free.
_SHARE = 0.7
_LEAST = Bytes.parse("32Mi")
Use = Literal["cache", "session"]


@dataclass(frozen=True, kw_only=True)
class RedisSettings:
    """`use` says what may go when memory is full.

    A cache evicts whatever was used least recently, and keeps nothing over a restart that it could not fetch again. A
    session store evicts only what has a lifetime, that which ends first, and appends every write to a file.
    """

    use: Use
    memory_limit: Bytes

    def __post_init__(self) -> None:
        if self.maxmemory.amount < _LEAST.amount:
            raise ValueError(
                f"a memory limit of {self.memory_limit} leaves Redis {self.maxmemory.rounded()}: it needs at least "
                f"{_LEAST}, which is a limit of {Bytes(int(_LEAST.amount / _SHARE)).rounded()}"
            )

    @property
    def maxmemory(self) -> Bytes:
        """What data may take: 70 % of the limit, so that Redis evicts before the kernel kills."""
        return Bytes(int(self.memory_limit.amount * _SHARE))

    def as_configuration(self) -> str:
        """The lines of `redis.conf`; the operator includes them after its own."""
        session = self.use == "session"
        settings = {
            "maxmemory": str(self.maxmemory.amount),
            "maxmemory-policy": "volatile-ttl" if session else "allkeys-lru",
            "appendonly": "yes" if session else "no",
            "appendfsync": "everysec",
            # Freeing a large value must not hold up everybody else.
            "lazyfree-lazy-eviction": "yes",
            "lazyfree-lazy-expire": "yes",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())
