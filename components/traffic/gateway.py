"""Where traffic from outside enters the mesh: a Gateway with TLS, and what leads on from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.kubernetes.naming import Scope
from components.kubernetes.objects import custom_resource
from components.traffic.release import GATEWAY_NAME, Entry, Mesh, Timeouts
from components.traffic.routes import gateway_matches
from versions import CERTIFICATE, CERTIFICATE_ISSUER, GATEWAY, HTTP_ROUTE, ISTIO_GATEWAY
from versions import CustomResource as Kind

# Istio's own chart labels the pods of its ingress gateway so.
GATEWAY_PODS = {"istio": "ingress"}
_SELF_SIGNED = "self-signed"


@dataclass(frozen=True, kw_only=True)
class ServiceRoute:
    """What leads to a service: the `entry` with its host and paths, and the port of its Service."""

    service: str
    port: int
    entry: Entry


@dataclass(frozen=True, kw_only=True)
class EntryArgs:
    """The hosts of a namespace, with one certificate for all of them.

    `namespace` is where the gateway's pods run: Istio reads certificates there and nowhere else. `cluster_issuer` None
    makes a self-signed Issuer. `routes` lead to the services that no release routes to; they need an HTTPRoute of their
    own under Gateway API.
    """

    scope: Scope
    mesh: Mesh
    hosts: Sequence[str]
    namespace: str
    gateway_class: str
    cluster_issuer: str | None
    routes: Sequence[ServiceRoute] = ()


class MeshEntry(pulumi.ComponentResource):
    """A Gateway for HTTPS and its certificate. Outputs: `url` (of the first host).

    Istio's also sends HTTP there. Gateway API's has no HTTP listener: each of the routes would belong to it too.
    """

    url: str

    def __init__(self, name: str, args: EntryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:routing:MeshEntry", name, {}, opts)
        self._name, self._args = name, args
        self._secret = f"{args.scope.namespace}-entry-tls"
        self._certificate()
        if args.mesh == "istio":
            self._object("", ISTIO_GATEWAY, GATEWAY_NAME, istio_gateway(args.hosts, self._secret))
        else:
            self._object("", GATEWAY, GATEWAY_NAME, gateway(args, self._secret))
            for route in args.routes:
                self._object(f"-{route.service}", HTTP_ROUTE, route.service, _route(route))
        self.url = f"https://{args.hosts[0]}"
        self.register_outputs({"url": self.url})

    def _certificate(self) -> None:
        args = self._args
        namespace = args.namespace if args.mesh == "istio" else args.scope.namespace
        issuer = {"name": args.cluster_issuer, "kind": "ClusterIssuer"}
        if args.cluster_issuer is None:
            issuer = {"name": f"{args.scope.namespace}-{_SELF_SIGNED}", "kind": CERTIFICATE_ISSUER.kind}
            self._object("-issuer", CERTIFICATE_ISSUER, str(issuer["name"]), {"selfSigned": {}}, namespace)
        key = {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"}
        spec = {"secretName": self._secret, "dnsNames": list(args.hosts), "issuerRef": issuer, "privateKey": key}
        self._object("-certificate", CERTIFICATE, self._secret, spec, namespace)

    def _object(self, suffix: str, kind: Kind, name: str, spec: dict[str, Any], namespace: str | None = None) -> None:
        scope = self._args.scope
        custom_resource(
            f"{self._name}{suffix}",
            kind,
            metadata={"name": name, "namespace": namespace or scope.namespace, "labels": scope.labels(name)},
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self),
        )


def istio_gateway(hosts: Sequence[str], secret: str) -> dict[str, Any]:
    """The `spec` of Istio's Gateway."""
    tls = {"mode": "SIMPLE", "credentialName": secret, "minProtocolVersion": "TLSV1_2"}
    return {
        "selector": GATEWAY_PODS,
        "servers": [
            {"port": {"number": 443, "name": "https", "protocol": "HTTPS"}, "hosts": list(hosts), "tls": tls},
            {
                "port": {"number": 80, "name": "http", "protocol": "HTTP"},
                "hosts": list(hosts),
                "tls": {"httpsRedirect": True},
            },
        ],
    }


def gateway(args: EntryArgs, secret: str) -> dict[str, Any]:
    """The `spec` of Gateway API's Gateway."""
    same = {"namespaces": {"from": "Same"}}
    secure = [
        {
            "name": f"https-{index}",
            "protocol": "HTTPS",
            "port": 443,
            "hostname": host,
            "tls": {"mode": "Terminate", "certificateRefs": [{"name": secret}]},
            "allowedRoutes": same,
        }
        for index, host in enumerate(args.hosts)
    ]
    return {"gatewayClassName": args.gateway_class, "listeners": secure}


def _route(route: ServiceRoute) -> dict[str, Any]:
    limits = Timeouts()
    rule = {
        **({} if route.entry.whole_host else {"matches": gateway_matches(route.entry)}),
        "backendRefs": [{"name": route.service, "port": route.port}],
        "timeouts": {"request": f"{limits.total}s", "backendRequest": f"{limits.attempt}s"},
    }
    return {"parentRefs": [{"name": GATEWAY_NAME}], "hostnames": [route.entry.host], "rules": [rule]}
