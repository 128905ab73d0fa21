"""The alerts of PostgreSQL, which it brings with itself.

The thresholds are the program's own: the documents give none for their stores, but for connections (see the federated
risk alerts). It is out of reach after a minute, as the documents' services are.
"""

from __future__ import annotations

from components.monitoring.alerts import Alert
from components.monitoring.rules import RuleSet
from components.stores.postgres.facts import FACTS

RULES = RuleSet(
    name="postgresql",
    own=FACTS.metrics,
    alerts=(
        Alert(
            name="PostgresqlDown",
            expr="cnpg_collector_up{$scope} == 0",
            for_="1m",
            severity="critical",
            summary="PostgreSQL instance {{ $labels.pod }} is down",
            description="Its metrics are there, and the server behind them does not answer.",
        ),
        Alert(
            name="PostgresqlReplicationLag",
            expr="cnpg_pg_replication_lag{$scope} > 30",
            for_="5m",
            severity="warning",
            summary="PostgreSQL replica {{ $labels.pod }} lags behind",
            description="It is {{ $value | humanizeDuration }} behind the primary: a failover would wait for it.",
        ),
        Alert(
            name="PostgresqlConnectionsHigh",
            expr=(
                "sum by (namespace, pod) (cnpg_backends_total{$scope}) / sum by (namespace, pod) "
                '(cnpg_pg_settings_setting{$scope,name="max_connections"}) > 0.8'
            ),
            for_="5m",
            severity="warning",
            summary="PostgreSQL instance {{ $labels.pod }} has hardly any connections left",
            description="{{ $value | humanizePercentage }} of max_connections are in use: over 80 %.",
        ),
    ),
)
