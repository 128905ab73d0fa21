"""The dashboard of PostgreSQL, of all systems."""

from __future__ import annotations

from components.monitoring.dashboards import CHOSEN, NAMESPACES, Board, panel
from components.stores.postgres.facts import FACTS

BOARD = Board(
    uid="database",
    title="PostgreSQL",
    variables=NAMESPACES,
    own=sorted(FACTS.metrics),
    panels=(
        panel("Instances up", f"sum by (namespace) (cnpg_collector_up{{{CHOSEN}}})", "{{namespace}}", kind="stat"),
        panel("Connections", f"sum by (pod, usename) (cnpg_backends_total{{{CHOSEN}}})", "{{pod}} {{usename}}"),
        panel("Replication lag", f"cnpg_pg_replication_lag{{{CHOSEN}}}", "{{pod}}", "s"),
        panel("Size", f"max by (datname) (cnpg_pg_database_size_bytes{{{CHOSEN}}})", "{{datname}}", "bytes"),
        panel("Commits", f"sum by (datname) (rate(cnpg_pg_stat_database_xact_commit{{{CHOSEN}}}[5m]))", "{{datname}}"),
        panel(
            "Rollbacks", f"sum by (datname) (rate(cnpg_pg_stat_database_xact_rollback{{{CHOSEN}}}[5m]))", "{{datname}}"
        ),
    ),
)

BOARDS = (BOARD,)
