"""What a program of the telemetry is told: plain values, all known before anything is registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from components.application import SecretKey
from components.configuration import checksum
from components.footprint import ContainerResources, Footprint
from components.naming import Scope
from components.network import Flow
from components.observability.monitors import Endpoint
from components.observability.rules import RuleSet
from components.quantity import Bytes

CONFIGURATION = "/etc/telemetry"
DATA = "/var/lib/telemetry"


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A volume of `size` for each pod, mounted at `DATA`; `backup` says where a second copy of it is, or why none.

    `protect` keeps it from an update that would remove it.
    """

    size: Bytes
    storage_class: str | None
    backup: str
    protect: bool = False


@dataclass(frozen=True, kw_only=True)
class ProgramArgs:
    """A program that is run by its configuration file.

    `command` is the image's own unless it is given. `files` are mounted at `CONFIGURATION` by their names; `ports` are
    listened on, by name. `ready` and `alive` are the paths that the kubelet asks on `probe_port`, the second on
    `alive_port` if there is one. With a `volume` its pods are a StatefulSet's, else a Deployment's. `calls_api` gives
    its service account a token. `metrics` are the ports to scrape, `rules` the alerts that it brings, unless another's
    watch it too. `single_replica_reason` says why one pod is enough, where one is.
    """

    scope: Scope
    name: str
    image: str
    arguments: Sequence[str]
    files: Mapping[str, str]
    ports: Mapping[str, int]
    probe_port: str
    ready: str
    alive: str
    resources: ContainerResources
    metrics: Sequence[Endpoint]
    rules: RuleSet | None
    alive_port: str = ""
    command: Sequence[str] = ()
    replicas: int = 1
    zones_required: bool = False
    volume: Volume | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretKey] = field(default_factory=dict)
    calls_api: bool = False
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)
    ingress: Sequence[Flow] = ()
    egress: Sequence[Flow] = ()
    single_replica_reason: str = ""

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its objects and pods."""
        return self.scope.labels(self.name)

    @property
    def pods(self) -> dict[str, str]:
        """The label selector of its pods."""
        return self.scope.selector(self.name)

    @property
    def host(self) -> str:
        """The cluster-internal name of its Service."""
        return self.scope.host(self.name)

    @property
    def headless(self) -> str:
        """The name of the Service that answers with the addresses of all its pods."""
        return f"{self.name}-headless"

    @property
    def checksum(self) -> dict[str, str]:
        """The pods' annotation that changes with the files."""
        return checksum(self.files)

    def footprint(self) -> Footprint:
        """Its pods; a Deployment's update brings one more, a StatefulSet's none."""
        if self.volume:
            return Footprint.of(self.replicas, self.resources, volumes=self.replicas, storage=self.volume.size)
        return Footprint.of(self.replicas + 1, self.resources)
