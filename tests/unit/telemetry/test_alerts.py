"""The alerts on what carries logs and traces: each fires when something is lost, and for nothing less."""

from __future__ import annotations

from pathlib import Path

from components.monitoring.rules import RuleSet
from components.telemetry.alerts import RULE_SETS, watched
from tests.unit.observability.scenarios import Trial, are_accepted, hold, of_case, scenario
from tests.unit.observability.series import Case, counter, gauge
from tests.unit.observability.states import scenarios
from tests.unit.observability.states_of_own import TELEMETRY as STATES

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


SENT = f"loki_write_sent_entries_total{{{NAMESPACE}}}"
REFUSED = "otelcol_receiver_refused_spans_total"
CASES = {
    "TelemetryDown": gauge(f'up{{{NAMESPACE},job="loki",pod="loki-0"}}', 0, 1),
    "LogsStopped": Case({SENT: counter(0)}, {SENT: counter(1)}),
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
RULES = [rules.within("telemetry", system="telemetry") for rules in (*RULE_SETS, watched("loki", None, 1))]
ALERTS = [alert for rules in RULES for alert in rules.alerts]


def test_every_alert_has_a_case() -> None:
    assert {alert.name for alert in ALERTS} == CASES.keys() == STATES.keys()


def test_every_alert_fires_when_something_is_lost_and_only_then(tmp_path: Path) -> None:
    trials = [
        of_case(alert, case := CASES[alert.name], rules, scenarios(alert, case.loud, STATES[alert.name]))
        for rules in RULES
        for alert in rules.alerts
    ]
    hold(tmp_path, trials)


def test_promtool_accepts_every_rule(tmp_path: Path) -> None:
    are_accepted(tmp_path, [RuleSet(name="telemetry", alerts=ALERTS)])


def test_what_jaeger_refuses_is_told_once(tmp_path: Path) -> None:
    """The collectors' alerts read the same metrics; two alerts for one thing hide a third."""
    told = {
        "expr": 'count(ALERTS{alertstate="firing"})',
        "eval_time": "30m",
        "exp_samples": [{"labels": "{}", "value": 1}],
    }
    test = scenario(CASES["JaegerRefusesSpans"].loud, told)
    losses = [alert for alert in ALERTS if alert.name != "TelemetryDown"]
    hold(tmp_path, [Trial(RuleSet(name="telemetry", alerts=losses), [test])])
