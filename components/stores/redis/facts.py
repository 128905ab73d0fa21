"""What the platform knows of Redis before any system asks for it."""

from __future__ import annotations

from components.stores.facts import StoreFacts
from components.stores.redis.kinds import KINDS, RETIRED

METRICS_PORT = 9121

FACTS = StoreFacts(
    capability="cache",
    package=__package__,
    metrics=frozenset(
        {
            "redis_up",
            "redis_memory_used_bytes",
            "redis_memory_max_bytes",
            "redis_connected_clients",
            "redis_commands_processed_total",
            "redis_keyspace_hits_total",
            "redis_keyspace_misses_total",
        }
    ),
    ports=(METRICS_PORT,),
    registries=("docker.io/library/redis", "quay.io/oliver006"),
    kinds=KINDS,
    retired=RETIRED,
)
