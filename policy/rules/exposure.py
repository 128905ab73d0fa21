"""How traffic from outside gets in, and that each address leads to one place."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from policy.engine import cel
from policy.engine.model import About, Level, RuleConfig, Severity, Violation, nsa, pci, resource_rule, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import each, listed
from policy.facts.values import at, items, mapping, text

_INGRESS = "networking.k8s.io/Ingress"
_GATEWAY, _ISTIO_GATEWAY = "gateway.networking.k8s.io/Gateway", "networking.istio.io/Gateway"
_ROUTES = ("gateway.networking.k8s.io/HTTPRoute", "gateway.networking.k8s.io/GRPCRoute")
_ENCRYPTED = ("HTTPS", "TLS")
_TRANSIT = (pci("4.2.1"), nsa("Network separation and hardening"))
_CLOSED = (nsa("Network separation and hardening"), pci("1.2.5, 1.4.2"))


class ServiceExposureConfig(RuleConfig):
    """`reason_annotation`: the annotation by which a Service of type LoadBalancer says why it is one."""

    reason_annotation: str = "platform.io/exposure-reason"


@resource_rule(
    About(
        name="service-exposure",
        title="Services are reached from inside",
        description=(
            "No Service opens a port on every node or claims an external address, and one that has a load balancer "
            "of its own says why: traffic enters where TLS ends and rates are limited."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=_CLOSED,
        remediation=(
            "Use type ClusterIP and an Ingress or a Gateway.",
            "Where traffic is not HTTP, use type LoadBalancer and say why in the annotation.",
        ),
    ),
    applies_to={"core/Service"},
    config=ServiceExposureConfig,
    admission=cel.SERVICE_EXPOSURE,
)
def service_exposure(service: Subject, config: ServiceExposureConfig) -> Iterator[Violation]:
    """Each way past the ingress that a Service opens."""
    spec = mapping(service.props.get("spec"))
    kind = spec.get("type")
    if kind == "NodePort":
        yield Violation(field="spec.type", problem="is NodePort", fix="use ClusterIP and an Ingress")
    if kind == "LoadBalancer" and not at(service.props, "metadata", "annotations", config.reason_annotation):
        fix = f"use ClusterIP and an Ingress, or say why in the annotation {config.reason_annotation}"
        yield Violation(field="spec.type", problem="is LoadBalancer without a reason", fix=fix)
    if items(spec.get("externalIPs")):
        yield Violation(field="spec.externalIPs", problem="claims addresses", fix="remove it: CVE-2020-8554")


@resource_rule(
    About(
        name="ingress-tls",
        title="Every Ingress ends TLS for all its hosts",
        description="Each host of an Ingress is in its tls section: no password crosses a network in the open.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=_TRANSIT,
        remediation=("List the host in spec.tls, with the Secret that cert-manager fills.",),
    ),
    applies_to={_INGRESS},
    config=RuleConfig,
)
def ingress_tls(ingress: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each host of an Ingress without TLS."""
    tls = list(listed(ingress.props, "spec", "tls"))
    covered = {text(host) for entry in tls for host in items(entry.get("hosts"))}
    if not tls:
        yield Violation(field="spec.tls", problem="is missing", fix="list all hosts and a certificate's Secret")
        return
    for rule in listed(ingress.props, "spec", "rules"):
        host = text(rule.get("host"))
        if host and host not in covered and f"*.{host.partition('.')[2]}" not in covered:
            yield Violation(field="spec.tls", problem=f"leaves out {host}", fix="list it with a certificate's Secret")


@resource_rule(
    About(
        name="gateway-tls",
        title="Every Gateway ends TLS",
        description=(
            "Each listener of a Gateway, of the Gateway API or of Istio, speaks TLS with a certificate, or in plain "
            "HTTP only to redirect."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=_TRANSIT,
        remediation=(
            "Use protocol HTTPS with tls.certificateRefs (Istio: tls.mode SIMPLE or MUTUAL and credentialName).",
            "For the redirect use port 80 and, in Istio, tls.httpsRedirect.",
        ),
    ),
    applies_to={_GATEWAY, _ISTIO_GATEWAY},
    config=RuleConfig,
)
def gateway_tls(gateway: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each listener in the open, and each that has no certificate."""
    if gateway.object_type == _GATEWAY:
        yield from _listeners(gateway)
    else:
        yield from _servers(gateway)


def _listeners(gateway: Subject) -> Iterator[Violation]:
    for index, listener in enumerate(listed(gateway.props, "spec", "listeners")):
        field = f"spec.listeners[{index}]"
        passes = text(at(listener, "tls", "mode")) == "Passthrough"
        if text(listener.get("protocol")) not in _ENCRYPTED:
            # An HTTPRoute redirects; a plain listener elsewhere than on port 80 serves.
            if listener.get("port") != 80:
                yield Violation(field=f"{field}.protocol", problem="is not encrypted", fix="use HTTPS")
        elif not passes and not items(at(listener, "tls", "certificateRefs")):
            yield Violation(field=f"{field}.tls", problem="has no certificate", fix="name one in certificateRefs")


def _servers(gateway: Subject) -> Iterator[Violation]:
    for index, server in enumerate(listed(gateway.props, "spec", "servers")):
        field = f"spec.servers[{index}]"
        encrypted = text(at(server, "port", "protocol")).upper() in _ENCRYPTED
        if not encrypted and at(server, "tls", "httpsRedirect") is not True:
            yield Violation(field=f"{field}.port", problem="is not encrypted", fix="use HTTPS, or tls.httpsRedirect")
        elif encrypted and not text(at(server, "tls", "mode")):
            yield Violation(field=f"{field}.tls", problem="has no mode", fix="use SIMPLE and a credentialName")


@resource_rule(
    About(
        name="wildcard-hosts",
        title="Hosts are named",
        description="No Ingress, Gateway or route serves all hosts, and so the names of other systems too.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=("Name each host that the system serves.",),
    ),
    applies_to={_INGRESS, _GATEWAY, _ISTIO_GATEWAY, *_ROUTES},
    config=RuleConfig,
)
def wildcard_hosts(subject: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each host that is left out or stands for many."""
    for field, host in _hosts(subject):
        # Istio writes namespace/host.
        name = host.rpartition("/")[2]
        if not name or "*" in name:
            problem = "is missing" if not name else f"is {host}"
            yield Violation(field=field, problem=problem, fix="name the host that is served")


def _hosts(subject: Subject) -> Iterator[tuple[str, str]]:
    if subject.object_type == _INGRESS:
        for index, rule in enumerate(listed(subject.props, "spec", "rules")):
            yield f"spec.rules[{index}].host", text(rule.get("host"))
    elif subject.object_type == _GATEWAY:
        for index, one in enumerate(listed(subject.props, "spec", "listeners")):
            yield f"spec.listeners[{index}].hostname", text(one.get("hostname"))
    elif subject.object_type == _ISTIO_GATEWAY:
        for index, one in enumerate(listed(subject.props, "spec", "servers")):
            for host in items(one.get("hosts")):
                yield f"spec.servers[{index}].hosts", text(host)
    else:
        for host in items(at(subject.props, "spec", "hostnames")):
            yield "spec.hostnames", text(host)


_HTTP_ROUTE = "gateway.networking.k8s.io/HTTPRoute"
_VIRTUAL_SERVICE = "networking.istio.io/VirtualService"
# (what admits the traffic, host, path): an internal and a public entry may have the same host.
_Entry = tuple[str, str, str]


class UniqueRoutesConfig(RuleConfig):
    """Nothing to set: two owners of one address are never meant."""


@stack_rule(
    About(
        name="unique-routes",
        title="Each host and path leads to one place",
        description=(
            "No two Ingresses, HTTPRoutes or VirtualServices claim the same host and path at the same entry. Which of "
            "them wins depends on the controller and on their age, so that a deployment elsewhere can take traffic."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        remediation=("Give each a host or path of its own, or merge them into one object.",),
    ),
    config=UniqueRoutesConfig,
)
def unique_routes(stack: Stack, config: UniqueRoutesConfig) -> Iterator[Violation]:
    """Each object that claims an address which an earlier one has."""
    owners: dict[_Entry, Subject] = {}
    yield from each(stack.of_type(_INGRESS, _HTTP_ROUTE, _VIRTUAL_SERVICE), partial(_taken, owners))


def _taken(owners: dict[_Entry, Subject], route: Subject) -> Iterator[Violation]:
    entries = {_INGRESS: _of_ingress, _HTTP_ROUTE: _of_http_route, _VIRTUAL_SERVICE: _of_virtual_service}
    for field, entry in entries[route.object_type](route):
        owner = owners.setdefault(entry, route)
        if owner is not route:
            yield Violation(
                subject=route,
                field=field,
                problem=f"claims {entry[1] or '*'}{entry[2]}, which {owner.label} has",
                fix="give one of them another host or path",
            )


def _of_ingress(ingress: Subject) -> Iterator[tuple[str, _Entry]]:
    ingress_class = text(at(ingress.props, "spec", "ingressClassName"))
    for index, rule in enumerate(listed(ingress.props, "spec", "rules")):
        for number, path in enumerate(listed(rule, "http", "paths")):
            address = _path(path.get("path"), path.get("pathType"))
            yield f"spec.rules[{index}].http.paths[{number}]", (ingress_class, text(rule.get("host")), address)


def _of_http_route(route: Subject) -> Iterator[tuple[str, _Entry]]:
    parents = ",".join(sorted(text(parent.get("name")) for parent in listed(route.props, "spec", "parentRefs")))
    hosts = [text(host) for host in items(at(route.props, "spec", "hostnames"))] or [""]
    for index, rule in enumerate(listed(route.props, "spec", "rules")):
        for number, match in enumerate(list(listed(rule, "matches")) or [{}]):
            # Requests that also need a header, a method or a query differ from those that do not.
            if not {"headers", "method", "queryParams"} & match.keys():
                kind, path = at(match, "path", "type"), at(match, "path", "value")
                for host in hosts:
                    yield f"spec.rules[{index}].matches[{number}]", (parents, host, _path(path, kind))


def _of_virtual_service(service: Subject) -> Iterator[tuple[str, _Entry]]:
    spec = mapping(service.props.get("spec"))
    gateways = ",".join(sorted(map(text, items(spec.get("gateways"))))) or "mesh"
    for index, route in enumerate(listed(spec, "http")):
        for match in list(listed(route, "match")) or [{}]:
            if not {"headers", "method", "queryParams", "sourceLabels"} & match.keys():
                kind, path = next(iter(mapping(match.get("uri")).items()), ("prefix", "/"))
                for host in items(spec.get("hosts")):
                    yield f"spec.http[{index}]", (gateways, text(host), _path(path, kind))


def _path(path: object, kind: object) -> str:
    """A path as its kind of match has it: `/a` exactly is another address than everything below `/a`."""
    exact = text(kind).lower() == "exact"
    return f"{text(path) or '/'} (exact)" if exact else (text(path).rstrip("/") or "/")
