"""The alerts of Redis, which it brings with itself.

The thresholds are the program's own: the documents give none for their stores. It is out of reach after a minute,
as the documents' services are.
"""

from __future__ import annotations

from collections.abc import Mapping

from components.monitoring.absence import below
from components.monitoring.alerts import Alert
from components.monitoring.rules import RuleSet
from components.stores.redis.facts import FACTS

RULES = RuleSet(
    name="redis",
    own=FACTS.metrics,
    alerts=(
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


def presence_rules(expected: Mapping[str, int]) -> RuleSet:
    """For the servers that there should be: `expected` says how many of each job, one for each role."""
    found = {job: f'redis_up{{$scope,job="{job}"}}' for job in expected}
    missing = " or ".join(below(found[job], many) for job, many in expected.items())
    alerts = (
        Alert(
            name="RedisDown",
            expr="redis_up{$scope} == 0",
            missing=" or ".join(f"absent({one})" for one in found.values()),
            for_="1m",
            severity="critical",
            summary="Redis {{ or $labels.pod $labels.job }} is down",
            description="The server does not answer beside its exporter; or no pod tells any metrics, and none may be.",
        ),
        Alert(
            name="RedisPodMissing",
            expr=missing,
            for_="10m",
            severity="warning",
            summary="{{ $labels.job }} in {{ $labels.namespace }} lacks a server",
            description="{{ $value }} of its servers answer, and there should be more.",
        ),
    )
    return RuleSet(name="redis-presence", own=FACTS.metrics, alerts=alerts)
