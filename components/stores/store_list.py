"""The list of all stores: whoever needs to know of stores knows one by its line here.

Monitoring, services' `uses`, the checks of a file, the policies, the sandbox, the preflight and what a deployment asks.
"""

from __future__ import annotations

from components.kubernetes.operator_kinds import OperatorKind
from components.stores.buckets.facts import FACTS as BUCKETS
from components.stores.facts import StoreFacts
from components.stores.postgres.facts import FACTS as POSTGRES
from components.stores.redis.facts import FACTS as REDIS

STORES: tuple[StoreFacts, ...] = (
    POSTGRES,
    REDIS,
    BUCKETS,
)
KINDS: tuple[OperatorKind, ...] = tuple(kind for store in STORES for kind in store.kinds)
