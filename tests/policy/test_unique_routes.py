"""The rule `unique-routes`."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.exposure import unique_routes
from tests.policy.objects import Props, having, judge, shop
from tests.policy.stack_objects import assert_exempt, assert_undecided, made


def _ingress(name: str, host: str = "a.example", path: str = "/", kind: str = "Prefix") -> Props:
    paths = [{"path": path, "pathType": kind}]
    return made("Ingress", name, {"ingressClassName": "nginx", "rules": [{"host": host, "http": {"paths": paths}}]})


def _route(name: str, *matches: Props, hosts: tuple[str, ...] = ("a.example",)) -> Props:
    rules = [{"matches": list(matches)}] if matches else [{}]
    return made("HTTPRoute", name, {"parentRefs": [{"name": "edge"}], "hostnames": list(hosts), "rules": rules})


def _service(name: str, host: str = "a", **match: Any) -> Props:
    return made("VirtualService", name, {"hosts": [host], "http": [{"match": [match]}] if match else [{}]})


def _path(value: str, kind: str = "PathPrefix") -> Props:
    return {"path": {"type": kind, "value": value}}


@pytest.mark.parametrize(
    ("first", "second", "field", "address"),
    [
        (_ingress("one"), _ingress("two"), "spec.rules[0].http.paths[0]", "a.example/"),
        (_ingress("one", path="/a"), _ingress("two", path="/a/"), "spec.rules[0].http.paths[0]", "a.example/a"),
        (_ingress("one", host=""), _ingress("two", host=""), "spec.rules[0].http.paths[0]", "*/"),
        (_route("one"), _route("two", _path("/")), "spec.rules[0].matches[0]", "a.example/"),
        (_service("one"), _service("two", uri={"prefix": "/"}), "spec.http[0]", "a/"),
    ],
)
def test_the_second_claim_of_an_address_is_named(first: Props, second: Props, field: str, address: str) -> None:
    kind = first["kind"]
    assert judge(unique_routes, first, second) == [
        f"{kind} shop/two: {field} claims {address}, which {kind} shop/one has; give one of them another host or path"
    ]


@pytest.mark.parametrize(
    "second",
    [
        _ingress("two", host="b.example"),
        _ingress("two", path="/b"),
        _ingress("two", kind="Exact"),
        having(_ingress("two"), "spec.ingressClassName", "internal"),
        _route("two", _path("/") | {"headers": [{"name": "x"}]}),
        _route("two", _path("/", "Exact"), hosts=("b.example",)),
        _service("two", uri={"exact": "/"}),
        _service("two", headers={"x": {"exact": "1"}}),
    ],
)
def test_another_address_is_no_violation(second: Props) -> None:
    assert judge(unique_routes, _ingress("one"), _route("one", hosts=("c.example",)), _service("one"), second) == []


def test_one_object_may_name_an_address_twice() -> None:
    assert judge(unique_routes, _route("one", _path("/"), _path("/"))) == []


def test_an_exempt_object_is_let_off() -> None:
    assert_exempt(unique_routes, "Ingress shop/two", _ingress("one"), _ingress("two"))


def test_a_host_that_is_not_known_yet_hides_no_other_address() -> None:
    unknown = having(_ingress("zero"), "spec.rules.0.host", UNKNOWN_STRING_VALUE)
    assert_undecided(unique_routes, unknown, _ingress("one"))


def test_unrelated_objects_are_ignored() -> None:
    assert judge(unique_routes, *shop()) == []
