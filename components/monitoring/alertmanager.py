"""Alertmanager, run by the Prometheus operator, with its routing as the global AlertmanagerConfig."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ServiceAccount

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope
from components.kubernetes.needs import NEEDS
from components.kubernetes.network import Flow, Peer, allow
from components.kubernetes.objects import custom_resource
from components.kubernetes.quantity import Bytes
from components.kubernetes.scheduling import Priority
from components.kubernetes.volumes import claim_manifest
from components.monitoring.notification import Email, Routing
from components.monitoring.prometheus import RELOADER, SECURITY
from versions import ALERTMANAGER, ALERTMANAGER_CONFIG, ALERTMANAGER_IMAGE, ALERTMANAGER_VERSION

PORT = 9093
_GOSSIP_PORT = 9094
_RESOURCES = ContainerResources.of("50m", "200m", "64Mi", "256Mi")


@dataclass(frozen=True, kw_only=True)
class AlertmanagerArgs:
    """`replicas` of Alertmanager that tell each other what they have sent; three survive the loss of a node.

    `storage` holds silences and what was sent. `clients` are the selectors of the pods that send alerts, `egress` the
    receivers inside the cluster.
    """

    scope: Scope
    name: str
    replicas: int
    routing: Routing
    resources: ContainerResources = _RESOURCES
    storage: Bytes = Bytes.parse("1Gi")
    storage_class: str | None = None
    clients: Sequence[dict[str, str]] = ()
    egress: Sequence[Flow] = ()

    @property
    def account(self) -> str:
        """The name of all its objects but itself, as its operator names the StatefulSet."""
        return f"alertmanager-{self.name}"

    @property
    def pods(self) -> dict[str, str]:
        """The selector of its pods, by the labels that the operator gives them."""
        return {"app.kubernetes.io/name": "alertmanager", "alertmanager": self.name}

    def footprint(self) -> Footprint:
        """Its pods with the sidecar that reloads the configuration."""
        own = Footprint.of(self.replicas, self.resources, volumes=self.replicas, storage=self.storage)
        return own + replace(Footprint.of(self.replicas, RELOADER), pods=0)


class Alertmanager(pulumi.ComponentResource):
    """An Alertmanager with its routes, service account and network policy. Outputs: `service` (its Service's name)."""

    service: str = "alertmanager-operated"

    def __init__(self, name: str, args: AlertmanagerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:observability:Alertmanager", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        account = ServiceAccount(
            name, metadata=self._metadata(), automount_service_account_token=False, opts=self._child
        )
        self._network_policy()
        config = self._object(ALERTMANAGER_CONFIG, args.routing.as_spec(), self._child)
        self._object(
            ALERTMANAGER, _specification(args), pulumi.ResourceOptions(parent=self, depends_on=[account, config])
        )
        self.register_outputs({"service": self.service})

    def _metadata(self) -> dict[str, Any]:
        return self._args.scope.metadata(self._args.account)

    def _object(self, kind: Any, spec: dict[str, Any], opts: pulumi.ResourceOptions) -> CustomResource:
        name = f"{self._name}-{kind.plural}"
        metadata = self._metadata() | ({"name": self._args.name} if kind is ALERTMANAGER else {})
        return custom_resource(name, kind, metadata=metadata, spec=spec, opts=opts)

    def _network_policy(self) -> None:
        args = self._args
        gossip = Flow(peer=Peer(pods=args.pods), ports=(_GOSSIP_PORT,), protocols=("TCP", "UDP"))
        allow(
            self._name,
            scope=args.scope,
            component=args.account,
            pods=args.pods,
            ingress=[gossip, *(Flow(peer=Peer(pods=client), ports=(PORT,)) for client in args.clients)],
            egress=[gossip, *_outside(args.routing), *args.egress],
            opts=self._child,
        )


def _outside(routing: Routing) -> list[Flow]:
    """HTTPS for the services that have credentials, and the submission port where there is mail."""
    if not any(True for receiver in routing.receivers for _ in receiver.secrets()):
        return []
    mail = [channel for receiver in routing.receivers for channel in receiver.channels if isinstance(channel, Email)]
    ports = sorted({int(one.smarthost.rpartition(":")[2]) for one in mail})
    outside = NEEDS["receivers"].flow
    return [outside, *([outside.on(*ports)] if ports else [])]


def _specification(args: AlertmanagerArgs) -> dict[str, Any]:
    labels = args.scope.labels(args.account)
    claim = claim_manifest(args.storage, args.storage_class)
    term = {"labelSelector": {"matchLabels": args.pods}, "topologyKey": "kubernetes.io/hostname"}
    return {
        "replicas": args.replicas,
        "image": ALERTMANAGER_IMAGE,
        "version": ALERTMANAGER_VERSION,
        "serviceAccountName": args.account,
        "priorityClassName": Priority.HIGH.class_name(args.scope.environment),
        "automountServiceAccountToken": False,
        "podMetadata": {"labels": {key: labels[key] for key in labels if key.startswith("platform.io/")}},
        # Global: a route of a namespace's own would see only that namespace's alerts.
        "alertmanagerConfiguration": {"name": args.account},
        "resources": args.resources.as_requirements(),
        "securityContext": dict(SECURITY),
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
        "containers": [{"name": "config-reloader", "resources": RELOADER.as_requirements()}],
        "storage": {"volumeClaimTemplate": {"spec": claim}},
    }
