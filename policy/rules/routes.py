"""Where traffic from outside enters: each address leads to one place."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from policy.inventory import each, listed
from policy.model import About, Level, RuleConfig, Severity, Violation, stack_rule
from policy.subject import Stack, Subject
from policy.values import at, items, mapping, text

_INGRESS, _HTTP_ROUTE = "networking.k8s.io/Ingress", "gateway.networking.k8s.io/HTTPRoute"
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
