"""What pods need beside each other: one table of the options of an environment's file and the flows that they bring.

The policies are made from it, and docs/network-flows.md shows it. Flows between the environment's own pods are not
here: those come from what services say of each other, and from their stores.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from components.kubernetes.addresses import NOT_INTERNET, PRIVATE, ClusterAddresses
from components.kubernetes.network import Block, Flow, Peer, Place


@dataclass(frozen=True, kw_only=True)
class Need:
    """A row: with `option` in an environment's file, the pods of `who` need `flow`, because of `why`.

    `address` is the port by default of an address that the file itself names: the flow is then that of `to`.
    """

    option: str
    who: str
    why: str
    flow: Flow
    address: int | None = None

    def to(self, address: str) -> Flow:
        """The flow to an address of the file: `scheme://host[:port]/…` or `host:port`; "" is AWS' own of the region."""
        return towards(address, self.address or _HTTPS)


_HTTPS = 443
_SCHEMES = {"http": 80, "https": _HTTPS}


def towards(address: str, port: int = _HTTPS) -> Flow:
    """To an address that somebody wrote into a file; `port` is meant where neither it nor its scheme names one.

    A Service `name.namespace.svc[…]` is all pods of its namespace on the port, which must be that of the pods, too:
    policies are judged after the Service has been resolved. A number is that address alone; any other name lies on the
    internet, or where the environment says that such endpoints are private.
    """
    parts = urlsplit(address if "://" in address else f"//{address}")
    host, ports = parts.hostname or "", (parts.port or _SCHEMES.get(parts.scheme, port),)
    labels = host.split(".")
    if len(labels) > 2 and labels[2] == "svc":
        return Flow(peer=Peer(namespace=labels[1]), ports=ports)
    return Flow(peer=Peer(place=_number(host) or _outside), ports=ports)


def _number(host: str) -> Place | None:
    try:
        block = Block(str(ipaddress.ip_network(host)))
    except ValueError:
        return None
    return lambda _: (block,)


def _internet(_: ClusterAddresses) -> Sequence[Block]:
    return (Block("0.0.0.0/0", NOT_INTERNET),)


def _outside(cluster: ClusterAddresses) -> Sequence[Block]:
    return (*_internet(cluster), *map(Block, cluster.endpoints))


def _api_server(cluster: ClusterAddresses) -> Sequence[Block]:
    return [Block(one) for one in cluster.api_server]


def _anywhere(cluster: ClusterAddresses) -> Sequence[Block]:
    # The private ranges are what the internet excepts, each by itself: to the VPC CNI no wider rule would do.
    return (*_internet(cluster), *map(Block, PRIVATE))


def _nodes(cluster: ClusterAddresses) -> Sequence[Block]:
    return [Block(one) for one in cluster.nodes]


def _cloud_services(cluster: ClusterAddresses) -> Sequence[Block]:
    return (*_outside(cluster), *map(Block, cluster.cloud_services))


def _pod_identity(_: ClusterAddresses) -> Sequence[Block]:
    # https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html: the agent of the pod's node.
    return (Block("169.254.170.23/32"), Block("fd00:ec2::23/128"))


# The namespace and pods of Istio's control plane.
_ISTIOD = Peer(namespace="istio-system", pods={"app": "istiod"})
# A proxy serves its own metrics and the application's here, outside mutual TLS (Istio's metrics merging).
PROXY_METRICS_PORT = 15020
_OUTSIDE = Flow(peer=Peer(place=_outside), ports=(_HTTPS,))

DNS = Flow(peer=Peer(namespace="kube-system", pods={"k8s-app": "kube-dns"}), ports=(53,), protocols=("UDP", "TCP"))
KUBERNETES_API = Flow(peer=Peer(place=_api_server), ports=(_HTTPS, 6443))
KUBELETS = Flow(peer=Peer(place=_nodes), ports=(10250,))
OTHER_CLUSTERS = Flow(peer=Peer(place=_anywhere), ports=(_HTTPS, 6443))
INTERNET_HTTPS = Flow(peer=Peer(place=_internet), ports=(_HTTPS,))
POD_IDENTITY = Flow(peer=Peer(place=_pod_identity), ports=(80,))
TOKEN_SERVICE = Flow(peer=Peer(place=_cloud_services), ports=(_HTTPS,))
MESH_CONTROL_PLANE = Flow(peer=_ISTIOD, ports=(15012,))

ALWAYS = "every environment"
NEEDS: Mapping[str, Need] = {
    "names": Need(option=ALWAYS, who="every pod", flow=DNS, why="names of Services and of the internet"),
    "api server": Need(
        option=ALWAYS,
        who="instances and poolers of PostgreSQL, Prometheus, kube-state-metrics, Alloy, the collector, and services "
        "that use `kubernetes_api`",
        flow=KUBERNETES_API,
        why="leases and status of the instances, discovery of targets and pods",
    ),
    "kubelets": Need(option=ALWAYS, who="Prometheus", flow=KUBELETS, why="what containers use (cAdvisor)"),
    "internet": Need(
        option="a service's `uses: [internet]`",
        who="the service",
        flow=INTERNET_HTTPS,
        why="providers that the service calls",
    ),
    "other clusters": Need(
        option="a service's `uses: [other_clusters]`",
        who="the service",
        flow=OTHER_CLUSTERS,
        why="API servers of clusters that it manages, wherever they are",
    ),
    "pod identity": Need(
        option="`cluster: {kind: eks}`, whose bucket takes the backups",
        who="instances of PostgreSQL and their dump",
        flow=POD_IDENTITY,
        why="the role's credentials, which the agent on the pod's node gives out",
    ),
    "token service": Need(
        option="any `role_arn`",
        who="every pod whose service account bears the role",
        flow=TOKEN_SERVICE,
        why="STS exchanges the service account's token for the role's credentials; `kind: eks` has it in its VPC",
    ),
    "cloud backups": Need(
        option="`cluster: {kind: eks}`, whose bucket takes the backups",
        who="instances of PostgreSQL and their dump",
        flow=INTERNET_HTTPS,
        why="S3, whose addresses stay public behind the VPC's gateway",
    ),
    "object storage": Need(
        option="`object_storage: {kind: s3}`, and `replication` of a database",
        who="instances of PostgreSQL, their dump, and services with files",
        flow=_OUTSIDE,
        address=_HTTPS,
        why="the buckets' service",
    ),
    "telemetry storage": Need(
        option="`storage: {kind: s3}` of `logs` and `traces`",
        who="Loki, Tempo",
        flow=_OUTSIDE,
        address=_HTTPS,
        why="the buckets' service",
    ),
    "elasticsearch": Need(
        option="`logs: {kind: elasticsearch}`",
        who="Fluent Bit",
        flow=_OUTSIDE.on(9200),
        address=9200,
        why="the store of the lines",
    ),
    "long-term storage": Need(
        option="the tier's `monitoring: full` with a secret store",
        who="Prometheus (Thanos' sidecar), Thanos' store gateway, compactor and ruler",
        flow=_OUTSIDE,
        why="Thanos' bucket, which its Secret describes",
    ),
    "remote write": Need(
        option="`monitoring.remote_write`",
        who="Prometheus or the agent",
        flow=_OUTSIDE,
        address=_HTTPS,
        why="the further store of samples",
    ),
    "federation": Need(
        option="`monitoring.federate`",
        who="Prometheus",
        flow=_OUTSIDE,
        address=_HTTPS,
        why="the other Prometheus",
    ),
    "probes": Need(
        option="`monitoring.probes`, and the systems' own hosts",
        who="the blackbox exporter",
        flow=_OUTSIDE,
        address=_HTTPS,
        why="what is probed, from outside of its pods",
    ),
    "receivers": Need(
        option="receivers of alerts with a credential",
        who="Alertmanager",
        flow=_OUTSIDE,
        why="PagerDuty, Slack, WeCom, and mail on its submission port",
    ),
    "webhooks": Need(
        option="`monitoring.receivers` with a webhook",
        who="Alertmanager",
        flow=_OUTSIDE,
        address=_HTTPS,
        why="the webhook's address",
    ),
    "mesh control plane": Need(
        option="`routing: {mesh: istio}`",
        who="every pod with a proxy",
        flow=MESH_CONTROL_PLANE,
        why="certificates and routes from istiod; its webhook on 15017 is called by the API server, not by pods",
    ),
}


def internal_tools(address: str | None) -> Peer | None:
    """The pods behind the address of a tool that calls pods, such as Flagger's load tester, where that is a Service:
    `name.namespace`, by which Flagger knows it, or with `svc` behind."""
    labels = (urlsplit(address).hostname or "").split(".") if address else []
    return Peer(namespace=labels[1]) if len(labels) == 2 or "svc" in labels[2:3] else None
