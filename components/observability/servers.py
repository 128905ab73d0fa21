"""A server of the monitoring's own, such as an exporter: its pods, Service, monitor, network policy and account.

One builder for all of them: they differ in image, arguments, ports and in what they may reach, and in nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_kubernetes.apps.v1 import DaemonSet, Deployment, StatefulSet
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServiceAccount

from components.disruption import disruption_budget
from components.footprint import ContainerResources, Footprint
from components.naming import Scope
from components.network import Flow, allow
from components.observability.monitors import Endpoint, service_monitor
from components.performance import SKIP_AWAIT
from components.pods import SINGLE_REPLICA_REASON
from components.quantity import Bytes


@dataclass(frozen=True, kw_only=True)
class Check:
    """What the kubelet asks: a path of one of the ports."""

    port: str
    path: str
    scheme: str = "HTTP"


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A volume of a StatefulSet's pod, mounted at `path`; `backup` says why nobody copies it."""

    size: Bytes
    path: str
    storage_class: str | None
    backup: str


@dataclass(frozen=True, kw_only=True)
class ServerArgs:
    """Equal pods: `replicas` of a Deployment, or of a StatefulSet where each has a `volume`, or one on every node.

    `ports` are those of the container and the Service, by name; `metrics` says which of them Prometheus reads.
    `readiness` fails while the server cannot answer, `liveness` only if a restart would help. `files` (by name) lie in
    `files_path`, `secrets` (by name of the Secret) in their directories, `scratch` directories (by name) are
    writable. `token` mounts that of its account. `nodes` is how many nodes there may be, for the quota.
    """

    scope: Scope
    name: str
    image: str
    arguments: Sequence[str]
    ports: Mapping[str, int]
    liveness: Check
    readiness: Check
    metrics: Endpoint
    resources: ContainerResources
    replicas: int = 1
    every_node: bool = False
    nodes: int = 0
    single_replica_reason: str = ""
    volume: Volume | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    files_path: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)
    scratch: Mapping[str, str] = field(default_factory=dict)
    token: bool = False
    ingress: Sequence[Flow] = ()
    egress: Sequence[Flow] = ()

    @property
    def pods(self) -> dict[str, str]:
        """The selector of its pods."""
        return self.scope.selector(self.name)

    @property
    def host(self) -> str:
        """The cluster-internal DNS name of its Service."""
        return self.scope.host(self.name)

    def footprint(self) -> Footprint:
        """Its pods, and those that replace them."""
        if self.every_node:
            return Footprint.of(self.nodes, self.resources)
        if self.volume:
            return Footprint.of(self.replicas, self.resources, volumes=self.replicas, storage=self.volume.size)
        return Footprint.of(self.replicas + 1, self.resources)


class Server(pulumi.ComponentResource):
    """The objects of one server. Outputs: `host` (cluster-internal DNS name)."""

    host: str

    def __init__(self, name: str, args: ServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:observability:Server", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        needs: list[pulumi.Resource] = [
            ServiceAccount(name, metadata=self._metadata(), automount_service_account_token=False, opts=self._child)
        ]
        if args.files:
            needs.append(ConfigMap(name, metadata=self._metadata(), data=dict(args.files), opts=self._child))
        allow(
            name,
            scope=args.scope,
            component=args.name,
            pods=args.pods,
            ingress=args.ingress,
            egress=args.egress,
            opts=self._child,
        )
        self._service()
        self._pods(pulumi.ResourceOptions(parent=self, depends_on=needs))
        if args.replicas > 1:
            disruption_budget(name, metadata=self._metadata(), pods=args.pods, opts=self._child)
        service_monitor(name, scope=args.scope, component=args.name, endpoints=[args.metrics], opts=self._child)
        self.host = args.host
        self.register_outputs({"host": self.host})

    def _metadata(self, annotations: Mapping[str, str] | None = None) -> dict[str, Any]:
        return self._args.scope.metadata(self._args.name, annotations=annotations)

    def _service(self) -> None:
        args = self._args
        ports = [
            {"name": name, "port": port, "target_port": name, "protocol": "TCP"} for name, port in args.ports.items()
        ]
        # A StatefulSet's pods have names only below a headless Service; a DaemonSet's are never called by one address.
        headless = {"cluster_ip": "None"} if args.volume or args.every_node else {}
        Service(
            self._name,
            metadata=self._metadata(SKIP_AWAIT),
            spec={"type": "ClusterIP", **headless, "selector": args.pods, "ports": ports},
            opts=self._child,
        )

    def _pods(self, opts: pulumi.ResourceOptions) -> None:
        from components.observability.server_pods import daemon_spec, deployment_spec, stateful_spec

        args, metadata = self._args, self._metadata()
        if args.every_node:
            DaemonSet(self._name, metadata=metadata, spec=daemon_spec(args), opts=opts)
        elif args.volume:
            StatefulSet(self._name, metadata=self._annotated(), spec=stateful_spec(args, args.volume), opts=opts)
        else:
            Deployment(self._name, metadata=self._annotated(), spec=deployment_spec(args), opts=opts)

    def _annotated(self) -> dict[str, Any]:
        reason = self._args.single_replica_reason
        return self._metadata({SINGLE_REPLICA_REASON: reason} if reason else None)
