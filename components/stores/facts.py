"""What the platform knows of a store before any system asks for it: plain values, and the folder of its other parts.

Its alerts and dashboards are made with the monitoring's components, and are not loaded where only these are read.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StoreFacts:
    """One store. `capability` is the word by which services use it and an environment's file speaks of it.

    `package` is its folder's, with the modules `alerts` and `board`. `metrics` are all that it tells and
    anybody reads, and `ports` those of its pods that Prometheus reads them from. Raises ValueError, with the
    store and the part, for one that is empty.
    """

    capability: str
    package: str
    metrics: frozenset[str]
    ports: tuple[int, ...]

    def __post_init__(self) -> None:
        for part in ("capability", "package", "metrics", "ports"):
            if not getattr(self, part):
                raise ValueError(f"the store {self.capability or self.package!r} has no {part}: its facts say them")
