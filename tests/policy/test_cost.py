"""What the pack costs, in steps and not in seconds: each request is read once, whatever the number of rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pulumi_policy as crossguard
import pytest
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import policy as sdk

from benchmarks.policy import enlarged
from graph.model import Graph
from policy.engine import analysis, evaluation, proxies, subject
from policy.engine.pack import _judges, policies
from policy.rules import RULES
from tests.policy.engine import resource_request, stack_request
from tests.unit.recordings import recorded, with_systems
from tests.unit.scratch import graph_of


@pytest.fixture
def servicer() -> Iterator[Any]:
    """The SDK's servicer in this process, as the pack extends it."""
    original = sdk._PolicyAnalyzerServicer
    pack = analysis.Policies(policies("prod"), _judges)
    analysis.read_once("prod", pack, policies)
    made = sdk._PolicyAnalyzerServicer
    try:
        yield made("pack", "1", pack, crossguard.EnforcementLevel.MANDATORY)
    finally:
        sdk._PolicyAnalyzerServicer = original  # type: ignore[misc]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often properties are read, proxied and looked into from here on."""
    counted: Counter[str] = Counter()

    def count(module: Any, name: str) -> None:
        original = getattr(module, name)

        def counting(*args: Any, **more: Any) -> Any:
            counted[name] += 1
            return original(*args, **more)

        monkeypatch.setattr(module, name, counting)

    for module, name in (
        (analysis, "properties"),
        (analysis, "proxied"),
        (evaluation, "proxied"),
        (sdk, "deserialize_properties"),
    ):
        count(module, name)
    return counted


def _graph(size: int) -> Graph:
    return enlarged(recorded("prod"), size)


def test_the_engines_requests_are_read_once_for_all_rules(servicer: Any, calls: Counter[str]) -> None:
    graph = _graph(120)
    for resource in graph:
        servicer.Analyze(resource_request(resource), None)
    assert calls["properties"] == len(graph)
    read = dict(calls)
    servicer.AnalyzeStack(stack_request(graph), None)
    # Not once for each stack policy.
    assert calls["properties"] - read["properties"] == len(graph)
    assert calls["deserialize_properties"] == read["deserialize_properties"]
    assert calls["deserialize_properties"] <= len(graph) * len(RULES)


def test_where_no_rule_repairs_nothing_is_read_for_repairs(servicer: Any, calls: Counter[str]) -> None:
    requests = [resource_request(resource) for resource in recorded("prod")]
    assert not any(servicer.Remediate(request, None).remediations for request in requests)
    assert not calls
    # With the levels of dev there is something to repair, and to read.
    deployment = next(one for one in requests if one.type.endswith(":Deployment"))
    level = analyzer_pb2.PolicyConfig(enforcementLevel=analyzer_pb2.REMEDIATE)
    servicer.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={"seccomp": level}), None)
    servicer.Remediate(deployment, None)
    assert calls["deserialize_properties"] == 1


def test_the_recorded_graph_is_proxied_once_for_all_rules(calls: Counter[str]) -> None:
    graph = _graph(200)
    evaluation.evaluate(graph)
    assert calls["proxied"] == len(graph)


def test_twice_the_resources_are_twice_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    # Every rule looks into objects by these; one that compares each with each would take four times as many.
    steps: Counter[int] = Counter()
    size = 0

    original = proxies._MappingProxy.__getitem__

    def counting(self: Any, key: str) -> Any:
        steps[size] += 1
        return original(self, key)

    monkeypatch.setattr(proxies._MappingProxy, "__getitem__", counting)
    # Many copies, beside which the components, which no rule judges, do not count; of AstrBot with its monitoring
    # alone, since each of the copies then is in namespaces of its own.
    astrbot = graph_of("prod", with_systems("prod", "astrbot", telemetry=False))
    whole = len(astrbot)
    for size in (8 * whole, 16 * whole):
        evaluation.evaluate(enlarged(astrbot, size))
    assert steps[16 * whole] / steps[8 * whole] < 2.08


def test_a_rule_is_asked_only_about_types_that_it_judges(servicer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    configured: list[str] = []
    original = servicer._get_policy_config

    def configuration(name: str) -> Any:
        configured.append(name)
        return original(name)

    monkeypatch.setattr(servicer, "_get_policy_config", configuration)
    account = next(one for one in recorded("prod") if one.type.endswith(":Namespace"))
    servicer.Analyze(resource_request(account), None)
    judging = {rule.about.name for rule in RULES if _judges(rule.about.name, _of_type(account.type))}
    assert set(configured) == judging
    assert len(configured) < len(RULES) / 2


def _of_type(token: str) -> subject.Subject:
    return subject.Subject(urn="", type=token, name="", props={})
