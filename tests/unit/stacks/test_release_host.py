"""A release's own host, `release: {host: …}`, of a service that no route of its system leads to."""

from __future__ import annotations

from typing import Any

import pytest

from graph.model import Graph
from tests.unit.recordings import one
from tests.unit.scratch import Scratch
from tests.unit.stacks.releases import environment

HOST, SERVICE, OTHER = "sessions.example.com", "session-service", "tenant-service"
GATEWAY_ACCOUNT = "cluster.local/ns/istio-ingress/sa/istio-ingress"
CONTROLLERS = ("flagger", "none")
every_controller = pytest.mark.parametrize("controller", CONTROLLERS)


def recorded(scratch: Scratch, controller: str) -> Graph:
    """Dev in Istio's mesh, with two releases, one of them with a host of its own."""
    routing = {"mesh": "istio", "controller": controller}
    releases = {SERVICE: {"strategy": "canary", "host": HOST}, OTHER: {"strategy": "canary"}}
    return scratch.record(environment(routing, releases))


def namespaces_let_in(graph: Graph, service: str) -> set[str]:
    """The namespaces from which a service's network policy takes requests."""
    peers = [
        peer
        for rule in one(graph, "NetworkPolicy", service)["spec"]["ingress"]
        for peer in rule.get("from", ())
        if "namespaceSelector" in peer
    ]
    return {peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for peer in peers}


def accounts_let_in(graph: Graph, service: str) -> set[str]:
    """The identities to which the mesh opens a service."""
    rules = one(graph, "AuthorizationPolicy", service)["spec"]["rules"]
    return {
        account
        for rule in rules
        for source in rule.get("from", ())
        for account in source["source"].get("principals", ())
    }


@every_controller
def test_the_gateway_gets_to_a_service_by_the_host_of_its_release_and_to_no_other(
    scratch: Scratch, controller: str
) -> None:
    """Istio answered 403 for the host, and the network dropped what the mesh would have let in."""
    graph = recorded(scratch, controller)
    assert "istio-ingress" in namespaces_let_in(graph, SERVICE)
    assert GATEWAY_ACCOUNT in accounts_let_in(graph, SERVICE)
    assert "istio-ingress" not in namespaces_let_in(graph, OTHER)
    assert GATEWAY_ACCOUNT not in accounts_let_in(graph, OTHER)


@every_controller
def test_the_host_is_on_the_gateway_with_a_certificate(scratch: Scratch, controller: str) -> None:
    """Its clients would be shown the certificate of another host, or none."""
    graph = recorded(scratch, controller)
    gateway: Any = one(graph, "Gateway", "entry")
    assert all(HOST in server["hosts"] for server in gateway["spec"]["servers"])
    secret = gateway["spec"]["servers"][0]["tls"]["credentialName"]
    certificates = [
        body for body in graph.objects if body["kind"] == "Certificate" and body["spec"]["secretName"] == secret
    ]
    assert [HOST in body["spec"]["dnsNames"] for body in certificates] == [True]


def test_flagger_routes_the_host_at_the_gateway_and_in_the_mesh(scratch: Scratch) -> None:
    """Without the gateway the host leads nowhere; without the mesh callers inside get no share of the new version."""
    service = one(recorded(scratch, "flagger"), "Canary", SERVICE)["spec"]["service"]
    assert service["hosts"] == [HOST]
    assert service["gateways"] == ["astrbot/entry", "mesh"]
    other = one(recorded(scratch, "flagger"), "Canary", OTHER)["spec"]["service"]
    assert HOST not in other.get("hosts", ())


def test_a_declared_release_routes_the_host_at_the_gateway_and_its_own_name_in_the_mesh(scratch: Scratch) -> None:
    route = one(recorded(scratch, "none"), "VirtualService", SERVICE)["spec"]
    assert (route["hosts"], route["gateways"]) == ([SERVICE, HOST], ["mesh", "astrbot/entry"])
