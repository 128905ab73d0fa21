"""For every alert of the program's own parts, series that fire it and series that do not."""

from __future__ import annotations

from collections.abc import Mapping

from components.monitoring.own_alerts import MONITORING, PROBES, REMOTE_WRITE, THANOS, exporter_rules, long_term_rules
from components.monitoring.rules import RuleSet
from components.stores.monitoring import rules_of
from components.stores.store_list import STORES
from tests.unit.observability.series import Case, constant, counter, gauge

NAMESPACE = "shop"
JOBS = ("kubelet", "node-exporter")
# The rule sets that components and the monitoring bring, by name.
OWN: Mapping[str, RuleSet] = {
    rules.name: rules
    for rules in (
        *(rules_of(one) for one in STORES),
        MONITORING,
        exporter_rules(JOBS),
        PROBES,
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


_LIMIT = series("cnpg_pg_settings_setting", pod="a", name="max_connections")
_REQUESTS = [series("http_requests_total", job="api", status=status) for status in ("503", "200")]
_FAILED, _DONE = (
    series(f"thanos_objstore_bucket_{name}_total", job="thanos-store", operation="get")
    for name in ("operation_failures", "operations")
)
CASES: Mapping[tuple[str, str], Case] = {
    ("postgresql", "PostgresqlDown"): gauge(series("cnpg_collector_up", pod="a"), 0, 1),
    ("postgresql", "PostgresqlReplicationLag"): gauge(series("cnpg_pg_replication_lag", pod="a"), 31, 29),
    ("postgresql", "PostgresqlConnectionsHigh"): share(series("cnpg_backends_total", pod="a"), _LIMIT, 81, 80),
    ("redis", "RedisDown"): gauge(series("redis_up", pod="a"), 0, 1),
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
