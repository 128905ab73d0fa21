"""The alerts on what carries logs and traces: each fires when something is lost, and for nothing less."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from components.observability import promql
from components.observability.alerts import Alert
from components.telemetry.alerts import RULE_SETS, watched
from tests.unit.observability.series import Case, Series, counter, gauge
from tests.unit.observability.tools import run

NAMESPACE = 'namespace="telemetry"'


def lost(metric: str, labels: str) -> Case:
    """Something is counted each minute, or nothing is."""
    series = f"{metric}{{{NAMESPACE},{labels}}}"
    return Case({series: counter(6)}, {series: counter(0)})


def failing() -> Case:
    """Of 100 requests a minute, 6 or 4 fail."""
    ok, bad = (
        f'loki_request_duration_seconds_count{{{NAMESPACE},route="loki_api_v1_push",status_code="{code}"}}'
        for code in (204, 500)
    )
    return Case({ok: counter(94), bad: counter(6)}, {ok: counter(96), bad: counter(4)})


REFUSED = "otelcol_receiver_refused_spans_total"
CASES = {
    "TelemetryDown": gauge(f'up{{{NAMESPACE},job="loki",pod="loki-0"}}', 0, 1),
    "LogsNotForwarded": lost("otelcol_exporter_send_failed_log_records_total", 'job="alloy",exporter="otlphttp"'),
    "LogsDropped": lost("loki_write_dropped_entries_total", 'reason="ingester_error"'),
    "LokiRequestErrors": failing(),
    "ElasticsearchLogsDropped": lost("fluentbit_output_dropped_records_total", 'name="es.0"'),
    "CollectorRefusesSpans": lost(REFUSED, 'job="otel-collector",receiver="otlp"'),
    "CollectorExportFailing": lost(
        "otelcol_exporter_send_failed_spans_total", 'job="otel-sampler",exporter="otlp_grpc/traces"'
    ),
    "TempoDiscardsSpans": lost("tempo_discarded_spans_total", 'reason="trace_too_large"'),
    "JaegerRefusesSpans": lost(REFUSED, 'job="jaeger",receiver="otlp"'),
}
ALERTS = [
    alert
    for rules in (*RULE_SETS, watched("loki", None))
    for alert in rules.within("telemetry", system="telemetry").alerts
]


def test_every_alert_has_a_case() -> None:
    assert {alert.name for alert in ALERTS} == CASES.keys()


def evaluation(alert: Alert, minutes: float, firing: bool) -> dict[str, Any]:
    query = f'count by (system, severity) (ALERTS{{alertname="{alert.name}",alertstate="firing"}})'
    sample = {"labels": f'{{system="telemetry", severity="{alert.severity}"}}', "value": 1}
    return {"expr": query, "eval_time": f"{minutes:g}m", "exp_samples": [sample] if firing else []}


def scenario(series: Series, *evaluations: dict[str, Any]) -> dict[str, Any]:
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    return {"interval": "1m", "input_series": inputs, "promql_expr_test": list(evaluations)}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_fires_when_something_is_lost_and_only_then(alert: Alert, tmp_path: Path) -> None:
    duration, case = promql.seconds(alert.for_) / 60, CASES[alert.name]
    rules = {"groups": [{"name": "telemetry", "rules": [alert.as_rule()]}]}
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules.yaml")
    loud = scenario(case.loud, evaluation(alert, duration - 1, False), evaluation(alert, duration + 15, True))
    tests = [loud, scenario(case.quiet, evaluation(alert, 60, False))]
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    run("promtool", "test", "rules", tmp_path / "tests.yaml")


def test_what_jaeger_refuses_is_told_once(tmp_path: Path) -> None:
    """The collectors' alerts read the same metrics; two alerts for one thing hide a third."""
    rules = {"groups": [{"name": "telemetry", "rules": [alert.as_rule() for alert in ALERTS]}]}
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    query = 'count(ALERTS{alertstate="firing"})'
    told = {"expr": query, "eval_time": "30m", "exp_samples": [{"labels": "{}", "value": 1}]}
    test = scenario(CASES["JaegerRefusesSpans"].loud, told)
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    run("promtool", "test", "rules", tmp_path / "tests.yaml")
