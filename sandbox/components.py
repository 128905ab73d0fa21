"""The five processes of the control plane: what each is started with, where it listens, how its health is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .ports import LOOPBACK

# Addresses that exist only in API objects: no packet is ever sent to them.
SERVICE_NETWORK = "10.96.0.0/16"
POD_NETWORK = "10.244.0.1/16"
# Instead, where an operator runs that asks its pods: on the loopback something can answer for them. No Service has
# endpoints then, since Kubernetes allows no such address there.
LOOPBACK_POD_NETWORK = "127.244.0.1/16"


@dataclass(frozen=True)
class Layout:
    """The places and ports of one sandbox, and the network from which its pods have their addresses."""

    folder: Path
    ports: Mapping[str, int]
    pod_network: str = POD_NETWORK

    @property
    def pki(self) -> Path:
        """The folder of certificates and keys."""
        return self.folder / "pki"

    def url(self, listener: str) -> str:
        """The https address of a listener."""
        return f"https://{LOOPBACK}:{self.ports[listener]}"

    def certificate(self, identity: str) -> str:
        """The path of an identity's certificate."""
        return str(self.pki / f"{identity}.crt")

    def key(self, identity: str) -> str:
        """The path of an identity's private key."""
        return str(self.pki / f"{identity}.key")

    def kubeconfig(self, identity: str) -> Path:
        """The kubeconfig of an identity: the administrator's is simply called kubeconfig."""
        return self.folder / ("kubeconfig" if identity == "admin" else f"{identity}.kubeconfig")


@dataclass(frozen=True)
class Component:
    """One process. `flags` makes its arguments; `health` is the path that answers 200 once it works.

    `authority` and `identity` are the certificates with which it is asked; `peers` says that it has a second port.
    """

    name: str
    flags: Callable[[Layout], list[str]]
    health: str
    authority: str = "ca"
    identity: str = "admin"
    peers: bool = False

    @property
    def listeners(self) -> tuple[str, ...]:
        """The names of its ports; the first is where its health is asked."""
        return (self.name, f"{self.name}-peer") if self.peers else (self.name,)


def _etcd(at: Layout) -> list[str]:
    peer = at.url("etcd-peer")
    return [
        "--name=sandbox",
        f"--data-dir={at.folder / 'etcd'}",
        f"--listen-client-urls={at.url('etcd')}",
        f"--advertise-client-urls={at.url('etcd')}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=sandbox={peer}",
        *_etcd_tls(at, ""),
        *_etcd_tls(at, "peer-"),
        # Waiting for the disk is most of a start's time, and only a power failure would show the difference.
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _etcd_tls(at: Layout, side: str) -> list[str]:
    return [
        f"--{side}client-cert-auth",
        f"--{side}trusted-ca-file={at.certificate('etcd-ca')}",
        f"--{side}cert-file={at.certificate('etcd')}",
        f"--{side}key-file={at.key('etcd')}",
    ]


# All are on by default in this version; named, so that a later version cannot quietly drop one.
_ADMISSION = (
    "PodSecurity",
    "ResourceQuota",
    "LimitRanger",
    "DefaultStorageClass",
    "DefaultTolerationSeconds",
    "ValidatingAdmissionPolicy",
)


def _apiserver(at: Layout) -> list[str]:
    service_account_key = at.pki / "service-account.key"
    return [
        *_listen(at, "kube-apiserver"),
        f"--advertise-address={LOOPBACK}",
        # A loopback address is not allowed in Endpoints, and no pod runs that could use it.
        "--endpoint-reconciler-type=none",
        f"--client-ca-file={at.certificate('ca')}",
        f"--etcd-servers={at.url('etcd')}",
        f"--etcd-cafile={at.certificate('etcd-ca')}",
        f"--etcd-certfile={at.certificate('etcd')}",
        f"--etcd-keyfile={at.key('etcd')}",
        "--authorization-mode=RBAC",
        f"--enable-admission-plugins={','.join(_ADMISSION)}",
        "--allow-privileged=true",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={service_account_key}",
        f"--service-account-signing-key-file={service_account_key}",
        "--profiling=false",
    ]


def _controller_manager(at: Layout) -> list[str]:
    return [
        *_listen(at, "kube-controller-manager"),
        *_client(at, "kube-controller-manager"),
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={at.pki / 'service-account.key'}",
        f"--root-ca-file={at.certificate('ca')}",
        f"--cluster-signing-cert-file={at.certificate('ca')}",
        f"--cluster-signing-key-file={at.key('ca')}",
        # A machine that is busy or was asleep must not look like failing nodes: their pods would be evicted.
        "--node-monitor-grace-period=10m",
    ]


def _scheduler(at: Layout) -> list[str]:
    return [*_listen(at, "kube-scheduler"), *_client(at, "kube-scheduler")]


def _listen(at: Layout, listener: str) -> list[str]:
    return [
        f"--bind-address={LOOPBACK}",
        f"--secure-port={at.ports[listener]}",
        f"--tls-cert-file={at.certificate('server')}",
        f"--tls-private-key-file={at.key('server')}",
    ]


def _client(at: Layout, identity: str) -> list[str]:
    kubeconfig = at.kubeconfig(identity)
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        # There is one of each; waiting for a lease would only make every restart slower.
        "--leader-elect=false",
        # The defaults (20 and 50 requests a second) keep a large cluster's server calm; here they only delay rollouts.
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
    ]


def _kwok(at: Layout) -> list[str]:
    return [
        f"--kubeconfig={at.kubeconfig('kwok')}",
        "--manage-all-nodes=false",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        # Nodes give this as their kubelet, so `kubectl logs` gets kwok's honest "no logs" and not a time-out.
        f"--server-address={LOOPBACK}:{at.ports['kwok']}",
        f"--node-ip={LOOPBACK}",
        f"--node-port={at.ports['kwok']}",
        f"--tls-cert-file={at.certificate('server')}",
        f"--tls-private-key-file={at.key('server')}",
        f"--cidr={at.pod_network}",
        # Heartbeats are in the nodes' status; a lease of a kwok that was killed would block its successor for 40 s.
        "--node-lease-duration-seconds=0",
    ]


ETCD = Component("etcd", _etcd, "/health", authority="etcd-ca", identity="etcd", peers=True)
APISERVER = Component("kube-apiserver", _apiserver, "/readyz")
CONTROLLER_MANAGER = Component("kube-controller-manager", _controller_manager, "/healthz")
SCHEDULER = Component("kube-scheduler", _scheduler, "/healthz")
KWOK = Component("kwok", _kwok, "/healthz")

# In the order of their start; they are stopped in the opposite order.
COMPONENTS = (ETCD, APISERVER, CONTROLLER_MANAGER, SCHEDULER, KWOK)

# The names under which the ports are remembered.
LISTENERS = tuple(listener for component in COMPONENTS for listener in component.listeners)
