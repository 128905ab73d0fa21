"""The alerts that each server of the telemetry brings: what it loses, and why.

The documents name none for logs and traces: figures are the program's own. Loss of a little for five minutes is a
restart; of more, something is wrong.
"""

from __future__ import annotations

from components.monitoring.absence import fewer
from components.monitoring.alerts import Alert
from components.monitoring.rules import RuleSet


def _lost(name: str, expr: str, summary: str, description: str) -> Alert:
    return Alert(name=name, expr=expr, for_="5m", severity="warning", summary=summary, description=description)


def watched(server: str, rules: RuleSet | None, replicas: int) -> RuleSet:
    """The rules of a server, and that all of its `replicas` are there."""
    down = Alert(
        name="TelemetryDown",
        expr=fewer(server, replicas),
        for_="5m",
        severity="warning",
        summary=f"{server} does not answer",
        description=f"Fewer than {replicas} of its pods have answered for 5 minutes: what it carries or keeps waits.",
    )
    return RuleSet(name=server, alerts=(*(rules.alerts if rules else ()), down))


ALLOY = RuleSet(
    name="alloy",
    alerts=(
        _lost(
            "LogsDropped",
            "sum by (namespace, reason) (rate(loki_write_dropped_entries_total{$scope}[5m])) > 0",
            "Log lines are lost on their way to Loki",
            "Alloy drops {{ $value | humanize }} lines a second: {{ $labels.reason }}.",
        ),
        _lost(
            "LogsNotForwarded",
            'sum by (namespace) (rate(otelcol_exporter_send_failed_log_records_total{$scope,job="alloy"}[5m])) > 0',
            "Log lines are lost on their way to Fluent Bit",
            "Fluent Bit has not taken {{ $value | humanize }} lines a second from Alloy, after all retries.",
        ),
        Alert(
            name="LogsStopped",
            # Alloy reads its own lines too: an environment that is silent has lost its reader.
            expr="sum by (namespace) (rate(loki_write_sent_entries_total{$scope}[10m])) == 0",
            for_="15m",
            severity="warning",
            summary="No log line reaches Loki",
            description="Alloy runs, and has sent nothing for 15 minutes: it finds no pods, or may not read them.",
        ),
    ),
)
LOKI = RuleSet(
    name="loki",
    alerts=(
        _lost(
            "LokiRequestErrors",
            'sum by (namespace, route) (rate(loki_request_duration_seconds_count{$scope,status_code=~"5.."}[5m])) / '
            "sum by (namespace, route) (rate(loki_request_duration_seconds_count{$scope}[5m])) > 0.05",
            "Loki fails on {{ $labels.route }}",
            "{{ $value | humanizePercentage }} of the requests fail: over 5 %.",
        ),
    ),
)
FLUENT_BIT = RuleSet(
    name="fluent-bit",
    alerts=(
        _lost(
            "ElasticsearchLogsDropped",
            "sum by (namespace, name) (rate(fluentbit_output_dropped_records_total{$scope}[5m])) > 0",
            "Log lines are lost on their way to Elasticsearch",
            "Fluent Bit has tried {{ $value | humanize }} lines a second in vain, and dropped them.",
        ),
    ),
)
COLLECTOR = RuleSet(
    name="opentelemetry-collector",
    alerts=(
        _lost(
            "CollectorRefusesSpans",
            'sum by (namespace, job) (rate(otelcol_receiver_refused_spans_total{$scope,job=~"otel-.+"}[5m])) > 0',
            "{{ $labels.job }} refuses spans",
            "It turns away {{ $value | humanize }} spans a second: its memory is at the limit.",
        ),
        _lost(
            "CollectorExportFailing",
            "sum by (namespace, job, exporter) "
            '(rate(otelcol_exporter_send_failed_spans_total{$scope,job=~"otel-.+"}[5m])) > 0',
            "{{ $labels.job }} cannot send spans by {{ $labels.exporter }}",
            "{{ $value | humanize }} spans a second are lost after all retries.",
        ),
    ),
)
TEMPO = RuleSet(
    name="tempo",
    alerts=(
        _lost(
            "TempoDiscardsSpans",
            "sum by (namespace, reason) (rate(tempo_discarded_spans_total{$scope}[5m])) > 0",
            "Tempo discards spans",
            "{{ $value | humanize }} spans a second are discarded: {{ $labels.reason }}.",
        ),
    ),
)
# Jaeger is a collector of its own kind, and tells the same: each has its alert by its job.
JAEGER = RuleSet(
    name="jaeger",
    alerts=(
        _lost(
            "JaegerRefusesSpans",
            'sum by (namespace, job) (rate(otelcol_receiver_refused_spans_total{$scope,job="jaeger"}[5m])) > 0',
            "Jaeger refuses spans",
            "It turns away {{ $value | humanize }} spans a second: its memory is at the limit.",
        ),
    ),
)
RULE_SETS = (ALLOY, LOKI, FLUENT_BIT, COLLECTOR, TEMPO, JAEGER)
