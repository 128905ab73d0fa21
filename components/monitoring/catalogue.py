"""Which metrics there are: those that the platform's exporters and applications tell, by who tells them.

A dashboard or alert that reads any other is refused: it would show nothing, and nobody would know why. A histogram is
listed by its base name. What a store tells stands in its folder, in `facts.py`, and what only one system's
applications tell with that system, in its `metrics.py`: rules and dashboards that read such a metric say `own`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from components.monitoring import promql
from components.monitoring.alerts import scoped

_HISTOGRAM_PARTS = ("_bucket", "_sum", "_count")

SOURCES: Mapping[str, frozenset[str]] = {
    "prometheus": frozenset(
        {
            "ALERTS",
            "up",
            "prometheus_rule_evaluation_failures_total",
            "prometheus_remote_storage_samples_failed_total",
            "prometheus_remote_storage_highest_timestamp_in_seconds",
            "prometheus_remote_storage_queue_highest_sent_timestamp_seconds",
            "alertmanager_notifications_total",
            "alertmanager_notifications_failed_total",
        }
    ),
    "applications": frozenset(
        {
            "http_requests_total",
            "http_errors_total",
            "http_request_duration_seconds",
            "process_cpu_seconds_total",
            "process_resident_memory_bytes",
        }
    ),
    "kubelet": frozenset(
        {
            "container_cpu_usage_seconds_total",
            "container_memory_working_set_bytes",
            "container_spec_memory_limit_bytes",
            "container_network_receive_bytes_total",
            "container_network_transmit_bytes_total",
            "container_fs_reads_bytes_total",
            "container_fs_writes_bytes_total",
            "kubelet_volume_stats_available_bytes",
            "kubelet_volume_stats_capacity_bytes",
            "kubelet_volume_stats_inodes",
            "kubelet_volume_stats_inodes_free",
        }
    ),
    "kube-state-metrics": frozenset(
        {
            "kube_node_info",
            "kube_node_status_condition",
            "kube_node_status_capacity",
            "kube_pod_created",
            "kube_pod_status_phase",
            "kube_pod_status_ready",
            "kube_pod_container_status_restarts_total",
            "kube_deployment_spec_replicas",
            "kube_deployment_status_condition",
            "kube_deployment_status_replicas_available",
            "kube_statefulset_replicas",
            "kube_statefulset_status_replicas_ready",
            "kube_daemonset_status_desired_number_scheduled",
            "kube_daemonset_status_number_available",
            "kube_job_failed",
            "kube_job_owner",
            "kube_cronjob_created",
            "kube_cronjob_next_schedule_time",
            "kube_cronjob_status_active",
            "kube_cronjob_status_last_schedule_time",
            "kube_cronjob_status_last_successful_time",
            "kube_resourcequota",
        }
    ),
    "node-exporter": frozenset(
        {
            "node_cpu_seconds_total",
            "node_memory_MemAvailable_bytes",
            "node_memory_MemTotal_bytes",
            "node_filesystem_avail_bytes",
            "node_filesystem_size_bytes",
        }
    ),
    "blackbox-exporter": frozenset(
        {"probe_success", "probe_duration_seconds", "probe_http_status_code", "probe_ssl_earliest_cert_expiry"}
    ),
    "pushgateway": frozenset({"push_time_seconds", "push_failure_time_seconds"}),
    "thanos": frozenset(
        {
            "thanos_compact_halted",
            "thanos_objstore_bucket_operations_total",
            "thanos_objstore_bucket_operation_failures_total",
        }
    ),
    "alloy": frozenset(
        {
            "loki_write_dropped_entries_total",
            "loki_write_sent_entries_total",
            "otelcol_exporter_send_failed_log_records_total",
        }
    ),
    "fluent-bit": frozenset({"fluentbit_output_dropped_records_total", "fluentbit_output_proc_records_total"}),
    "loki": frozenset({"loki_request_duration_seconds", "loki_distributor_bytes_received_total"}),
    "opentelemetry-collector": frozenset(
        {
            "otelcol_receiver_accepted_spans_total",
            "otelcol_receiver_refused_spans_total",
            "otelcol_exporter_sent_spans_total",
            "otelcol_exporter_send_failed_spans_total",
            "otelcol_processor_tail_sampling_global_count_traces_sampled_total",
            "traces_service_graph_request_total",
            "traces_service_graph_request_failed_total",
            "traces_spanmetrics_calls_total",
            "traces_spanmetrics_duration_seconds",
        }
    ),
    "tempo": frozenset({"tempo_discarded_spans_total"}),
}
# What every system brings with itself: there where the system is.
OF_SYSTEMS = frozenset({"applications"})
_KNOWN = frozenset().union(*SOURCES.values())


def unknown(expression: str, extra: Iterable[str] = ()) -> list[str]:
    """The metrics of an expression that no source has and that are not among `extra`, a rule's or a system's own.

    `$scope` may stand in it for the matcher of a namespace.
    """
    known = _KNOWN | frozenset(extra)
    named = promql.metrics(scoped(expression, "any"))
    return sorted(name for name in named if name not in known and _base(name) not in known)


def refuse_unknown(place: str, expression: str, extra: Iterable[str] = ()) -> None:
    """Raise ValueError, beginning with `place`, if an expression does not parse or reads a metric that is `unknown`."""
    try:
        found = unknown(expression, extra)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    if found:
        raise ValueError(f"{place}: nobody tells the metric {', '.join(found)}; see the metric catalogue")


def sources(expression: str) -> frozenset[str]:
    """Who tells the metrics of an expression; recorded ones have no source of their own."""
    named = promql.metrics(expression)
    return frozenset(
        source for source, names in SOURCES.items() if any(name in names or _base(name) in names for name in named)
    )


def scraped(expression: str, available: Collection[str], extra: Collection[str] = ()) -> bool:
    """Whether each metric of an expression is scraped from a source of `available`, or is among `extra`.

    `$scope` may stand in it for the matcher of a namespace.
    """
    named = promql.metrics(scoped(expression, "any"))
    known = frozenset(extra).union(*(SOURCES[source] for source in available))
    return all(name in known or _base(name) in known for name in named)


def _base(name: str) -> str:
    return next((name.removesuffix(part) for part in _HISTOGRAM_PARTS if name.endswith(part)), name)
