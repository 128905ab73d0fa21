"""The alerts of the data tier, which each store brings with itself, and those of the monitoring's own parts.

The thresholds are the program's own: the documents give none for their stores, but for connections (see the federated
risk alerts). A store is out of reach after a minute, as the documents' services are.
"""

from __future__ import annotations

from components.monitoring.alerts import Alert
from components.monitoring.rules import RuleSet

POSTGRESQL = RuleSet(
    name="postgresql",
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

REDIS = RuleSet(
    name="redis",
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

MINIO = RuleSet(
    name="minio",
    alerts=(
        Alert(
            name="MinioDriveOffline",
            expr="max by (namespace) (minio_cluster_drive_offline_total{$scope}) > 0",
            for_="5m",
            severity="critical",
            summary="MinIO in {{ $labels.namespace }} has lost drives",
            description="{{ $value }} drives are offline: with one more, objects may become unreadable.",
        ),
        Alert(
            name="MinioCapacityLow",
            expr=(
                "min by (namespace) (minio_cluster_capacity_usable_free_bytes{$scope}) / "
                "min by (namespace) (minio_cluster_capacity_usable_total_bytes{$scope}) < 0.15"
            ),
            for_="15m",
            severity="warning",
            summary="MinIO in {{ $labels.namespace }} is nearly full",
            description="{{ $value | humanizePercentage }} of its capacity are free: under 15 %.",
        ),
    ),
)

MONITORING = RuleSet(
    name="monitoring",
    alerts=(
        Alert(
            name="Watchdog",
            expr="vector(1)",
            severity="info",
            summary="Alerts are evaluated and delivered",
            description="It always fires: whoever receives it must be alarmed when it no longer arrives.",
        ),
        Alert(
            name="PrometheusRuleFailures",
            expr="increase(prometheus_rule_evaluation_failures_total{$scope}[5m]) > 0",
            for_="15m",
            severity="critical",
            summary="Prometheus cannot evaluate rules",
            description="Rules of {{ $labels.rule_group }} fail: their alerts would not fire.",
        ),
        Alert(
            name="AlertmanagerNotificationsFailing",
            expr=(
                "sum by (namespace, integration) (rate(alertmanager_notifications_failed_total{$scope}[5m])) / "
                "sum by (namespace, integration) (rate(alertmanager_notifications_total{$scope}[5m])) > 0.01"
            ),
            for_="5m",
            severity="critical",
            summary="Alertmanager cannot tell anybody by {{ $labels.integration }}",
            description="{{ $value | humanizePercentage }} of the notifications fail.",
        ),
    ),
)
