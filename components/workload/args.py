"""What an application is told, its ports and probes among it: plain values, known before anything is registered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope, dns_label
from components.kubernetes.network import Flow
from components.kubernetes.objects import EXCHANGED_WITH_SECRETS
from components.kubernetes.pods import SINGLE_REPLICA_REASON, WhenUnsatisfiable
from components.kubernetes.quantity import Bytes
from components.kubernetes.scheduling import Priority
from components.monitoring.monitors import Endpoint
from components.traffic import mesh
from components.traffic.release import APPLICATION_LABEL, Release
from components.values.model import Model, Problem
from components.values.types import Port, PortName, Seconds
from components.workload.files import PodFiles
from components.workload.scaling import Replicas, Vertical
from components.workload.types import Delay, Share

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import ProbeArgsDict


class ServicePort(Model):
    """A port of the Service that is not the container's own."""

    port: Port = Field(description="The number of the Service's port.")
    target: PortName = Field(description="The name of the container's port behind it, one of `ports`.")


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The `container`'s ports by name, and those of the Service where they differ or where there are further ones."""

    container: Mapping[str, int]
    service: Mapping[str, ServicePort] = field(default_factory=dict)

    @property
    def exposed(self) -> dict[str, ServicePort]:
        """The ports of the Service by name: each of the container's, by default under its own number."""
        own = {name: ServicePort(port=number, target=name) for name, number in self.container.items()}
        return own | dict(self.service)

    @property
    def main(self) -> str:
        """The name of the port that callers mean: `http`, or where there is none the first."""
        return "http" if "http" in self.exposed else next(iter(self.exposed))

    def target(self, name: str) -> str:
        """The name of the container's port that a port of the Service leads to."""
        return self.exposed[name].target

    def container_ports(self) -> list[dict[str, Any]]:
        """The `ports` of the container."""
        return [{"name": name, "container_port": port, "protocol": "TCP"} for name, port in self.container.items()]

    def service_ports(self) -> list[dict[str, Any]]:
        """The `ports` of a Service in front of its pods."""
        return [
            {"name": name, "port": one.port, "target_port": one.target, "protocol": "TCP"}
            for name, one in self.exposed.items()
        ]


@dataclass(frozen=True, kw_only=True)
class HttpProbe:
    """An HTTP GET by the kubelet of a port by name; periods and timeouts in seconds, `failures` in consecutive probes.

    With `tcp` it only opens a connection. The defaults of `initial_delay` and `port` are none and `http`.
    """

    path: str
    port: str = "http"
    tcp: bool = False
    initial_delay: int = 0
    period: int
    timeout: int
    failures: int


@dataclass(frozen=True, kw_only=True)
class Probes:
    """The defaults are those of the AstrBot document, section 3.3 (rolling update).

    The start-up probe is the program's own: five minutes for the first answer, during which the liveness probe
    waits, so that a slow start is not killed half-way.
    """

    startup: HttpProbe = HttpProbe(path="/health", period=5, timeout=5, failures=60)
    liveness: HttpProbe = HttpProbe(path="/health", initial_delay=30, period=10, timeout=5, failures=3)
    readiness: HttpProbe = HttpProbe(path="/ready", initial_delay=5, period=5, timeout=3, failures=3)


def probe_spec(probe: HttpProbe, port: str) -> ProbeArgsDict:
    """The field of a container; `port` is the container's name of the probe's port."""
    return {
        **({"tcp_socket": {"port": port}} if probe.tcp else {"http_get": {"path": probe.path, "port": port}}),
        "initial_delay_seconds": probe.initial_delay,
        "period_seconds": probe.period,
        "timeout_seconds": probe.timeout,
        "failure_threshold": probe.failures,
    }


class RollingUpdate(Model):
    """How pods are exchanged; the defaults are those of the AstrBot document, section 3.3."""

    max_surge: Share = Field("50%", description="How many pods there may be above the replicas.")
    max_unavailable: Share = Field("25%", description="How many of the replicas may be missing.")
    drain: Delay = Field(
        15,
        description="How long a pod that is to stop goes on answering, by a preStop sleep; 0 for not at all (of an "
        "image without a shell there is no other way).",
    )
    stop: Seconds = Field(30, description="How long its process may take after that.")

    def contradictions(self) -> Iterable[Problem]:
        """Steps of no pod at all."""
        if all(one in (0, "0%") for one in (self.max_surge, self.max_unavailable)):
            yield Problem(("max_surge",), "no pod more and none less leaves no step to take: allow one")

    @property
    def grace(self) -> int:
        """The seconds that a pod has to end, both together."""
        return self.drain + self.stop

    def surge(self, replicas: int) -> int:
        """How many pods more than `replicas` there are at the most while they are exchanged."""
        if isinstance(self.max_surge, int):
            return self.max_surge
        return math.ceil(replicas * int(self.max_surge.rstrip("%")) / 100)


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """One key of a Secret of the same namespace."""

    secret: str
    key: str


@dataclass(frozen=True, kw_only=True)
class ApplicationArgs:
    """A service, in a Deployment or, with `stateful`, in a StatefulSet.

    `component` names the Service, and with `instance` (`component-instance`) one of several equal ones. `ports` are
    its containers', by name; `service_ports` those of the Service that differ. `arguments` are the container's.
    `config_maps` become environment variables whole, `secrets` key by key, so that a service sees only the secrets
    it needs. `rules` are the RBAC rules of its service account; without any it gets no API token. An instance may
    share the `service_account`, network policy and monitor of an `ApplicationGroup`. `metrics` are the ports to scrape.
    `release` is how a new version takes over; without one its pods are exchanged by a rolling update.
    `mesh` gives each pod a proxy of Istio's. `files` are its volumes; with storage that is not `stateful` there is one
    pod, which is gone before the next one starts. `pod_management` is how a StatefulSet starts its pods: one after the
    other, or all at once.
    `single_replica_reason` says why one pod is enough, where one is. With `follows_secrets` its pods are exchanged when
    a Secret changes that they read, by Reloader: for Secrets that change without a deployment.
    """

    scope: Scope
    component: str
    instance: str | None = None
    image: str
    version: str
    ports: Mapping[str, int]
    service_ports: Mapping[str, ServicePort] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    stateful: bool = False
    pod_management: Literal["OrderedReady", "Parallel"] = "OrderedReady"
    replicas: Replicas
    vertical: Vertical | None = None
    resources: ContainerResources
    probes: Probes = field(default_factory=Probes)
    rollout: RollingUpdate = field(default_factory=RollingUpdate)
    files: PodFiles = field(default_factory=PodFiles)
    config_maps: Sequence[str] = ()
    pod_annotations: Mapping[str, str] = field(default_factory=dict)
    service_account: str | None = None
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretKey] = field(default_factory=dict)
    rules: Sequence[Mapping[str, Sequence[str]]] = ()
    ingress: Sequence[Flow] = ()
    egress: Sequence[Flow] = ()
    zone_spread: WhenUnsatisfiable = "ScheduleAnyway"
    metrics: Sequence[Endpoint] = ()
    release: Release | None = None
    mesh: bool = False
    priority: Priority = Priority.HIGH
    single_replica_reason: str | None = None
    follows_secrets: bool = False

    def __post_init__(self) -> None:
        exclusive = self.files.single and not self.stateful
        if exclusive and self.replicas.most > 1:
            raise ValueError(f"{self.name}: its volume is one pod's; {self.replicas.most} need a StatefulSet")
        if self.release and (self.stateful or exclusive):
            raise ValueError(f"{self.name}: what keeps data cannot run in two versions at a time, as its release needs")

    @property
    def name(self) -> str:
        """The name of all its Kubernetes objects."""
        return dns_label(f"{self.component}-{self.instance}" if self.instance else self.component)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its objects and pods."""
        return self.scope.labels(self.component, self.instance, self.version)

    @property
    def selector(self) -> dict[str, str]:
        """The label selector of its pods."""
        return self.scope.selector(self.component, self.instance)

    @property
    def pods(self) -> dict[str, str]:
        """The label selector of all its pods: with a release, those of both versions."""
        return {APPLICATION_LABEL: self.name} if self.release else self.selector

    @property
    def pod_labels(self) -> dict[str, str]:
        """The labels of its pods."""
        return self.labels | self.pods | (mesh.pod_labels() if self.mesh else {})

    @property
    def workload_annotations(self) -> dict[str, str]:
        """The annotations of what makes its pods."""
        reason, files = self.single_replica_reason, self.files
        reads = bool(self.secrets or files.secret_files or files.secret_volumes)
        return {
            **({SINGLE_REPLICA_REASON: reason} if reason else {}),
            **(EXCHANGED_WITH_SECRETS if self.follows_secrets and reads else {}),
        }

    @property
    def all_ports(self) -> Ports:
        """The ports of its containers and of its Service."""
        return Ports(container=self.ports, service=self.service_ports)

    @property
    def port(self) -> int:
        """The port of its Service that callers mean."""
        return self.all_ports.exposed[self.all_ports.main].port

    @property
    def workload(self) -> str:
        """The kind of the object that makes its pods."""
        return "StatefulSet" if self.stateful else "Deployment"

    def footprint(self) -> Footprint:
        """The most it may take: all replicas and the surge of a rolling update, and with a release both versions."""
        most, storage = self.replicas.most, self.files.storage
        # Neither a StatefulSet nor what holds a volume has more pods during an update than before.
        surge = 0 if self.stateful or self.files.single else self.rollout.surge(most)
        pods = (most + surge) * (2 if self.release else 1)
        size = storage.size if storage else Bytes(0)
        volumes = (most if self.stateful else 1) if storage else 0
        own = Footprint.of(pods, self._at_most(), volumes=volumes, storage=size, protect=self.files.protected)
        proxies = replace(Footprint.of(pods, mesh.PROXY), pods=0)
        return own + proxies if self.mesh else own

    def _at_most(self) -> ContainerResources:
        """What a container may come to request: its limits, where a VerticalPodAutoscaler sets its requests."""
        vertical, resources = self.vertical, self.resources
        if vertical is None or vertical.mode_beside(self.replicas) == "Off":
            return resources
        cpu, memory = (resource in vertical.controlled for resource in ("cpu", "memory"))
        return replace(
            resources,
            cpu_request=resources.cpu_limit if cpu else resources.cpu_request,
            memory_request=resources.memory_limit if memory else resources.memory_request,
        )
