"""Whether the network lets pods reach what their policies name by address: the API server and the kubelets."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from components.kubernetes.needs import KUBELETS, KUBERNETES_API
from components.kubernetes.network import Flow
from graph.model import Graph
from ops.preflight.api import Answer, Api, Request
from ops.preflight.finding import PAGE, Found, file_of

# Without `nodes` there, an `ipBlock` means no address of a node: neither its kubelet nor an API server on it.
_CILIUM = "/api/v1/namespaces/kube-system/configmaps/cilium-config"
_MODE = "policy-cidr-match-mode"
_SERVICE = "/api/v1/namespaces/default/services/kubernetes"
_BEHIND = (
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name%3Dkubernetes"
)
_NODES = "/api/v1/nodes"


class Addresses(NamedTuple):
    """What a cluster says of itself; `cilium` is its setting `policy-cidr-match-mode`, None without Cilium."""

    api_server: Sequence[str] = ()
    nodes: Sequence[str] = ()
    cilium: str | None = None


def check(server: Api, graph: Graph) -> Found:
    """The mode of Cilium, and addresses that no policy names."""
    asked = (_CILIUM, _SERVICE, _BEHIND, _NODES)
    cilium, service, behind, nodes = server.ask([Request(path) for path in asked])
    found = Addresses(
        api_server=[*_of_service(service), *_of_slices(behind)],
        nodes=_of_nodes(nodes),
        cilium=(cilium.body.get("data") or {}).get(_MODE, "") if cilium.ok else None,
    )
    names = ("Cilium's settings", "the API server's Service", "the API server's addresses", "the nodes' addresses")
    answers = zip(names, (cilium, service, behind, nodes), strict=True)
    unknown = [name for name, answer in answers if not answer.ok and not answer.missing]
    return Found(tuple(problems(graph, found)), tuple(unknown))


def problems(graph: Graph, found: Addresses) -> Iterator[str]:
    """The same of a cluster whose addresses are known."""
    if found.cilium is not None and "nodes" not in found.cilium and ranges(graph, KUBELETS):
        yield (
            f"Cilium lets no pod reach a node's address by its range ({_MODE} is {found.cilium!r}): neither kubelets "
            f"nor an API server on a node. Set `policyCIDRMatchMode: nodes` in the values of its chart ({PAGE}#cilium)"
        )
    for key, flow, addresses, what in (
        ("api_server", KUBERNETES_API, found.api_server, "the API server is"),
        ("nodes", KUBELETS, found.nodes, "nodes are"),
    ):
        allowed = ranges(graph, flow)
        beyond = sorted({one for one in addresses if allowed and not _named(one, allowed)})
        if beyond:
            yield (
                f"{what} at {', '.join(beyond[:3])}, which no network policy names (they have {', '.join(allowed)}): "
                f"say `addresses: {{{key}: [{', '.join(f'{one}/32' for one in beyond[:3])}]}}` in {file_of(graph)}"
            )


def ranges(graph: Graph, flow: Flow) -> list[str]:
    """The ranges that the environment's policies have for a flow of the table: a rule of these ports, and no others."""
    found: dict[str, None] = {}
    for body in graph.objects:
        for rule in body["spec"].get("egress", ()) if body["kind"] == "NetworkPolicy" else ():
            if [one.get("port") for one in rule.get("ports", ())] == list(flow.ports):
                blocks = (peer["ipBlock"] for peer in rule.get("to", ()) if "ipBlock" in peer)
                found |= dict.fromkeys(one["cidr"] for one in blocks if "except" not in one)
    return list(found)


def _named(address: str, allowed: Sequence[str]) -> bool:
    """Whether a range has the address. One of IPv6, or of this machine alone, is nobody's whom policies concern."""
    number = ipaddress.ip_address(address)
    return number.version == 6 or number.is_loopback or any(number in ipaddress.ip_network(one) for one in allowed)


def _of_service(answer: Answer) -> list[str]:
    address = answer.body["spec"].get("clusterIP", "None") if answer.ok else "None"
    return [] if address == "None" else [address]


def _of_slices(answer: Answer) -> list[str]:
    slices: Sequence[Any] = answer.body["items"] if answer.ok else ()
    ends = (end for one in slices if one.get("addressType") == "IPv4" for end in one.get("endpoints") or ())
    return [address for end in ends for address in end.get("addresses", ())]


def _of_nodes(answer: Answer) -> list[str]:
    nodes: Sequence[Any] = answer.body["items"] if answer.ok else ()
    addresses = (address for one in nodes for address in one["status"].get("addresses") or ())
    return [one["address"] for one in addresses if one["type"] == "InternalIP"]
