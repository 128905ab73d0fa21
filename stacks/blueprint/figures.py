"""What a system's document says of the size of its stores, beside what the tier gives each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from stacks.types import Bytes, Cpu

if TYPE_CHECKING:
    from stacks.tiers import CacheTier, DatabaseTier, Tier

_Store = TypeVar("_Store", "DatabaseTier", "CacheTier")
_Quantity = TypeVar("_Quantity", Cpu, Bytes)


@dataclass(frozen=True, kw_only=True)
class StoreFigures:
    """CPU and memory that each pod requests, and its volume; None leaves that to the tier."""

    cpu_request: Cpu | None = None
    memory_request: Bytes | None = None
    storage: Bytes | None = None


def fitted(figures: StoreFigures, tier: Tier, store: _Store) -> _Store:
    """The tier's `store` with the figures as the least that it gets, in the tiers of full size.

    What the environment sets higher stays; a request never exceeds its limit.
    """
    if not tier.full_size:
        return store
    update: dict[str, Any] = {
        "cpu_request": min(_larger(store.cpu_request, figures.cpu_request), store.cpu_limit),
        "memory_request": min(_larger(store.memory_request, figures.memory_request), store.memory_limit),
        "storage": _larger(store.storage, figures.storage),
    }
    return store.model_copy(update=update)


def _larger(own: _Quantity, declared: _Quantity | None) -> _Quantity:
    return own if declared is None else max(own, declared)
