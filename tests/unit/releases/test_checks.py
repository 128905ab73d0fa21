"""What is asked before a candidate gets more, and what no answer means."""

from __future__ import annotations

import json
import math
import re
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

import pytest

from components.monitoring import promql
from components.traffic.metric_templates import DURATION, TEMPLATES, filled
from components.traffic.release import Metric, ReleaseWebhook
from ops.releases.checks import Checks
from ops.releases.http import UnansweredError, proxied
from ops.releases.state import Phase, Rollout, Verdict
from tests.unit.releases.model import release

URL = "http://prometheus-operated.monitoring.svc.cluster.local:9090"


@dataclass
class Answers:
    """In place of the network: what Prometheus has for each template, and which webhooks say yes."""

    values: dict[str, Any] = field(default_factory=dict)
    refusing: tuple[str, ...] = ()
    posted: list[tuple[str, Any]] = field(default_factory=list)

    def get(self, url: str, timeout: float = 5) -> str:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["query"][0]
        value = self.values["latency-p95" if "histogram_quantile" in query else "error-rate"]
        if value == "gone":
            raise UnansweredError("refused")
        if isinstance(value, str):
            return value
        result = [] if value is None else [{"metric": {}, "value": [1, str(value)]}]
        return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})

    def post(self, url: str, body: str, timeout: float) -> str:
        self.posted.append((url, json.loads(body)))
        if url in self.refusing:
            raise UnansweredError("403")
        return ""


METRICS = [Metric(template="error-rate", maximum=5), Metric(template="latency-p95", maximum=1)]
GOOD = {"error-rate": 0.0, "latency-p95": 0.2}


def verdict(answers: Answers, phase: Phase = Phase.PROGRESSING, **changes: Any) -> Verdict:
    checks = Checks(answers, URL, "astrbot", "api")  # type: ignore[arg-type]
    return checks.verdict(Rollout(phase=phase), release(metrics=METRICS, **changes))


def hook(kind: Any) -> ReleaseWebhook:
    return ReleaseWebhook(name=kind, type=kind, url=f"http://hooks.test/{kind}", metadata={"cmd": "hey"})


def test_values_within_their_limits_are_good() -> None:
    assert verdict(Answers(GOOD)) is Verdict.GOOD
    assert verdict(Answers({"error-rate": 5.0, "latency-p95": 1.0})) is Verdict.GOOD


@pytest.mark.parametrize("missing", [None, "gone", math.nan, "no json", "{}", "[]", '{"data": {"result": [{}]}}'])
@pytest.mark.parametrize("template", ["error-rate", "latency-p95"])
def test_a_missing_metric_is_a_failed_check(template: str, missing: Any) -> None:
    """A version that nobody reaches has no errors either."""
    assert verdict(Answers({**GOOD, template: missing})) is Verdict.BAD


@pytest.mark.parametrize(("template", "value"), [("error-rate", 6), ("latency-p95", 1.01), ("error-rate", math.inf)])
def test_a_value_above_its_limit_is_a_failed_check(template: str, value: float) -> None:
    assert verdict(Answers({**GOOD, template: value})) is Verdict.BAD


@pytest.mark.parametrize(
    ("kind", "phase", "refused"),
    [
        ("confirm-rollout", Phase.STARTING, Verdict.PENDING),
        ("pre-rollout", Phase.STARTING, Verdict.BAD),
        ("rollout", Phase.PROGRESSING, Verdict.BAD),
        ("confirm-traffic-increase", Phase.PROGRESSING, Verdict.PENDING),
        ("confirm-promotion", Phase.WAITING, Verdict.PENDING),
    ],
)
def test_each_webhook_is_asked_at_its_moment(kind: str, phase: Phase, refused: Verdict) -> None:
    made = hook(kind)
    allowed = Answers(GOOD)
    assert verdict(allowed, phase, webhooks=[made]) is Verdict.GOOD
    body = {"name": "api", "namespace": "astrbot", "phase": kind, "metadata": {"cmd": "hey"}}
    assert allowed.posted == [(made.url, body)]
    assert verdict(Answers(GOOD, refusing=(made.url,)), phase, webhooks=[made]) is refused


def test_a_rollback_webhook_that_says_yes_ends_the_release() -> None:
    made = hook("rollback")
    assert verdict(Answers(GOOD), webhooks=[made]) is Verdict.ABORT
    assert verdict(Answers(GOOD, refusing=(made.url,)), webhooks=[made]) is Verdict.GOOD


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda one: one.name)
@pytest.mark.parametrize("mesh", ["istio", "none"])
@pytest.mark.parametrize("stable", [True, False])
def test_every_query_is_promql_about_the_one_version(template: Any, mesh: Any, stable: bool) -> None:
    query = filled(template.query(mesh), namespace="astrbot", name="api", window="2m", stable=stable)
    assert promql.metrics(query)
    assert "{{" not in query
    labels = {
        ("istio", True): 'destination_workload="api-primary"',
        ("istio", False): 'destination_workload="api"',
        ("none", True): 'job="api"',
        ("none", False): 'job="api-canary"',
    }
    assert labels[mesh, stable] in query


def test_the_age_of_the_candidate_is_that_of_its_oldest_pod_and_of_no_other_version() -> None:
    query = filled(DURATION.query("istio"), namespace="astrbot", name="api", window="2m")
    assert promql.metrics(query) == {"kube_pod_created"}
    (pattern,) = re.findall(r'pod=~"(.*?)"', query)
    assert re.fullmatch(pattern, "api-7d9f8c6b5-x2x4z")
    assert not re.fullmatch(pattern, "api-primary-7d9f8c6b5-x2x4z")
    assert not re.fullmatch(pattern, "api-gateway-7d9f8c6b5-x2x4z")


def test_a_service_of_the_cluster_is_asked_through_the_api_server() -> None:
    """From outside its name means nothing."""
    path = "/api/v1/namespaces/monitoring/services/http:prometheus-operated:9090/proxy/api/v1/query?query=up"
    assert proxied(f"{URL}/api/v1/query?query=up") == path
    assert proxied("https://tester.flagger-system/gate") == (
        "/api/v1/namespaces/flagger-system/services/https:tester:443/proxy/gate"
    )
    assert proxied("http://127.0.0.1:9090/api") is None
    assert proxied("https://hooks.slack.example.com/x") is None
