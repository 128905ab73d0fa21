"""For every alert of the program's own parts, series that fire it and series that do not."""

from __future__ import annotations

from collections.abc import Mapping

from components.monitoring.absence import service_rules
from components.monitoring.cluster_alerts import JOBS as CLUSTER_JOBS
from components.monitoring.cluster_alerts import VOLUMES, WORKLOADS
from components.monitoring.own_alerts import (
    MONITORING,
    REMOTE_WRITE,
    THANOS,
    exporter_rules,
    long_term_rules,
    presence_rules,
    probe_rules,
)
from components.monitoring.rules import RuleSet
from components.stores.buckets.alerts import presence_rules as minio_presence
from components.stores.monitoring import rules_of
from components.stores.postgres.alerts import presence_rules as postgresql_presence
from components.stores.redis.alerts import presence_rules as redis_presence
from components.stores.store_list import STORES
from tests.unit.observability.series import Case, constant, counter, gauge

NAMESPACE = "shop"
JOBS = ("kubelet", "node-exporter")
CLUSTER, POOLER, DUMP = "postgresql-cluster", "postgresql-cluster-pooler-rw", "postgresql-backup"
LEADERS = "redis-cluster-leader"
# The rule sets that components and the monitoring bring, by name.
OWN: Mapping[str, RuleSet] = {
    rules.name: rules
    for rules in (
        *(rules_of(one) for one in STORES),
        MONITORING,
        presence_rules({"prometheus": 2}),
        exporter_rules(JOBS),
        probe_rules(["probe-shop"]),
        service_rules(["api"]),
        WORKLOADS,
        CLUSTER_JOBS,
        VOLUMES,
        postgresql_presence(CLUSTER, 3, [POOLER], DUMP),
        redis_presence({LEADERS: 3}),
        minio_presence("minio", 4),
        REMOTE_WRITE,
        THANOS,
        long_term_rules(),
    )
}


def series(metric: str, **labels: str) -> str:
    """A series of the namespace that the tests look at."""
    inside = ",".join(f'{name}="{value}"' for name, value in {"namespace": NAMESPACE, **labels}.items())
    return f"{metric}{{{inside}}}"


def share(part: str, whole: str, loud: float, quiet: float) -> Case:
    """Of a whole of 100, `loud` or `quiet`."""
    return Case({part: constant(loud), whole: constant(100)}, {part: constant(quiet), whole: constant(100)})


def rates(part: str, whole: str, loud: float, quiet: float) -> Case:
    """Of 100 a minute, `loud` or `quiet`."""
    return Case({part: counter(loud), whole: counter(100)}, {part: counter(quiet), whole: counter(100)})


def found(*jobs: str, value: float = 1) -> Mapping[str, str]:
    return {series("up", job=job, instance="a"): constant(value) for job in jobs}


def pods(metric: str, job: str, *values: float) -> Mapping[str, str]:
    """A value for each pod of a job."""
    return {series(metric, job=job, pod=f"pod-{index}"): constant(value) for index, value in enumerate(values)}


def told(**values: float) -> Mapping[str, str]:
    """Levels without any label of their own."""
    return {series(metric): constant(value) for metric, value in values.items()}


def of(kind: str, **values: float) -> Mapping[str, str]:
    """What kube-state-metrics tells of one object; the names begin with its kind's."""
    return {series(f"kube_{kind}_{name}", **{kind: "a"}): constant(value) for name, value in values.items()}


_NODES = {f'kube_node_info{{node="{node}"}}': constant(1) for node in ("a", "b")}
_EVERY_NODE = {series("up", job=job, instance=node): constant(1) for job in JOBS for node in ("a", "b")}
_ONE_NODE = {series("up", job="kubelet", instance="a"): constant(1)}
_HIGHEST = series("prometheus_remote_storage_highest_timestamp_in_seconds", pod="a")
_SENT = series("prometheus_remote_storage_queue_highest_sent_timestamp_seconds", pod="a", remote_name="b", url="c")
_ARCHIVED, _FAILING = (series(f"cnpg_pg_stat_archiver_last_{one}_time", pod="a") for one in ("archived", "failed"))
_AVAILABLE, _BROKEN = (
    series(f"barman_cloud_cloudnative_pg_io_last_{one}_backup_timestamp", pod="a", job=CLUSTER)
    for one in ("available", "failed")
)
# Promtool's clock begins at 0: what was before that is old at once.
LONG_AGO = -100_000


def archiver(*, archived: float, failed: float) -> Mapping[str, str]:
    return {_ARCHIVED: constant(archived), _FAILING: constant(failed)}


def backup(*, available: float, failed: float) -> Mapping[str, str]:
    return {_AVAILABLE: constant(available), _BROKEN: constant(failed)}


def dump(last: float) -> Mapping[str, str]:
    metrics = {"kube_cronjob_status_last_successful_time": last, "kube_cronjob_created": LONG_AGO}
    return {series(name, cronjob=DUMP): constant(value) for name, value in metrics.items()}


def quota(resource: str, used: float, hard: float) -> Mapping[str, str]:
    return {
        series("kube_resourcequota", resourcequota="quota", resource=resource, type=kind): constant(value)
        for kind, value in (("used", used), ("hard", hard))
    }


def volume(free: float, *, inodes: float = 50) -> Mapping[str, str]:
    """Per cent that are free, of space and of files."""
    values = {"available_bytes": free, "capacity_bytes": 100, "inodes_free": inodes, "inodes": 100}
    return {
        series(f"kubelet_volume_stats_{name}", persistentvolumeclaim="data"): constant(value)
        for name, value in values.items()
    }


def draining_volume() -> Mapping[str, str]:
    """A quarter is free, and less every minute."""
    free = series("kubelet_volume_stats_available_bytes", persistentvolumeclaim="data")
    return {**volume(25), free: "29-0.05x90"}


def hanging_archiver() -> Mapping[str, str]:
    """Nothing fails, nothing is archived, and WAL waits."""
    counted = {series("cnpg_pg_stat_archiver_archived_count", pod="a"): constant(9)}
    waiting = {series("cnpg_collector_pg_wal_archive_status", pod="a", value="ready"): constant(3)}
    return {**archiver(archived=200, failed=100), **counted, **waiting}


_LIMIT = series("cnpg_pg_settings_setting", pod="a", name="max_connections")
_REQUESTS = [series("http_requests_total", job="api", status=status) for status in ("503", "200")]
_FAILED, _DONE = (
    series(f"thanos_objstore_bucket_{name}_total", job="thanos-store", operation="get")
    for name in ("operation_failures", "operations")
)
CASES: Mapping[tuple[str, str], Case] = {
    ("postgresql-presence", "PostgresqlDown"): gauge(series("cnpg_collector_up", pod="a", job=CLUSTER), 0, 1),
    ("postgresql-presence", "PostgresqlInstanceMissing"): Case(
        pods("cnpg_collector_up", CLUSTER, 1, 1), pods("cnpg_collector_up", CLUSTER, 1, 1, 1)
    ),
    ("postgresql-presence", "PostgresqlReplicaDisconnected"): Case(
        pods("cnpg_pg_replication_streaming_replicas", CLUSTER, 1, 0, 0),
        pods("cnpg_pg_replication_streaming_replicas", CLUSTER, 2, 0, 0),
    ),
    ("postgresql-presence", "PostgresqlBackupUnknown"): Case({}, backup(available=0, failed=0)),
    ("postgresql-presence", "PoolerDown"): Case(pods("up", POOLER, 0, 0), pods("up", POOLER, 1, 0)),
    ("postgresql-presence", "PostgresqlDumpOld"): Case(dump(LONG_AGO), dump(0)),
    ("postgresql", "PostgresqlArchivingFailing"): Case(
        archiver(archived=100, failed=200), archiver(archived=200, failed=100)
    ),
    ("postgresql", "PostgresqlBackupOld"): Case(backup(available=LONG_AGO, failed=0), backup(available=0, failed=0)),
    ("postgresql", "PostgresqlBackupFailing"): Case(
        backup(available=100, failed=200), backup(available=200, failed=100)
    ),
    ("redis-presence", "RedisDown"): gauge(series("redis_up", pod="a", job=LEADERS), 0, 1),
    ("redis-presence", "RedisPodMissing"): Case(pods("redis_up", LEADERS, 1, 1), pods("redis_up", LEADERS, 1, 1, 1)),
    ("minio-presence", "MinioDown"): Case(pods("up", "minio", 1, 1, 1, 0), pods("up", "minio", 1, 1, 1, 1)),
    ("services", "ServiceMissing"): Case({}, found("api")),
    ("monitoring-presence", "MonitoringDown"): Case(pods("up", "prometheus", 1, 0), pods("up", "prometheus", 1, 1)),
    ("exporters", "NodeUnwatched"): Case({**_NODES, **_ONE_NODE}, {**_NODES, **_EVERY_NODE}),
    ("probes", "ProbeMissing"): Case({}, {series("probe_success", job="probe-shop"): constant(0)}),
    ("remote-write", "RemoteWriteBehind"): Case(
        {_HIGHEST: counter(60), _SENT: constant(0)}, {_HIGHEST: counter(60), _SENT: counter(60)}
    ),
    ("workloads", "WorkloadDown"): Case(
        of("deployment", status_replicas_available=0, spec_replicas=2),
        of("deployment", status_replicas_available=1, spec_replicas=2),
    ),
    ("workloads", "ReplicasMissing"): Case(
        of("statefulset", status_replicas_ready=2, replicas=3), of("statefulset", status_replicas_ready=3, replicas=3)
    ),
    ("workloads", "PodsRefused"): gauge(
        series("kube_deployment_status_condition", deployment="a", condition="ReplicaFailure", status="true"), 1, 0
    ),
    ("workloads", "QuotaNearlyUsed"): Case(quota("pods", 100, 100), quota("pods", 99, 100)),
    ("jobs", "JobFailed"): gauge(series("kube_job_failed", job_name="a", condition="true"), 1, 0),
    ("jobs", "CronJobFailing"): Case(
        of("cronjob", status_last_schedule_time=100, status_last_successful_time=50, status_active=0),
        of("cronjob", status_last_schedule_time=100, status_last_successful_time=50, status_active=1),
    ),
    ("jobs", "CronJobLate"): gauge(series("kube_cronjob_next_schedule_time", cronjob="a"), -4000, 6000),
    ("volumes", "VolumeFull"): Case(volume(2), volume(4)),
    ("volumes", "VolumeFillingUp"): Case(volume(9), volume(11)),
    ("postgresql", "PostgresqlReplicationLag"): gauge(series("cnpg_pg_replication_lag", pod="a"), 31, 29),
    ("postgresql", "PostgresqlConnectionsHigh"): share(series("cnpg_backends_total", pod="a"), _LIMIT, 81, 80),
    ("redis", "RedisMemoryHigh"): share(
        series("redis_memory_used_bytes", pod="a"), series("redis_memory_max_bytes", pod="a"), 91, 90
    ),
    ("minio", "MinioDriveOffline"): gauge(series("minio_cluster_drive_offline_total", server="a"), 1, 0),
    ("minio", "MinioCapacityLow"): share(
        series("minio_cluster_capacity_usable_free_bytes", server="a"),
        series("minio_cluster_capacity_usable_total_bytes", server="a"),
        14,
        15,
    ),
    ("monitoring", "PrometheusRuleFailures"): Case(
        {series("prometheus_rule_evaluation_failures_total", rule_group="a"): counter(1)},
        {series("prometheus_rule_evaluation_failures_total", rule_group="a"): constant(7)},
    ),
    ("monitoring", "AlertmanagerNotificationsFailing"): rates(
        series("alertmanager_notifications_failed_total", integration="slack"),
        series("alertmanager_notifications_total", integration="slack"),
        2,
        1,
    ),
    ("exporters", "ExporterDown"): Case({**found("kubelet", value=0), **found("node-exporter")}, found(*JOBS)),
    ("exporters", "ExporterMissing"): Case(found("kubelet"), found(*JOBS)),
    ("probes", "ProbeFailed"): gauge(series("probe_success", instance="https://a.example"), 0, 1),
    # The clock of promtool's tests begins at 0 and ends within a day.
    ("probes", "CertificateExpiresSoon"): gauge(
        series("probe_ssl_earliest_cert_expiry", instance="https://a.example"), 13 * 86_400, 16 * 86_400
    ),
    ("remote-write", "RemoteWriteFailing"): Case(
        {series("prometheus_remote_storage_samples_failed_total", url="a"): counter(1)},
        {series("prometheus_remote_storage_samples_failed_total", url="a"): constant(7)},
    ),
    ("thanos", "ThanosCompactorHalted"): gauge(series("thanos_compact_halted", pod="a"), 1, 0),
    ("thanos", "ThanosBucketFailing"): rates(_FAILED, _DONE, 6, 5),
    ("long-term", "ErrorBudgetSpent"): Case(
        dict(zip(_REQUESTS, (counter(2), counter(998)), strict=True)),
        dict(zip(_REQUESTS, (counter(0.5), counter(999.5)), strict=True)),
    ),
}
