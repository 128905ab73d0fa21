"""The list of all stores: monitoring, services' `uses` and the checks of a file know a store by its line here."""

from __future__ import annotations

from components.stores.buckets.facts import FACTS as BUCKETS
from components.stores.facts import StoreFacts
from components.stores.postgres.facts import FACTS as POSTGRES
from components.stores.redis.facts import FACTS as REDIS

STORES: tuple[StoreFacts, ...] = (
    POSTGRES,
    REDIS,
    BUCKETS,
)
