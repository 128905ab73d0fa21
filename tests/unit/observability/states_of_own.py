"""For every alert of the program's own: what it watches gone, finished, idle, and stopped on purpose."""

from __future__ import annotations

from collections.abc import Mapping

from tests.unit.observability.own_series import (
    CLUSTER,
    DUMP,
    LONG_AGO,
    archiver,
    backup,
    dump,
    found,
    of,
    pods,
    quota,
    series,
    volume,
)
from tests.unit.observability.series import Series, constant, counter
from tests.unit.observability.states import ALWAYS_ON, Ended, Fires, Silent, States, level, presence, traffic

NO_SERVER = "A server does not finish: its pods run until others take their place."
NO_RUN = "It asks how many there are, and not what they do."
_NONE_AT_ALL = Ended("Without any of them another alert tells.", "PostgresqlDown")
_KEPT = "Nobody stops a database and keeps its backups going: where it is stopped, that is worth to be known."
_VOLUME = States(
    Ended("A volume that no pod mounts fills no further."),
    Ended("What has finished writes no more, and the kubelet forgets its volumes."),
    Silent(volume(25)),
    "A pod that is stopped mounts nothing: as gone.",
)


def scaled(**deployments: int) -> Series:
    """How many pods each Deployment is to have."""
    return {
        series("kube_deployment_spec_replicas", deployment=name.replace("_", "-")): constant(many)
        for name, many in deployments.items()
    }


def idle_archiver() -> Series:
    """Nothing is written, so that nothing waits and nothing is archived, and long ago something failed."""
    counted = {series("cnpg_pg_stat_archiver_archived_count", pod="a"): constant(9)}
    waiting = {series("cnpg_collector_pg_wal_archive_status", pod="a", value="ready"): constant(0)}
    return {**archiver(archived=200, failed=100), **counted, **waiting}


def cron(run: int, success: int | None) -> Series:
    """When a CronJob was made, ran and ended well; None for never."""
    times = {} if success is None else {"status_last_successful_time": success}
    return of("cronjob", created=LONG_AGO, status_last_schedule_time=run, status_active=0, **times)


def failed_run() -> Series:
    """The Job of a CronJob's run that failed, some runs ago."""
    return {
        series("kube_job_failed", job_name="a-1", condition="true"): constant(1),
        series("kube_job_owner", job_name="a-1", owner_kind="CronJob", owner_name="a"): constant(1),
    }


STATES: Mapping[tuple[str, str], States] = {
    ("postgresql-presence", "PostgresqlDown"): presence({}, stopped=_KEPT),
    ("postgresql-presence", "PostgresqlInstanceMissing"): States(_NONE_AT_ALL, NO_SERVER, NO_RUN, _KEPT),
    ("postgresql-presence", "PostgresqlReplicaDisconnected"): States(_NONE_AT_ALL, NO_SERVER, NO_RUN, _KEPT),
    ("postgresql-presence", "PostgresqlBackupUnknown"): presence(pods("cnpg_collector_up", CLUSTER, 1), stopped=_KEPT),
    ("postgresql-presence", "PoolerDown"): presence({}),
    ("postgresql-presence", "PostgresqlDumpOld"): States(
        Fires({}),
        Silent(dump(0)),
        "A dump runs by the clock, whatever is written.",
        # Suspended, or never ended well.
        Fires({series("kube_cronjob_created", cronjob=DUMP): constant(LONG_AGO)}),
    ),
    ("postgresql", "PostgresqlReplicationLag"): level(
        "PostgresqlDown", idle=Silent({series("cnpg_pg_replication_lag", pod="a"): constant(0)})
    ),
    ("postgresql", "PostgresqlConnectionsHigh"): level("PostgresqlDown"),
    ("postgresql", "PostgresqlArchivingFailing"): level("PostgresqlDown", idle=Silent(idle_archiver()), stopped=_KEPT),
    ("postgresql", "PostgresqlBackupOld"): States(
        Ended(told_by="PostgresqlBackupUnknown"),
        Silent(backup(available=0, failed=0)),
        "Base backups are made by the clock, whatever is written.",
        _KEPT,
    ),
    ("postgresql", "PostgresqlBackupFailing"): States(
        Ended(told_by="PostgresqlBackupUnknown"),
        Silent(backup(available=200, failed=100)),
        Silent(backup(available=0, failed=0)),
        _KEPT,
    ),
    ("redis-presence", "RedisDown"): presence({}),
    ("redis-presence", "RedisPodMissing"): States(Ended(told_by="RedisDown"), NO_SERVER, NO_RUN, ALWAYS_ON),
    ("redis", "RedisMemoryHigh"): level(
        "RedisDown",
        idle=Silent(
            {
                series("redis_memory_used_bytes", pod="a"): constant(5),
                series("redis_memory_max_bytes", pod="a"): constant(0),
            }
        ),
    ),
    ("minio-presence", "MinioDown"): presence({}),
    ("minio", "MinioDriveOffline"): level("MinioDown"),
    ("minio", "MinioCapacityLow"): level("MinioDown"),
    ("services", "ServiceMissing"): States(
        Fires(scaled(api=0, api_primary=3)), NO_SERVER, Silent(found("api", value=0)), Silent(scaled(api=0))
    ),
    ("monitoring-presence", "MonitoringDown"): presence({}),
    ("monitoring", "PrometheusRuleFailures"): traffic("MonitoringDown"),
    ("monitoring", "AlertmanagerNotificationsFailing"): traffic("MonitoringDown"),
    ("exporters", "ExporterDown"): level("ExporterMissing", stopped=ALWAYS_ON),
    ("exporters", "ExporterMissing"): presence({}),
    ("exporters", "NodeUnwatched"): States(Ended(told_by="ExporterMissing"), NO_SERVER, NO_RUN, ALWAYS_ON),
    ("probes", "ProbeFailed"): level(
        "ProbeMissing", stopped="What customers reach is not stopped without their notice."
    ),
    ("probes", "ProbeMissing"): presence({}),
    ("probes", "CertificateExpiresSoon"): level("ProbeMissing", stopped="A certificate goes on without a server."),
    ("remote-write", "RemoteWriteFailing"): traffic("MonitoringDown"),
    ("remote-write", "RemoteWriteBehind"): level(
        "MonitoringDown",
        idle=Silent(
            {
                series("prometheus_remote_storage_highest_timestamp_in_seconds", pod="a"): constant(100),
                series(
                    "prometheus_remote_storage_queue_highest_sent_timestamp_seconds", pod="a", remote_name="b", url="c"
                ): constant(100),
            }
        ),
    ),
    ("thanos", "ThanosCompactorHalted"): level("MonitoringDown", stopped=ALWAYS_ON),
    ("thanos", "ThanosBucketFailing"): traffic("MonitoringDown"),
    # What was spent within 30 days stays spent without another request.
    ("long-term", "ErrorBudgetSpent"): States(
        Fires(
            {
                series("http_requests_total", job="api", status="503"): "0+2x9 stale",
                series("http_requests_total", job="api", status="200"): "0+998x9 stale",
            }
        ),
        NO_SERVER,
        Silent({series("http_requests_total", job="api", status=status): constant(7) for status in ("503", "200")}),
        "It is about the last 30 days, and not about now.",
    ),
    ("workloads", "WorkloadDown"): States(
        Fires(of("deployment", status_replicas_available=0, spec_replicas=1)),
        NO_SERVER,
        "An idle pod is ready.",
        Silent(
            {
                **of("deployment", status_replicas_available=0, spec_replicas=0),
                **of("statefulset", status_replicas_ready=0, replicas=0),
            }
        ),
    ),
    ("workloads", "ReplicasMissing"): States(
        Ended("A StatefulSet that is removed is wanted no more; a service is missed.", "ServiceMissing"),
        NO_SERVER,
        "An idle pod is ready.",
        Silent(
            {
                **of("statefulset", status_replicas_ready=0, replicas=0),
                **of("daemonset", status_number_available=0, status_desired_number_scheduled=0),
            }
        ),
    ),
    ("workloads", "PodsRefused"): level("ServiceMissing", idle="Without a new pod nothing is refused."),
    ("workloads", "QuotaNearlyUsed"): States(
        Ended("A namespace that is gone has no quota."),
        "The pods of a finished Job count for no quota.",
        Silent({**quota("requests.storage", 100, 100), **quota("services.nodeports", 0, 0)}),
        "What is stopped uses nothing of it.",
    ),
    ("jobs", "JobFailed"): States(
        Ended("A Job that is removed has been dealt with."),
        Silent({**failed_run(), series("kube_job_failed", job_name="b", condition="true"): constant(0)}),
        "A Job that runs is not idle: its deadline ends it, and that is a failure.",
        "A Job that is suspended has not failed.",
    ),
    ("jobs", "CronJobFailing"): States(
        Ended(told_by="PostgresqlDumpOld"),
        Silent(cron(100, 150)),
        Silent(of("cronjob", created=50, status_active=0)),
        "Its last run has failed all the same, and nobody runs it again.",
    ),
    ("jobs", "CronJobLate"): States(
        Ended(told_by="PostgresqlDumpOld"),
        Silent({series("kube_cronjob_next_schedule_time", cronjob="a"): constant(80_000)}),
        "It runs by the clock.",
        Silent(cron(100, 150)),
    ),
    ("volumes", "VolumeFull"): _VOLUME,
    ("volumes", "VolumeFillingUp"): _VOLUME,
}
TELEMETRY: Mapping[str, States] = {
    "TelemetryDown": presence({}),
    "LogsStopped": States(
        Ended(told_by="TelemetryDown"),
        NO_SERVER,
        Fires({series("loki_write_sent_entries_total", namespace="telemetry"): counter(0)}),
        ALWAYS_ON,
    ),
    **{
        name: traffic("TelemetryDown")
        for name in (
            "LogsNotForwarded",
            "LogsDropped",
            "LokiRequestErrors",
            "ElasticsearchLogsDropped",
            "CollectorRefusesSpans",
            "CollectorExportFailing",
            "TempoDiscardsSpans",
            "JaegerRefusesSpans",
        )
    },
}
