"""The rule `probes`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE, UnknownValueError

from policy.rules.lifecycle import probes
from tests.policy.objects import WORKLOAD_KINDS, having, init_container, judge, template_path, without, workload

_WEB = "spec.template.spec.containers.0"
_FIXES = {
    "startupProbe": "add one, so that a slow start is not taken for a dead process",
    "readinessProbe": "add one, so that no traffic arrives before the container can answer",
    "livenessProbe": "add one, so that a process that hangs is restarted",
}
_SAME = "let liveness fail only if a restart would help, or be twice as patient as readiness"


@pytest.mark.parametrize("kind", WORKLOAD_KINDS)
def test_a_workload_with_all_probes_has_no_violation(kind: str) -> None:
    assert judge(probes, workload(kind)) == []


@pytest.mark.parametrize("probe", _FIXES)
def test_each_missing_probe_is_named(probe: str) -> None:
    message = f"Deployment shop/api, container web: {probe} is missing; {_FIXES[probe]}"
    assert judge(probes, without(workload(), f"{_WEB}.{probe}")) == [message]


@pytest.mark.parametrize("kind", [kind for kind in WORKLOAD_KINDS if kind not in ("Job", "CronJob")])
def test_every_kind_of_long_running_workload_is_judged(kind: str) -> None:
    assert len(judge(probes, without(workload(kind), f"{template_path(kind)}spec.containers.0.livenessProbe"))) == 1


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_jobs_end_and_need_no_probes(kind: str) -> None:
    assert judge(probes, without(workload(kind), f"{template_path(kind)}spec.containers.0.livenessProbe")) == []


def test_a_bare_pod_that_is_not_restarted_needs_no_probes() -> None:
    pod = without(workload("Pod"), "spec.containers.0.livenessProbe")
    assert judge(probes, having(pod, "spec.restartPolicy", "Never")) == []


def test_an_init_container_that_restarts_always_is_a_sidecar_and_needs_probes() -> None:
    sidecar = init_container("proxy") | {"restartPolicy": "Always"}
    messages = judge(probes, having(workload(), "spec.template.spec.initContainers.0", sidecar))
    assert messages == [
        f"Deployment shop/api, sidecar container proxy: {probe} is missing; {fix}" for probe, fix in _FIXES.items()
    ]


def test_a_probe_without_a_handler_checks_nothing() -> None:
    changed = having(workload(), f"{_WEB}.startupProbe", {"failureThreshold": 60})
    fix = "give it one of exec, grpc, httpGet, tcpSocket"
    assert judge(probes, changed) == [f"Deployment shop/api, container web: startupProbe checks nothing; {fix}"]


@pytest.mark.parametrize(
    ("handler", "field"),
    [
        ({"httpGet": {"path": "/ready", "port": "http"}}, "httpGet"),
        ({"tcpSocket": {"port": 5432}}, "tcpSocket"),
        ({"exec": {"command": ["redis-cli", "ping"]}}, "exec"),
        ({"grpc": {"port": 9000}}, "grpc"),
    ],
)
def test_liveness_that_asks_what_readiness_asks_is_a_violation(handler: dict[str, object], field: str) -> None:
    changed = having(workload(), f"{_WEB}.readinessProbe", handler)
    # A little more patience restarts pods a little later.
    changed = having(changed, f"{_WEB}.livenessProbe", {**handler, "failureThreshold": 5})
    message = f"Deployment shop/api, container web: livenessProbe.{field} is the same as in readinessProbe; {_SAME}"
    assert judge(probes, changed) == [message]


def test_liveness_may_ask_the_same_if_it_waits_twice_as_long() -> None:
    """What is taken out of service first, and restarted only if that did not help."""
    same = {"httpGet": {"path": "/health", "port": "http"}}
    changed = having(workload(), f"{_WEB}.readinessProbe", {**same, "periodSeconds": 5})
    assert judge(probes, having(changed, f"{_WEB}.livenessProbe", {**same, "periodSeconds": 10})) == []
    assert len(judge(probes, having(changed, f"{_WEB}.livenessProbe", {**same, "periodSeconds": 9}))) == 1


def test_defaults_that_are_spelt_out_make_no_difference() -> None:
    changed = having(workload(), f"{_WEB}.readinessProbe", {"httpGet": {"port": 80}})
    same = {"httpGet": {"path": "/", "scheme": "HTTP", "port": 80.0}}
    assert len(judge(probes, having(changed, f"{_WEB}.livenessProbe", same))) == 1


def test_start_up_may_ask_what_liveness_asks() -> None:
    liveness = {"httpGet": {"path": "/health", "port": "http"}}
    assert judge(probes, having(workload(), f"{_WEB}.startupProbe", liveness)) == []


def test_the_start_up_probe_can_be_made_optional() -> None:
    assert judge(probes, without(workload(), f"{_WEB}.startupProbe"), config={"startup": False}) == []


def test_an_unrelated_type_is_ignored() -> None:
    assert judge(probes, without(workload(), f"{_WEB}.livenessProbe"), token="kubernetes:core/v1:Service") == []


def test_an_unknown_probe_reaches_the_engine_as_unknown() -> None:
    with pytest.raises(UnknownValueError):
        judge(probes, having(workload(), f"{_WEB}.livenessProbe", UNKNOWN_OBJECT_VALUE))
