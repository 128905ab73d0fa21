"""The dashboard of Redis, of all systems."""

from __future__ import annotations

from components.monitoring.dashboards import CHOSEN, NAMESPACES, Board, panel
from components.stores.redis.facts import FACTS

BOARD = Board(
    uid="redis",
    title="Redis",
    variables=NAMESPACES,
    own=sorted(FACTS.metrics),
    panels=(
        panel("Servers up", f"sum by (job) (redis_up{{{CHOSEN}}})", "{{job}}", kind="stat"),
        panel("Memory", f"redis_memory_used_bytes{{{CHOSEN}}}", "{{pod}}", "bytes"),
        panel("Clients", f"redis_connected_clients{{{CHOSEN}}}", "{{pod}}"),
        panel("Commands", f"rate(redis_commands_processed_total{{{CHOSEN}}}[5m])", "{{pod}}", "ops"),
        panel(
            "Hit rate",
            f"rate(redis_keyspace_hits_total{{{CHOSEN}}}[5m]) / (rate(redis_keyspace_hits_total{{{CHOSEN}}}[5m]) + "
            f"rate(redis_keyspace_misses_total{{{CHOSEN}}}[5m]))",
            "{{pod}}",
            "percentunit",
        ),
    ),
)

BOARDS = (BOARD,)
