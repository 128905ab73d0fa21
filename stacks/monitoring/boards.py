"""Dashboards that look at all systems: overview, system, tracing, logs and traces, each store, canary, tenants.

The panels of overview, system and tracing are the CloudLens document's list; those of tenants the AstrBot document's
section 4.1. What a store tells stands in its folder, and what a system's own people look at with that system, each in a
`board.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from components.monitoring.catalogue import SOURCES
from components.monitoring.dashboards import CHOSEN, NAMESPACES, Board, Panel, Query, panel
from components.stores.monitoring import boards_of
from components.stores.store_list import STORES
from stacks.system.declaration import Declaration

_DURATION = f"sum by (job, le) (rate(http_request_duration_seconds_bucket{{{CHOSEN}}}[5m]))"


_PERCENTILES = Panel(
    title="Response time",
    unit="s",
    queries=[
        Query(expr=f"histogram_quantile({quantile}, {_DURATION})", legend=f"p{quantile * 100:g} {{{{job}}}}")
        for quantile in (0.5, 0.95, 0.99)
    ],
)
OVERVIEW = Board(
    uid="overview",
    title="Overview",
    variables=NAMESPACES,
    recorded=("namespace:http_error:ratio_rate1h",),
    panels=(
        panel("Requests", f"sum by (job) (rate(http_requests_total{{{CHOSEN}}}[5m]))", "{{job}}", "reqps"),
        panel(
            "Error rate",
            f'sum by (job) (rate(http_requests_total{{{CHOSEN},status=~"5.."}}[5m])) / '
            f"sum by (job) (rate(http_requests_total{{{CHOSEN}}}[5m]))",
            "{{job}}",
            "percentunit",
        ),
        _PERCENTILES,
        panel(
            "Errors in the last hour", f"namespace:http_error:ratio_rate1h{{{CHOSEN}}}", "{{namespace}}", "percentunit"
        ),
        panel("Targets that are down", f"count by (namespace, job) (up{{{CHOSEN}}} == 0)", "{{job}}", kind="table"),
        panel("Firing alerts", 'count by (alertname, severity, system) (ALERTS{alertstate="firing"})', kind="table"),
    ),
)
SYSTEM = Board(
    uid="system",
    title="System",
    variables=NAMESPACES,
    panels=(
        panel(
            "CPU", f'sum by (pod) (rate(container_cpu_usage_seconds_total{{{CHOSEN},container!=""}}[5m]))', "{{pod}}"
        ),
        panel(
            "Memory", f'sum by (pod) (container_memory_working_set_bytes{{{CHOSEN},container!=""}})', "{{pod}}", "bytes"
        ),
        panel(
            "Received", f"sum by (pod) (rate(container_network_receive_bytes_total{{{CHOSEN}}}[5m]))", "{{pod}}", "Bps"
        ),
        panel("Sent", f"sum by (pod) (rate(container_network_transmit_bytes_total{{{CHOSEN}}}[5m]))", "{{pod}}", "Bps"),
        panel(
            "Read from disk", f"sum by (pod) (rate(container_fs_reads_bytes_total{{{CHOSEN}}}[5m]))", "{{pod}}", "Bps"
        ),
        panel(
            "Written to disk", f"sum by (pod) (rate(container_fs_writes_bytes_total{{{CHOSEN}}}[5m]))", "{{pod}}", "Bps"
        ),
        panel("Pods by phase", f"sum by (phase) (kube_pod_status_phase{{{CHOSEN}}})", "{{phase}}", kind="stat"),
        panel("Restarts", f"increase(kube_pod_container_status_restarts_total{{{CHOSEN}}}[1h])", "{{pod}}"),
    ),
)
TRACING = Board(
    uid="tracing",
    title="Tracing",
    panels=(
        panel("Who calls whom", "sum by (client, server) (rate(traces_service_graph_request_total[5m]))", kind="table"),
        panel(
            "Slow spans",
            "histogram_quantile(0.95, "
            "sum by (service_name, span_name, le) (rate(traces_spanmetrics_duration_seconds_bucket[5m])))",
            "{{service_name}} {{span_name}}",
            "s",
        ),
        panel(
            "Failed spans",
            'sum by (service_name) (rate(traces_spanmetrics_calls_total{status_code="STATUS_CODE_ERROR"}[5m]))',
            "{{service_name}}",
        ),
        panel("Failed calls", "sum by (client, server) (rate(traces_service_graph_request_failed_total[5m]))"),
    ),
)
CANARY = Board(
    uid="canary",
    title="Canary",
    variables=NAMESPACES,
    panels=(
        panel(
            "Requests by version", f"sum by (job, version) (rate(http_requests_total{{{CHOSEN}}}[1m]))", unit="reqps"
        ),
        panel(
            "Error rate by version (at most 5 %)",
            f'sum by (job, version) (rate(http_requests_total{{{CHOSEN},status=~"5.."}}[1m])) / '
            f"sum by (job, version) (rate(http_requests_total{{{CHOSEN}}}[1m]))",
            "{{job}} {{version}}",
            "percentunit",
        ),
        panel(
            "95th percentile by version (at most 1 s)",
            "histogram_quantile(0.95, sum by (job, version, le) "
            f"(rate(http_request_duration_seconds_bucket{{{CHOSEN}}}[1m])))",
            "{{job}} {{version}}",
            "s",
        ),
    ),
)
TENANTS = Board(
    uid="tenants",
    title="Tenants",
    variables={"tenant": "label_values(http_requests_total, tenant_id)"},
    panels=(
        panel(
            "Active tenants",
            'count(count by (tenant_id) (rate(http_requests_total{tenant_id!=""}[5m])))',
            kind="stat",
        ),
        panel(
            "Requests by tenant",
            'sum by (tenant_id) (rate(http_requests_total{tenant_id=~"$tenant"}[5m]))',
            "{{tenant_id}}",
            "reqps",
        ),
        panel(
            "Error rate by tenant",
            'sum by (tenant_id) (rate(http_requests_total{tenant_id=~"$tenant",status=~"5.."}[5m])) / '
            'sum by (tenant_id) (rate(http_requests_total{tenant_id=~"$tenant"}[5m]))',
            "{{tenant_id}}",
            "percentunit",
        ),
    ),
)
# What logs and traces cost, and what of them is lost.
TELEMETRY = Board(
    uid="telemetry",
    title="Logs and traces",
    panels=(
        panel("Lines sent to Loki", "sum(rate(loki_write_sent_entries_total[5m]))"),
        panel("Received by Loki", "sum(rate(loki_distributor_bytes_received_total[5m]))", unit="Bps"),
        panel("Lines dropped", "sum by (reason) (rate(loki_write_dropped_entries_total[5m]))", "{{reason}}"),
        panel("Lines sent to Elasticsearch", "sum(rate(fluentbit_output_proc_records_total[5m]))"),
        panel("Dropped before Elasticsearch", "sum(rate(fluentbit_output_dropped_records_total[5m]))"),
        panel(
            "Loki's answers (95th percentile)",
            "histogram_quantile(0.95, sum by (route, le) (rate(loki_request_duration_seconds_bucket[5m])))",
            "{{route}}",
            "s",
        ),
        panel("Spans taken", "sum by (job) (rate(otelcol_receiver_accepted_spans_total[5m]))", "{{job}}"),
        panel("Spans refused", "sum by (job) (rate(otelcol_receiver_refused_spans_total[5m]))", "{{job}}"),
        panel("Spans sent on", "sum by (job, exporter) (rate(otelcol_exporter_sent_spans_total[5m]))"),
        panel("Spans lost", "sum by (job, exporter) (rate(otelcol_exporter_send_failed_spans_total[5m]))"),
        panel(
            "Traces kept and not",
            "sum by (decision) (rate(otelcol_processor_tail_sampling_global_count_traces_sampled_total[5m]))",
            "{{decision}}",
        ),
        panel("Spans discarded by Tempo", "sum by (reason) (rate(tempo_discarded_spans_total[5m]))", "{{reason}}"),
    ),
)
BOARDS = (
    *(OVERVIEW, SYSTEM, TRACING, TELEMETRY),
    *(board for store in STORES for board in boards_of(store)),
    *(CANARY, TENANTS),
)


def boards(systems: Iterable[Declaration], sources: Collection[str] = frozenset(SOURCES)) -> list[Board]:
    """The dashboards of an environment that runs these systems, as far as `sources` tell what they show."""
    every = [*BOARDS, *(board for system in systems for board in system.boards())]
    return [shown for board in every if (shown := board.with_sources(sources))]
