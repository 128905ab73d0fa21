"""What a server is told: plain values, all known before anything is registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from components.application import SecretKey
from components.footprint import ContainerResources, Footprint
from components.naming import Scope
from components.network import Flow
from components.observability.monitors import Endpoint
from components.observability.rules import RuleSet
from components.priority import Priority
from components.quantity import Bytes


@dataclass(frozen=True, kw_only=True)
class Check:
    """What the kubelet asks: a path of one of the ports, every `period` seconds."""

    port: str
    path: str
    scheme: str = "HTTP"
    period: int = 10


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A volume of `size` for each pod, mounted at `path`; `backup` says where a second copy of it is, or why none.

    `protect` keeps it from an update that would remove it.
    """

    size: Bytes
    path: str
    storage_class: str | None
    backup: str
    protect: bool = False


@dataclass(frozen=True, kw_only=True)
class ServerArgs:
    """Equal pods: `replicas` of a Deployment, or of a StatefulSet where each has a `volume`, or one on every node, of
    which there may be `nodes`. `single_replica_reason` says why one pod is enough, where one is.

    It is reached by `ports`, those of the container and the Service by name; `headless` adds a Service that answers
    with the addresses of all pods. `liveness` fails only if a restart would help, `readiness` while the server cannot
    answer. `metrics` are the ports to scrape, `rules` the alerts that it brings.

    `command` is the image's own unless it is given. `files` (by name) lie in `files_path`, `secret_files` (by name of
    the Secret) in their directories; `environment` and `secrets` are variables; `scratch` directories (by name) are
    writable. `token` mounts that of its service account.

    With `zones_required` a pod waits rather than to share a zone where another has fewer. It has `stop_seconds` to end.
    """

    scope: Scope
    name: str
    image: str
    arguments: Sequence[str]
    ports: Mapping[str, int]
    liveness: Check
    readiness: Check
    metrics: Sequence[Endpoint]
    resources: ContainerResources
    command: Sequence[str] = ()
    replicas: int = 1
    single_replica_reason: str = ""
    nodes: int | None = None
    volume: Volume | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    files_path: str = ""
    secret_files: Mapping[str, str] = field(default_factory=dict)
    scratch: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretKey] = field(default_factory=dict)
    token: bool = False
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)
    headless: bool = False
    priority: Priority = Priority.HIGH
    zones_required: bool = False
    stop_seconds: int = 30
    rules: RuleSet | None = None
    ingress: Sequence[Flow] = ()
    egress: Sequence[Flow] = ()

    @property
    def pods(self) -> dict[str, str]:
        """The label selector of its pods."""
        return self.scope.selector(self.name)

    @property
    def host(self) -> str:
        """The cluster-internal DNS name of its Service."""
        return self.scope.host(self.name)

    @property
    def members(self) -> str:
        """The name of the Service that answers with the address of each pod, where there is one."""
        return f"{self.name}-headless" if self.headless else self.name

    def footprint(self) -> Footprint:
        """Its pods; a Deployment's update brings one more, a StatefulSet's and a DaemonSet's none."""
        if self.nodes is not None:
            return Footprint.of(self.nodes, self.resources)
        if volume := self.volume:
            many = self.replicas
            return Footprint.of(many, self.resources, volumes=many, storage=volume.size, protect=volume.protect)
        return Footprint.of(self.replicas + 1, self.resources)
