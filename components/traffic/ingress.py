"""How traffic from outside reaches a service: an Ingress with TLS, and for self-signed environments its issuer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.networking.v1 import Ingress

from components.kubernetes.naming import Scope
from components.kubernetes.network import Flow, Peer, allow
from components.kubernetes.objects import custom_resource
from components.kubernetes.operator_kinds import HTTP01_SOLVERS
from components.performance import SKIP_AWAIT
from versions import CERTIFICATE_ISSUER

if TYPE_CHECKING:
    from pulumi_kubernetes.networking.v1 import HTTPIngressPathArgsDict, IngressRuleArgsDict

_SELF_SIGNED = "self-signed"
# The network policy of the pods that answer an HTTP-01 challenge: a service of this name would take it over.
CHALLENGES = "certificate-challenges"
_SOLVER_PORT = 8089


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A path of the host (prefix) and the Service and port behind it."""

    path: str
    service: str
    port: int


@dataclass(frozen=True, kw_only=True)
class IngressArgs:
    """Hosts with TLS, each with its backends, behind one certificate.

    `cluster_issuer` names the cert-manager ClusterIssuer; None makes a self-signed Issuer of the namespace's own.
    `controller_namespace` is where the ingress controller runs, which passes an authority's questions on.
    `requests_per_minute` limits each client address.
    """

    scope: Scope
    component: str
    hosts: Mapping[str, Sequence[Backend]]
    tls_secret_name: str
    class_name: str
    cluster_issuer: str | None
    controller_namespace: str
    requests_per_minute: int | None = None


class HttpIngress(pulumi.ComponentResource):
    """An Ingress with TLS, whose certificate cert-manager keeps. Outputs: `url` (of the first host)."""

    url: str

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:ingress:HttpIngress", name, {}, opts)
        self._name, self._args = name, args
        issuer = [] if args.cluster_issuer else [self._self_signed_issuer()]
        if args.cluster_issuer:
            self._admit_challenges(args.controller_namespace)
        self._ingress(pulumi.ResourceOptions(parent=self, depends_on=issuer))
        self.url = f"https://{next(iter(args.hosts))}"
        self.register_outputs({"url": self.url})

    def _self_signed_issuer(self) -> CustomResource:
        return custom_resource(
            f"{self._name}-issuer",
            CERTIFICATE_ISSUER,
            metadata=self._args.scope.metadata(self._args.component, _SELF_SIGNED),
            spec={"selfSigned": {}},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _admit_challenges(self, controller_namespace: str) -> None:
        # Whether the issuer asks by HTTP-01 is not said here. Where it does not, there is no such pod.
        allow(
            f"{self._name}-challenges",
            scope=self._args.scope,
            component=CHALLENGES,
            pods=HTTP01_SOLVERS,
            ingress=(Flow(peer=Peer(namespace=controller_namespace), ports=(_SOLVER_PORT,)),),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _annotations(self) -> dict[str, str]:
        args = self._args
        annotations = {"nginx.ingress.kubernetes.io/ssl-redirect": "true"}
        if args.cluster_issuer:
            annotations["cert-manager.io/cluster-issuer"] = args.cluster_issuer
        else:
            annotations["cert-manager.io/issuer"] = _SELF_SIGNED
        if args.requests_per_minute:
            # The AstrBot document says `rate-limit`, which ingress-nginx does not know; `limit-rpm` is the one
            # that limits. Both are set, so that whatever reads the document's finds it.
            limit = str(args.requests_per_minute)
            annotations["nginx.ingress.kubernetes.io/rate-limit"] = limit
            annotations["nginx.ingress.kubernetes.io/limit-rpm"] = limit
        return annotations

    def _ingress(self, opts: pulumi.ResourceOptions) -> None:
        args = self._args
        Ingress(
            self._name,
            # An address appears only where a controller runs; nothing here needs to wait for it.
            metadata=args.scope.metadata(args.component, annotations=self._annotations() | SKIP_AWAIT),
            spec={
                "ingress_class_name": args.class_name,
                "tls": [{"hosts": list(args.hosts), "secret_name": args.tls_secret_name}],
                "rules": [_rule(host, backends) for host, backends in args.hosts.items()],
            },
            opts=opts,
        )


def _rule(host: str, backends: Sequence[Backend]) -> IngressRuleArgsDict:
    paths: list[HTTPIngressPathArgsDict] = [
        {
            "path": backend.path,
            "path_type": "Prefix",
            "backend": {"service": {"name": backend.service, "port": {"number": backend.port}}},
        }
        for backend in backends
    ]
    return {"host": host, "http": {"paths": paths}}
