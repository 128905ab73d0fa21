"""The rule `service-ports`."""

from __future__ import annotations

from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.ports import service_ports
from tests.policy.objects import Props, judge, workload
from tests.policy.stack_objects import assert_exempt, assert_undecided, made, service


def _service(target: object, **spec: Any) -> Props:
    return service(ports=[{"port": 80, "targetPort": target}], **spec)


def _other(props: Props) -> Props:
    return {**props, "metadata": {"name": "api", "namespace": "other"}}


_MESSAGE = (
    "Service shop/api: spec.ports[0].targetPort names 'htp', which no container of its pods has; "
    "name a port of the container"
)


def test_a_port_that_no_container_has_is_named() -> None:
    assert judge(service_ports, workload(), _service("htp")) == [_MESSAGE]


def test_ports_of_any_of_the_pods_and_numbers_are_accepted() -> None:
    other = workload(name="other")
    other["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"name": "admin", "containerPort": 9000}]
    assert judge(service_ports, workload(), other, _service("http"), _service("admin")) == []
    assert judge(service_ports, workload(), _service(8123)) == []
    assert judge(service_ports, workload(), service()) == []


def test_pods_that_cannot_be_seen_are_not_judged() -> None:
    # Whether a Service selects anything is for `selectors-match`.
    assert judge(service_ports, _service("htp")) == []
    database = made("Cluster", "db", {})
    assert judge(service_ports, database, _service("htp", selector={"cnpg.io/cluster": "db"})) == []
    assert judge(service_ports, workload(), _other(_service("htp"))) == []


def test_an_exempt_object_is_let_off() -> None:
    assert_exempt(service_ports, "Service shop/api", workload(), _service("htp"))


def test_a_port_that_is_not_known_yet_is_no_violation() -> None:
    assert_undecided(service_ports, workload(), _service(UNKNOWN_STRING_VALUE))
