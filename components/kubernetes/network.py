"""Network policies from a list of named flows: who may talk to whom, on which ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.kubernetes.naming import NAMESPACE_NAME_LABEL, Scope

if TYPE_CHECKING:
    from pulumi_kubernetes.networking.v1 import NetworkPolicyPeerArgsDict, NetworkPolicyPortArgsDict

# Everything that is not the public internet: RFC 1918, carrier NAT, and the link-local range of cloud metadata.
_NOT_INTERNET = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")


@dataclass(frozen=True, kw_only=True)
class Peer:
    """The other end of a flow: pods by label and namespace, or addresses by CIDR.

    Without a `namespace`, `pods` are those of the policy's own namespace; with one and no `pods`, all of its pods.
    """

    pods: Mapping[str, str] | None = None
    namespace: str | None = None
    cidr: str | None = None
    outside: Sequence[str] = ()

    def as_argument(self) -> NetworkPolicyPeerArgsDict:
        """The `from`/`to` entry of a NetworkPolicy."""
        if self.cidr is not None:
            return {"ip_block": {"cidr": self.cidr} | ({"except_": list(self.outside)} if self.outside else {})}
        peer: dict[str, Any] = {}
        if self.namespace is not None:
            peer["namespace_selector"] = {"match_labels": {NAMESPACE_NAME_LABEL: self.namespace}}
        if self.pods is not None:
            peer["pod_selector"] = {"match_labels": dict(self.pods)}
        return peer


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Traffic that is allowed: a peer and the ports on the listening side; `protocols` default to TCP."""

    peer: Peer
    ports: Sequence[int]
    protocols: Sequence[str] = field(default=("TCP",))

    def port_arguments(self) -> list[NetworkPolicyPortArgsDict]:
        """The `ports` entry of a NetworkPolicy rule."""
        return [{"port": port, "protocol": protocol} for port in self.ports for protocol in self.protocols]


DNS = Flow(peer=Peer(namespace="kube-system", pods={"k8s-app": "kube-dns"}), ports=(53,), protocols=("UDP", "TCP"))
INTERNET_HTTPS = Flow(peer=Peer(cidr="0.0.0.0/0", outside=_NOT_INTERNET), ports=(443,))
# The API server has no pods to select, and its address is known only at run time.
KUBERNETES_API = Flow(peer=Peer(cidr="0.0.0.0/0"), ports=(443, 6443))


def scrapes(monitoring: Peer | None, port: int) -> tuple[Flow, ...]:
    """The flow by which metrics are read, if anybody reads them."""
    return (Flow(peer=monitoring, ports=(port,)),) if monitoring else ()


def allow(
    name: str,
    *,
    scope: Scope,
    component: str,
    pods: Mapping[str, str],
    excluding: Mapping[str, str] | None = None,
    ingress: Sequence[Flow] = (),
    egress: Sequence[Flow] = (),
    opts: pulumi.ResourceOptions,
) -> NetworkPolicy:
    """A NetworkPolicy `component` that lets just these flows reach or leave `pods` (label selector, {} for all).

    Pods that have one of the labels `excluding` are left to another policy.
    """
    return NetworkPolicy(
        name,
        metadata=scope.metadata(component),
        spec={
            "pod_selector": _selector(pods, excluding or {}),
            "policy_types": [*(["Ingress"] if ingress else []), *(["Egress"] if egress else [])],
            **({"ingress": [_rule(flow, "from_") for flow in ingress]} if ingress else {}),
            **({"egress": [_rule(flow, "to") for flow in egress]} if egress else {}),
        },
        opts=opts,
    )


def _selector(pods: Mapping[str, str], excluding: Mapping[str, str]) -> dict[str, Any]:
    labels = {"match_labels": dict(pods)} if pods else {}
    others = [{"key": key, "operator": "NotIn", "values": [value]} for key, value in excluding.items()]
    return labels | ({"match_expressions": others} if others else {})


def _rule(flow: Flow, direction: Literal["from_", "to"]) -> dict[str, object]:
    return {direction: [flow.peer.as_argument()], "ports": flow.port_arguments()}
