"""What holds inside Istio's mesh: who may talk to whom, by certificate, and how connections are made.

Network policies say the same by labels and addresses; the mesh says it by identities, which no pod can borrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.naming import Scope
from components.kubernetes.needs import PROXY_METRICS_PORT
from components.kubernetes.objects import custom_resource
from components.monitoring.monitors import POD_VERSION, Endpoint
from components.traffic.rate_limit import rate_limit
from components.traffic.release import Entry, Timeouts
from components.traffic.routes import MESH, traffic_policy
from versions import (
    AUTHORIZATION_POLICY,
    DESTINATION_RULE,
    ENVOY_FILTER,
    PEER_AUTHENTICATION,
    POD_MONITOR,
    VIRTUAL_SERVICE,
)
from versions import CustomResource as Kind

# A proxy's requests and limits; Istio's own defaults are limits of 2 cores and 1 GiB beside each container.
PROXY = ContainerResources.of("50m", "500m", "64Mi", "256Mi")


# What the proxy declares is the port of its own metrics; those merged with the application's are beside it. The job is
# the application, whichever of a release's two versions a pod is of.
_RELABELINGS: Sequence[Mapping[str, Any]] = (
    {
        "sourceLabels": ["__meta_kubernetes_pod_ip"],
        "targetLabel": "__address__",
        "replacement": f"$1:{PROXY_METRICS_PORT}",
    },
    {"sourceLabels": ["__meta_kubernetes_pod_label_app_kubernetes_io_name"], "targetLabel": "job"},
    {
        "sourceLabels": ["__meta_kubernetes_pod_label_platform_io_application"],
        "regex": "(.+)",
        "targetLabel": "job",
    },
    *POD_VERSION,
)


def pod_labels() -> dict[str, str]:
    """The label of a pod that gets a proxy; the namespace is not marked, since databases are to get none."""
    return {"sidecar.istio.io/inject": "true"}


def pod_annotations(port: int | None, path: str = "/metrics", *, passing: Sequence[int] = ()) -> dict[str, str]:
    """How much a pod's proxy may take, and which metrics (None for none) it is to serve with its own.

    Connections to the ports `passing` go by the proxy, and take no part in mutual TLS.
    """
    limits = PROXY.as_requirements()
    scraped = {"prometheus.io/scrape": "true", "prometheus.io/port": str(port), "prometheus.io/path": path}
    return {
        "sidecar.istio.io/proxyCPU": limits["requests"]["cpu"],
        "sidecar.istio.io/proxyCPULimit": limits["limits"]["cpu"],
        "sidecar.istio.io/proxyMemory": limits["requests"]["memory"],
        "sidecar.istio.io/proxyMemoryLimit": limits["limits"]["memory"],
        "proxy.istio.io/config": '{"holdApplicationUntilProxyStarts": true}',
        **({"traffic.sidecar.istio.io/excludeInboundPorts": ",".join(map(str, passing))} if passing else {}),
        **(scraped if port is not None else {}),
    }


@dataclass(frozen=True, kw_only=True)
class Member:
    """An application of the mesh, whose pods `pods` selects.

    `port` is that of its Service, `ports` are those of its pods. `callers` are the identities (NAMESPACE/ACCOUNT) that
    may call them; `open_paths` may be called from outside the mesh too, in plain HTTP. `service` says that there is a
    Service of its name, and `routed` that a release routes to it. `requests_per_minute` limits each client address
    where traffic from outside enters. `scrape_interval` and `scrape_timeout` are those of
    its proxies' metrics, with which they serve its own.
    """

    name: str
    pods: Mapping[str, str]
    ports: Sequence[int]
    port: int
    callers: Sequence[str] = ()
    open_paths: Sequence[str] = ()
    service: bool = True
    routed: bool = False
    requests_per_minute: int | None = None
    scrape_interval: str | None = None
    scrape_timeout: str | None = None
    entry: Entry | None = None


@dataclass(frozen=True, kw_only=True)
class MeshArgs:
    """The members of a namespace; with `locality` requests stay in their zone until its pods fail."""

    scope: Scope
    members: Sequence[Member]
    locality: bool


class MeshBaseline(pulumi.ComponentResource):
    """Mutual TLS for everything, nothing allowed but what is named, and limits for each connection."""

    def __init__(self, name: str, args: MeshArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:routing:MeshBaseline", name, {}, opts)
        self._name, self._args = name, args
        self._object(PEER_AUTHENTICATION, "default", {"mtls": {"mode": "STRICT"}})
        self._object(AUTHORIZATION_POLICY, "default-deny", {})
        for member in args.members:
            self._object(AUTHORIZATION_POLICY, member.name, authorization(member))
            if member.open_paths:
                self._object(PEER_AUTHENTICATION, member.name, plain_text(member))
            if member.service and not member.routed:
                policy = traffic_policy(locality=args.locality)
                self._object(DESTINATION_RULE, member.name, {"host": member.name, "trafficPolicy": policy})
                for service, spec in virtual_services(member).items():
                    self._object(VIRTUAL_SERVICE, service, spec)
            if member.requests_per_minute:
                limit = rate_limit(member.pods, member.requests_per_minute)
                self._object(ENVOY_FILTER, f"{member.name}-rate-limit", limit)
            self._monitor(member)
        self.register_outputs({})

    def _monitor(self, member: Member) -> None:
        endpoint = Endpoint(
            port="http-envoy-prom",
            path="/stats/prometheus",
            interval=member.scrape_interval,
            timeout=member.scrape_timeout,
            relabelings=_RELABELINGS,
        )
        spec = {"selector": {"matchLabels": dict(member.pods)}, "podMetricsEndpoints": [endpoint.as_spec()]}
        self._object(POD_MONITOR, f"{member.name}-proxy", spec)

    def _object(self, kind: Kind, name: str, spec: Mapping[str, Any]) -> None:
        scope = self._args.scope
        custom_resource(
            f"{self._name}-{name}",
            kind,
            metadata={"name": name, "namespace": scope.namespace, "labels": scope.labels(name)},
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self),
        )


def authorization(member: Member) -> dict[str, Any]:
    """The `spec` of the AuthorizationPolicy that lets a member's callers in. Without a rule it lets nobody in."""
    ports = [str(port) for port in member.ports]
    rules: list[dict[str, Any]] = []
    if member.callers:
        principals = [_principal(one) for one in member.callers]
        rules.append({"from": [{"source": {"principals": principals}}], "to": [{"operation": {"ports": ports}}]})
    if member.open_paths:
        rules.append({"to": [{"operation": {"ports": ports, "paths": list(member.open_paths)}}]})
    return {"selector": {"matchLabels": dict(member.pods)}, "action": "ALLOW", **({"rules": rules} if rules else {})}


def _principal(caller: str) -> str:
    namespace, _, account = caller.partition("/")
    return f"cluster.local/ns/{namespace}/sa/{account}"


def plain_text(member: Member) -> dict[str, Any]:
    """The `spec` of the PeerAuthentication of a member that somebody outside the mesh calls."""
    ports = {str(port): {"mode": "PERMISSIVE"} for port in member.ports}
    return {
        "selector": {"matchLabels": dict(member.pods)},
        "mtls": {"mode": "STRICT"},
        "portLevelMtls": ports,
    }


def virtual_services(member: Member) -> dict[str, dict[str, Any]]:
    """The `spec` of each VirtualService, by name, of a member that is not released: time limits and retries alone.

    With some paths of a host alone, what comes from outside has one of its own: several VirtualServices that tell the
    mesh of one host would clash there.
    """
    limits, entry = Timeouts(), member.entry
    rule = {
        "route": [{"destination": {"host": member.name, "port": {"number": member.port}}}],
        "timeout": f"{limits.total}s",
        "retries": {
            "attempts": limits.retries,
            "perTryTimeout": f"{limits.attempt}s",
            "retryOn": "connect-failure,refused-stream,unavailable",
        },
    }
    if entry is None:
        return {member.name: {"hosts": [member.name], "gateways": [MESH], "http": [rule]}}
    if entry.whole_host:
        hosts, gateways = [member.name, entry.host], [MESH, entry.gateway]
        return {member.name: {"hosts": hosts, "gateways": gateways, "http": [rule]}}
    outside = {"match": [{"uri": {"prefix": path}} for path in entry.paths], **rule}
    return {
        member.name: {"hosts": [member.name], "gateways": [MESH], "http": [rule]},
        f"{member.name}-entry": {"hosts": [entry.host], "gateways": [entry.gateway], "http": [outside]},
    }
