"""What the platform knows of a store before any system asks for it: plain values, and the folder of its other parts.

Its alerts and dashboards are made with the monitoring's components, and are not loaded where only these are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.kubernetes.operator_kinds import OperatorKind


@dataclass(frozen=True, kw_only=True)
class StoreFacts:
    """One store. `capability` is the word by which services use it and an environment's file speaks of it.

    `package` is its folder's, with the modules `alerts` and `board`. `metrics` are all that it tells and
    anybody reads, and `ports` those of its pods that Prometheus reads them from. `registries` are those from which
    its images come, each a registry or one with the first part of a path. Raises ValueError, with the store and the
    part, for one of these that is empty.

    `kinds` are those of its operator, for a store that has one, with what the rules, the preflight and a deployment
    have to know of them; `retired` are versions of their API that the operator no longer serves (`group/v1beta1`), each
    with the one to use.
    """

    capability: str
    package: str
    metrics: frozenset[str]
    ports: tuple[int, ...]
    registries: tuple[str, ...]
    kinds: tuple[OperatorKind, ...] = ()
    retired: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part in ("capability", "package", "metrics", "ports", "registries"):
            if not getattr(self, part):
                raise ValueError(f"the store {self.capability or self.package!r} has no {part}: its facts say them")
