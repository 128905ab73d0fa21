"""Routes: which share of the traffic goes where, for which requests, and how connections inside the mesh are made."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from components.traffic.release import TRACK_LABEL, Entry, Exposure, Release, canary_name, primary_name

# The gateway that stands for the proxies of the mesh.
MESH = "mesh"


def istio_matches(entry: Entry | None, **also: Any) -> list[dict[str, Any]]:
    """The `match` of a VirtualService's rule: from inside everything, from outside the paths of the entry.

    `also` is what a request must have besides. Empty where that is any request at all. Rules of several
    VirtualServices for one host are joined in no order, but that which is for all paths comes last
    (https://istio.io/latest/docs/ops/best-practices/traffic-management/#split-virtual-services).
    """
    if entry is None or entry.whole_host:
        return [also] if also else []
    outside = [{**also, "gateways": [entry.gateway], "uri": {"prefix": path}} for path in entry.paths]
    return [{**also, "gateways": [MESH]}, *outside]


def gateway_matches(entry: Entry | None, **also: Any) -> list[dict[str, Any]]:
    """The `matches` of an HTTPRoute's rule; the longest path of all routes of a host wins."""
    paths = ("/",) if entry is None else entry.paths
    return [{"path": {"type": "PathPrefix", "value": path}, **also} for path in paths]


def flagger_matches(mesh: str, entry: Entry | None) -> Mapping[str, Any]:
    """What a Canary's `service` says of it; nothing where all requests are the application's."""
    if entry is None or entry.whole_host:
        return {}
    if mesh == "istio":
        return {"match": istio_matches(entry)}
    return {"match": [{"uri": {"prefix": path}} for path in entry.paths]}


NOTHING = Exposure()
# Where the rules stand in each kind of object that can hold a route: whoever moves the weights owns this field.
OWNED_FIELD = {"VirtualService": "spec.http", "HTTPRoute": "spec.rules", "Service": "spec.selector"}


def route(name: str, port: int, release: Release, exposure: Exposure, revision: str = "") -> Any:
    """The rules of the object that holds the route of application `name`; `revision` marks the cookies."""
    if release.mesh == "istio":
        return virtual_service_rules(name, port, release, exposure, revision)
    if release.mesh == "gateway-api":
        return http_route_rules(name, port, release, exposure, revision)
    return {TRACK_LABEL: name if exposure.weight == 100 else primary_name(name)}


def weight_of(kind: str, rules: Any, name: str) -> int:
    """The candidate's share of the ordinary traffic, read from live rules."""
    if kind == "Service":
        return 100 if rules.get(TRACK_LABEL) == name else 0
    key = "route" if kind == "VirtualService" else "backendRefs"
    for one in rules[-1][key]:
        target = one["destination"]["host"] if kind == "VirtualService" else one["name"]
        if target == canary_name(name):
            return int(one.get("weight", 0))
    return 0


def all_on_stable(kind: str, rules: Any, name: str) -> Any:
    """Live rules, whoever has made them, with nothing else changed than that stable gets everything."""
    key = "route" if kind == "VirtualService" else "backendRefs"
    changed = copy.deepcopy(rules)
    for rule in changed:
        for one in rule[key]:
            target = one["destination"]["host"] if kind == "VirtualService" else one["name"]
            one["weight"] = 100 if target == primary_name(name) else 0
    return changed


def virtual_service_rules(name: str, port: int, release: Release, exposure: Exposure, revision: str) -> list[Any]:
    """`spec.http` of a VirtualService: special requests first, the rest by weight."""
    common = _istio_policy(release)
    candidate = _destination(canary_name(name), port, 100)
    rules: list[dict[str, Any]] = []
    if exposure.matched:
        headers = {key: {"exact": value} for key, value in release.headers.items()}
        match = istio_matches(release.entry, headers=headers)
        rules.append({"name": "matched", "match": match, "route": [candidate], **common})
    if exposure.weight and release.cookie:
        cookie = {"cookie": {"regex": f".*{release.cookie.name}={revision}.*"}}
        match = istio_matches(release.entry, headers=cookie)
        rules.append({"name": "sticky", "match": match, "route": [candidate], **common})
    stable = _destination(primary_name(name), port, 100 - exposure.weight)
    weighted = [stable]
    if exposure.weight:
        share = _destination(canary_name(name), port, exposure.weight)
        weighted.append({**share, **_istio_cookie(release, revision)})
    mirror = {"mirror": candidate["destination"], "mirrorPercentage": {"value": 100}} if exposure.mirrored else {}
    everything = istio_matches(release.entry)
    matches = {"match": everything} if everything else {}
    return [*rules, {"name": "weighted", **matches, "route": weighted, **common, **mirror}]


def _destination(host: str, port: int, weight: int) -> dict[str, Any]:
    return {"destination": {"host": host, "port": {"number": port}}, "weight": weight}


def _istio_cookie(release: Release, revision: str) -> dict[str, Any]:
    if not release.cookie:
        return {}
    return {"headers": {"response": {"add": {"Set-Cookie": _cookie(release, revision)}}}}


def _cookie(release: Release, revision: str) -> str:
    assert release.cookie is not None
    return f"{release.cookie.name}={revision}; Max-Age={release.cookie.max_age}"


def _istio_policy(release: Release) -> dict[str, Any]:
    limits = release.timeouts
    return {
        "timeout": f"{limits.total}s",
        "retries": {
            "attempts": limits.retries,
            "perTryTimeout": f"{limits.attempt}s",
            # Nothing that may have been carried out already is sent twice.
            "retryOn": "connect-failure,refused-stream,unavailable",
        },
    }


def http_route_rules(name: str, port: int, release: Release, exposure: Exposure, revision: str) -> list[Any]:
    """`spec.rules` of an HTTPRoute over the two Services."""
    limits = {"timeouts": {"request": f"{release.timeouts.total}s", "backendRequest": f"{release.timeouts.attempt}s"}}
    candidate = {"name": canary_name(name), "port": port}
    rules: list[dict[str, Any]] = []
    if exposure.matched:
        headers = [{"type": "Exact", "name": key, "value": value} for key, value in release.headers.items()]
        match = gateway_matches(release.entry, headers=headers)
        rules.append({"matches": match, "backendRefs": [{**candidate, "weight": 100}], **limits})
    if exposure.weight and release.cookie:
        cookie = {"type": "RegularExpression", "name": "Cookie", "value": f".*{release.cookie.name}={revision}.*"}
        match = gateway_matches(release.entry, headers=[cookie])
        rules.append({"matches": match, "backendRefs": [{**candidate, "weight": 100}], **limits})
    weighted: list[dict[str, Any]] = [{"name": primary_name(name), "port": port, "weight": 100 - exposure.weight}]
    if exposure.weight:
        weighted.append({**candidate, "weight": exposure.weight, **_gateway_cookie(release, revision)})
    filters = [{"type": "RequestMirror", "requestMirror": {"backendRef": candidate}}] if exposure.mirrored else []
    everything = gateway_matches(release.entry)
    rule = {"matches": everything, "backendRefs": weighted, **limits, **({"filters": filters} if filters else {})}
    return [*rules, rule]


def _gateway_cookie(release: Release, revision: str) -> dict[str, Any]:
    if not release.cookie:
        return {}
    header = {"name": "Set-Cookie", "value": _cookie(release, revision)}
    return {"filters": [{"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": [header]}}]}


# The probes of the AstrBot document (section 3.3) take a pod out of its Service after 3 failures, 5 s apart, each
# noticed within 3 s: 18 s. The mesh is quicker, and lets it back in only when the probes have had their say.
_CONSECUTIVE_ERRORS = 5
_INTERVAL = "5s"
_EJECTION = "30s"
# More would send everything to what is left, which then fails too.
_MOST_EJECTED_PERCENT = 50


def traffic_policy(*, locality: bool) -> dict[str, Any]:
    """The `trafficPolicy` of a DestinationRule: mutual TLS, outlier detection, and with `locality` requests that stay
    in their zone until its pods fail."""
    balancing: dict[str, Any] = {"simple": "LEAST_REQUEST"}
    if locality:
        # The zone first, then the region, then any: Istio's own order, and all that Flagger's Canary can say.
        balancing["localityLbSetting"] = {"enabled": True}
    return {
        "tls": {"mode": "ISTIO_MUTUAL"},
        "loadBalancer": balancing,
        "outlierDetection": {
            "consecutive5xxErrors": _CONSECUTIVE_ERRORS,
            "interval": _INTERVAL,
            "baseEjectionTime": _EJECTION,
            "maxEjectionPercent": _MOST_EJECTED_PERCENT,
        },
    }
