"""Redis, run by the OT-CONTAINER-KIT operator: one server, or a sharded cluster."""

from components.stores.redis.args import METRICS_PORT, PORT, CacheArgs
from components.stores.redis.component import Cache

__all__ = ["METRICS_PORT", "PORT", "Cache", "CacheArgs"]
