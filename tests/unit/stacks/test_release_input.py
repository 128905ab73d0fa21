"""Releases that cannot work are refused at preview, each with its file, line and path."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.traffic.release import Release as Released
from stacks.schema.releases import ReleaseConfig
from stacks.schema.types import seconds
from stacks.system.releases import released
from tests.unit.recordings import one
from tests.unit.scratch import Mistake, Scratch, mistakes
from tests.unit.stacks.releases import environment

_HEAD = """
config:
  saas-platform:tier: dev
  saas-platform:domain: dev.example.com
  saas-platform:cluster: {kind: sandbox}
"""
GATEWAY = "  saas-platform:routing: {mesh: gateway-api, controller: flagger}"
ISTIO = "  saas-platform:routing: {mesh: istio}"
FLAGGER = "  saas-platform:routing: {mesh: istio, controller: flagger}"
SIZES = "  saas-platform:systems:\n    astrbot:\n      sizes:\n        auth-service:\n          release:"
AT = "systems.astrbot.sizes.auth-service.release"


def found(scratch: Scratch, text: str) -> list[Mistake]:
    return [Mistake(one.line or 0, one.path, one.message) for one in scratch.problems(text)]


@pytest.mark.parametrize(
    ("routing", "release"),
    [
        (ISTIO, f"{{strategy: canary, steps: [10, 10, 5]}} #! {AT}.steps[2] | is below 10"),
        (ISTIO, f"{{strategy: canary, steps: [50, 20]}} #! {AT}.steps[1] | is below 50"),
        (ISTIO, f"{{strategy: canary, steps: [10, 101]}} #! {AT}.steps[1] | at most 100"),
        (ISTIO, f"{{strategy: canary, steps: [0]}} #! {AT}.steps[0] | at least 1"),
        (ISTIO, f"{{strategy: canary, steps: []}} #! {AT}.steps | one weight at least"),
        (ISTIO, f"{{strategy: big-bang}} #! {AT}.strategy | 'rolling', 'canary', 'blue-green' or 'ab'"),
        (ISTIO, f"{{strategy: canary, metrics: {{p95: 1}}}} #! {AT}.metrics.p95 | templates are"),
        (ISTIO, f"{{strategy: canary, metrics: {{error-rate: -1}}}} #! {AT}.metrics.error-rate | at least 0"),
        (ISTIO, "            {strategy: canary, interval: 30} #! | "),
        (ISTIO, f"{{strategy: canary, interval: 30 seconds}} #! {AT}.interval | such as 30s, 5m or 1h"),
        (ISTIO, f"{{strategy: canary, interval: 10m}} #! {AT}.interval | more than maximum_duration"),
        (ISTIO, f"{{strategy: canary, checks: 3}} #! {AT}.checks | once at each of its 'steps'"),
        (ISTIO, f"{{strategy: ab}} #! {AT}.headers | needs the headers"),
        (ISTIO, f"{{strategy: blue-green, headers: {{a: b}}}} #! {AT}.headers | everything at once"),
        (ISTIO, f"{{strategy: blue-green, cookie: {{name: v}}}} #! {AT}.cookie | moves no weights"),
        (ISTIO, f"{{strategy: rolling, steps: [10]}} #! {AT}.steps | a rolling update has no such figure"),
        (ISTIO, f"{{strategy: canary, alert: '#a'}} #! {AT}.alert | sent by Flagger"),
        (ISTIO, f"{{strategy: canary, webhooks: [{{name: a, type: rollout, url: ftp://a}}]}}"
         f" #! {AT}.webhooks[0].url | is no URL"),
        ("", f"{{strategy: canary}} #! {AT}.strategy | needs routing.mesh"),
        ("", f"{{strategy: blue-green, mirror: true}} #! {AT}.mirror | needs routing.mesh"),
        (FLAGGER, f"{{strategy: canary, headers: {{a: b}}}} #! {AT}.headers | use strategy 'ab'"),
        (FLAGGER, f"{{strategy: blue-green}} #! {AT}.strategy | without requests there is nothing to"),
        (FLAGGER, f"{{strategy: ab, headers: {{a: b}}, mirror: true}} #! {AT}.mirror | for strategy 'ab'"),
        (FLAGGER, f"{{strategy: canary, cookie: {{name: v}}, mirror: true}} #! {AT}.mirror | together with 'cookie'"),
        (FLAGGER, "            {strategy: canary, mirror: true} #! | "),
        (GATEWAY, f"{{strategy: canary, mirror: true}} #! {AT}.mirror | 'blue-green' alone"),
        (FLAGGER, f"{{strategy: canary, approval: true}} #! {AT}.approval | needs routing.load_tester"),
        (FLAGGER, f"{{strategy: canary, alert: '#a'}} #! {AT}.alert | has no secret_store"),
    ],
)  # fmt: skip
def test_a_release_that_cannot_work_is_refused(scratch: Scratch, routing: str, release: str) -> None:
    text = _HEAD + (f"{routing}\n" if routing else "") + f"{SIZES} {release}\n"
    wanted = [one for one in mistakes(text) if one.path]
    if not wanted:
        scratch.record(text)
        return
    problems = found(scratch, text)
    assert [(one.line, one.path) for one in problems] == [(one.line, one.path) for one in wanted]
    assert all(wish.fragment in one.path + one.fragment for wish, one in zip(wanted, problems, strict=True)), problems


def test_a_canary_needs_two_replicas_wherever_they_are_said(scratch: Scratch) -> None:
    """One pod has no tenth."""
    service = {"name": "billing", "replicas": 1, "cpu": 1, "memory": "1Gi", "release": {"strategy": "canary"}}
    sizes = {
        "astrbot-manager": {"release": {"strategy": "canary"}},
        "auth-service": {"replicas": 1, "release": {"strategy": "canary"}},
        "tenant-service": {"release": {"strategy": "canary"}},
    }
    systems = {"astrbot": {"services": [service], "sizes": sizes}}
    paths = [one.path for one in found(scratch, f"{_HEAD}{ISTIO}\n  saas-platform:systems: {json.dumps(systems)}\n")]
    assert sorted(paths) == [
        "systems.astrbot.services[0].release.strategy",
        "systems.astrbot.sizes.astrbot-manager.release.strategy",
        "systems.astrbot.sizes.auth-service.release.strategy",
    ]


def test_two_releases_of_one_host_are_refused(scratch: Scratch) -> None:
    """Half of the requests would be answered by the wrong service."""
    canary = {"strategy": "canary", "host": "www.example.com"}
    own = {"strategy": "canary", "host": "api.dev.example.com"}
    sizes = {one: {"release": canary} for one in ("auth-service", "tenant-service")}
    systems = {"astrbot": {"sizes": {**sizes, "session-service": {"release": own}}}}
    problems = found(scratch, f"{_HEAD}{ISTIO}\n  saas-platform:systems: {json.dumps(systems)}\n")
    assert [one.path.split(".")[3] for one in problems] == ["session-service", "tenant-service"]
    assert "is taken by AstrBot's own entry" in problems[0].fragment
    assert "is taken by systems.astrbot.sizes.auth-service" in problems[1].fragment


def test_instances_of_tenants_are_not_released(scratch: Scratch) -> None:
    (problem,) = found(scratch, environment({"mesh": "istio"}, {"astrbot-instance": {"strategy": "blue-green"}}))
    assert "one pod of one tenant" in problem.fragment


@pytest.mark.parametrize(
    "junk", [None, 1, "x", [], [1], {"a": 1}, {"strategy": []}, {"strategy": "canary", "steps": 5}]
)
def test_whatever_stands_there_is_answered_with_a_message(scratch: Scratch, junk: Any) -> None:
    """A traceback names neither the file nor the line."""
    systems = {"astrbot": {"sizes": {"auth-service": {"release": junk}}}}
    text = f"{_HEAD}{ISTIO}\n  saas-platform:systems: {json.dumps(systems)}\n"
    if junk is None:
        scratch.record(text)
    else:
        assert found(scratch, text)


def test_the_documents_figures_are_the_defaults() -> None:
    """federated-risk, canary section: from 10 % on, 5 % errors, P95 of a second, five minutes of checks every 30 s."""
    from stacks.schema.releases import Routing

    release = released(ReleaseConfig(strategy="canary"), Routing(mesh="istio"), None, scope=_scope())
    assert isinstance(release, Released)
    assert {one.template: one.maximum for one in release.metrics} == {"error-rate": 5, "latency-p95": 1}
    assert release.stages[0].weight == 10
    assert (release.interval, len(release.stages) * release.interval) == (30, seconds("5m"))


def _scope() -> Any:
    from components.kubernetes.naming import Scope

    return Scope(namespace="a", system="a", environment="dev")


def test_without_a_release_nothing_is_different(scratch: Scratch) -> None:
    """A rolling update stays what it is: one Deployment, and its Service in front of it."""
    plain = scratch.record(environment({}, {}))
    rolling = scratch.record(environment({}, {"auth-service": {"strategy": "rolling"}}))
    assert [(one.urn, one.inputs) for one in plain] == [(one.urn, one.inputs) for one in rolling]
    assert one(plain, "Service", "auth-service")["spec"]["selector"] == {"app.kubernetes.io/name": "auth-service"}
