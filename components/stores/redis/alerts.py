"""The alerts of Redis, which it brings with itself.

The thresholds are the program's own: the documents give none for their stores. It is out of reach after a minute,
as the documents' services are.
"""

from __future__ import annotations

from components.monitoring.alerts import Alert
from components.monitoring.rules import RuleSet
from components.stores.redis.facts import FACTS

RULES = RuleSet(
    name="redis",
    own=FACTS.metrics,
    alerts=(
        Alert(
            name="RedisDown",
            expr="redis_up{$scope} == 0",
            for_="1m",
            severity="critical",
            summary="Redis pod {{ $labels.pod }} is down",
            description="Its exporter runs, and the server beside it does not answer.",
        ),
        Alert(
            name="RedisMemoryHigh",
            expr="redis_memory_used_bytes{$scope} / (redis_memory_max_bytes{$scope} > 0) > 0.9",
            for_="5m",
            severity="warning",
            summary="Redis pod {{ $labels.pod }} has hardly any memory left",
            description="{{ $value | humanizePercentage }} of maxmemory are in use: over 90 %, and eviction is near.",
        ),
    ),
)
