"""What an application is told: plain values, all known before anything is registered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from components.application.ports import Ports, ServicePort
from components.application.probes import Probes
from components.application.scaling import Replicas, Vertical
from components.application.volumes import Files
from components.footprint import ContainerResources, Footprint
from components.naming import Scope, dns_label
from components.network import Flow
from components.observability.monitors import Endpoint
from components.pods import WhenUnsatisfiable
from components.priority import Priority
from components.quantity import Bytes
from components.routing import mesh
from components.routing.release import APPLICATION_LABEL, Release


@dataclass(frozen=True, kw_only=True)
class RollingUpdate:
    """How pods are exchanged; the defaults are those of the AstrBot document, section 3.3.

    `max_surge` and `max_unavailable` are shares of the replicas, or numbers of pods. `drain_seconds` is the preStop
    sleep that lets requests in flight finish, 0 for none; the grace period is that much and `stop_seconds` for the
    process itself.
    """

    max_surge: str | int = "50%"
    max_unavailable: str | int = "25%"
    drain_seconds: int = 15
    stop_seconds: int = 30

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
    `single_replica_reason` says why one pod is enough, where one is.
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
    rollout: RollingUpdate = RollingUpdate()
    files: Files = field(default_factory=Files)
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

    def __post_init__(self) -> None:
        exclusive = self.files.storage is not None and not self.stateful
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
        surge = 0 if self.stateful or storage else self.rollout.surge(most)
        pods = (most + surge) * (2 if self.release else 1)
        size = storage.size if storage else Bytes(0)
        volumes, protect = (most, storage.protect) if storage else (0, False)
        own = Footprint.of(pods, self._at_most(), volumes=volumes, storage=size, protect=protect)
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
