"""The alerts of PostgreSQL, which it brings with itself.

The thresholds are the program's own: the documents give none for their stores, but for connections (see the federated
risk alerts). It is out of reach after a minute, as the documents' services are.

Archiving and base backups are told by the instances: `cnpg_collector_*` by CloudNativePG 1.30.0
(pkg/management/postgres/webserver/metricserver/pg_collector.go), `cnpg_pg_*` by its default queries
(config/manager/default-monitoring.yaml), and `barman_cloud_*` by the plugin 0.14.0
(internal/cnpgi/instance/metrics.go), beside which `cnpg_collector_last_available_backup_timestamp` stays 0 for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.monitoring.absence import below, fewer
from components.monitoring.alerts import Alert
from components.monitoring.rules import RuleSet
from components.stores.postgres.facts import FACTS

# Base backups and dumps are daily: a day, and two hours for one that takes long.
_DAY = 26 * 3600
_BARMAN = "barman_cloud_cloudnative_pg_io"
_LAST_BACKUP = f"max by (namespace, job) ({_BARMAN}_last_available_backup_timestamp{{$scope}})"
# The archiver's state is told by the primary alone. Files that wait are no fault by themselves: without a single one
# archived in a quarter of an hour they are, also where nothing has failed, since it hangs.
_NONE_ARCHIVED = "increase(cnpg_pg_stat_archiver_archived_count{$scope}[15m]) == 0"
_WAITING = 'on (namespace, pod) cnpg_collector_pg_wal_archive_status{$scope,value="ready"} > 0'

RULES = RuleSet(
    name="postgresql",
    own=FACTS.metrics,
    alerts=(
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
        Alert(
            name="PostgresqlArchivingFailing",
            expr=(
                "cnpg_pg_stat_archiver_last_failed_time{$scope} > cnpg_pg_stat_archiver_last_archived_time{$scope} "
                f"or ({_NONE_ARCHIVED} and {_WAITING})"
            ),
            for_="15m",
            severity="critical",
            summary="PostgreSQL primary {{ $labels.pod }} archives no WAL",
            description="What is written now cannot be restored, and WAL stays on its volume until that is full.",
        ),
        Alert(
            name="PostgresqlBackupOld",
            # 0 until there is one.
            expr=f"time() - {_LAST_BACKUP} > {_DAY}",
            for_="1h",
            severity="critical",
            summary="The last base backup of PostgreSQL in {{ $labels.namespace }} is old",
            description="It was made {{ $value | humanizeDuration }} ago; one is made every day.",
        ),
        Alert(
            name="PostgresqlBackupFailing",
            expr=f"max by (namespace, job) ({_BARMAN}_last_failed_backup_timestamp{{$scope}}) > {_LAST_BACKUP}",
            for_="15m",
            severity="warning",
            summary="The last base backup of PostgreSQL in {{ $labels.namespace }} has failed",
            description="The one before it is still there; the next is tried tomorrow.",
        ),
    ),
)


def presence_rules(cluster: str, instances: int, poolers: Sequence[str], dump: str) -> RuleSet:
    """For what a cluster of `instances` should have: servers, replicas, `poolers`, and the CronJob `dump`, by name."""
    alerts = (
        *(_server_rules(cluster, instances)),
        Alert(
            name="PostgresqlBackupUnknown",
            expr=f"absent({_BARMAN}_last_available_backup_timestamp{{$scope}})",
            for_="1h",
            severity="critical",
            summary="Nobody tells when PostgreSQL in {{ $labels.namespace }} was last backed up",
            description="No instance has the plugin that makes its backups, or none answers: see what else fires.",
        ),
        Alert(
            name="PoolerDown",
            expr=" or ".join(fewer(pooler, 1) for pooler in poolers),
            for_="5m",
            severity="critical",
            summary="The pooler {{ $labels.job }} is down",
            description="No pod of it answers, or none is there: applications do not reach PostgreSQL.",
        ),
        _dump_alert(dump),
    )
    return RuleSet(name="postgresql-presence", own=FACTS.metrics, alerts=alerts)


def _server_rules(cluster: str, instances: int) -> Iterator[Alert]:
    up = f'cnpg_collector_up{{$scope,job="{cluster}"}}'
    yield Alert(
        name="PostgresqlDown",
        expr="cnpg_collector_up{$scope} == 0",
        missing=f"absent({up})",
        for_="1m",
        severity="critical",
        summary="PostgreSQL {{ or $labels.pod $labels.job }} is down",
        description="The server does not answer behind its metrics; or no instance tells any, and none may be there.",
    )
    if instances == 1:
        return
    yield Alert(
        name="PostgresqlInstanceMissing",
        expr=below(up, instances),
        for_="10m",
        severity="warning",
        summary="PostgreSQL in {{ $labels.namespace }} lacks an instance",
        description=f"{{{{ $value }}}} of {instances} run, for more than 10 minutes.",
    )
    replicas = f'max by (namespace, job) (cnpg_pg_replication_streaming_replicas{{$scope,job="{cluster}"}})'
    yield Alert(
        name="PostgresqlReplicaDisconnected",
        # A replica that receives nothing has nothing left to replay, and counts no lag.
        expr=f"{replicas} < {instances - 1}",
        for_="10m",
        severity="warning",
        summary="A replica of PostgreSQL in {{ $labels.namespace }} receives nothing",
        description=f"{{{{ $value }}}} of {instances - 1} replicas stream from the primary.",
    )


def _dump_alert(dump: str) -> Alert:
    """A CronJob that is not there is late as well. It is known by kube-state-metrics alone."""
    which = f'{{$scope,cronjob="{dump}"}}'
    last = f"(kube_cronjob_status_last_successful_time{which} or kube_cronjob_created{which})"
    return Alert(
        name="PostgresqlDumpOld",
        expr=f"time() - {last} > {_DAY} or absent(kube_cronjob_created{which})",
        for_="1h",
        severity="warning",
        summary="The last dump of PostgreSQL in {{ $labels.namespace }} is old",
        description="The CronJob {{ $labels.cronjob }} has not ended well for more than a day, or is not there.",
    )
