"""What an application is told: plain values, all known before anything is registered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from components.footprint import ContainerResources, Footprint
from components.naming import Scope, dns_label
from components.network import Flow
from components.observability.monitors import Endpoint
from components.pods import WhenUnsatisfiable
from components.priority import Priority
from components.routing import mesh
from components.routing.release import APPLICATION_LABEL, Release


@dataclass(frozen=True, kw_only=True)
class HttpProbe:
    """An HTTP GET by the kubelet; periods and timeouts in seconds, `failures` in consecutive probes."""

    path: str
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


@dataclass(frozen=True, kw_only=True)
class RollingUpdate:
    """How pods are exchanged; the defaults are those of the AstrBot document, section 3.3.

    `drain_seconds` is the preStop sleep that lets requests in flight finish; the grace period is that much and
    `stop_seconds` for the process itself.
    """

    max_surge: str = "50%"
    max_unavailable: str = "25%"
    drain_seconds: int = 15
    stop_seconds: int = 30


@dataclass(frozen=True, kw_only=True)
class Replicas:
    """How many pods: a fixed number, or from `minimum` to `maximum` by CPU and memory use, in percent of requests.

    70 % and 80 % are the AstrBot document's production values (section 3.2).
    """

    minimum: int
    maximum: int | None = None
    cpu_percent: int = 70
    memory_percent: int = 80

    def __post_init__(self) -> None:
        if self.minimum < 1:
            raise ValueError(f"at least 1 replica is needed, not {self.minimum}")
        if self.maximum is not None and self.maximum < self.minimum:
            raise ValueError(f"maximum of {self.maximum} replicas is below the minimum of {self.minimum}")

    @property
    def autoscaled(self) -> bool:
        """Whether an autoscaler owns the number of replicas."""
        return self.maximum is not None and self.maximum > self.minimum

    @property
    def most(self) -> int:
        """The largest number of replicas outside a rolling update."""
        return self.maximum or self.minimum


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """One key of a Secret of the same namespace."""

    secret: str
    key: str


@dataclass(frozen=True, kw_only=True)
class ApplicationArgs:
    """A stateless HTTP service.

    `component` names the Service, and with `instance` (`component-instance`) one of several equal ones. Of its
    `ports` by name, `http` is the one that is probed.
    `config_maps` become environment variables whole, `secrets` key by key, so that a service sees only the secrets
    it needs. `rules` are the RBAC rules of its service account; without any it gets no API token. An instance may
    share the `service_account`, network policy and monitor of an `ApplicationGroup`. `metrics` are the ports to scrape.
    `release` is how a new version takes over; without one its pods are exchanged by a rolling update.
    `mesh` gives each pod a proxy of Istio's.
    `single_replica_reason` says why one pod is enough, where one is.
    """

    scope: Scope
    component: str
    instance: str | None = None
    image: str
    version: str
    ports: Mapping[str, int]
    replicas: Replicas
    resources: ContainerResources
    probes: Probes = Probes()
    rollout: RollingUpdate = RollingUpdate()
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

    def footprint(self) -> Footprint:
        """The most it may take: all replicas and the surge of a rolling update, and with a release both versions."""
        surge = math.ceil(self.replicas.most * int(self.rollout.max_surge.rstrip("%")) / 100)
        pods = (self.replicas.most + surge) * (2 if self.release else 1)
        proxies = replace(Footprint.of(pods, mesh.PROXY), pods=0)
        own = Footprint.of(pods, self.resources)
        return own + proxies if self.mesh else own
