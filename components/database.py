"""PostgreSQL, run by the CloudNativePG operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.credentials import Credential, ExternalStore, SecretBundle, SecretBundleArgs
from components.footprint import ContainerResources, Footprint
from components.naming import Scope
from components.network import DNS, KUBERNETES_API, Flow, Peer, allow, scrapes
from components.observability import stores
from components.observability.monitors import Endpoint, pod_monitor
from components.observability.rules import prometheus_rule
from components.priority import Priority
from components.quantity import Bytes
from versions import POSTGRESQL_CLUSTER, POSTGRESQL_IMAGE

PORT = 5432
# The instance manager serves its metrics itself.
METRICS_PORT = 9187
# The operator asks each instance for its state on this port.
_STATUS_PORT = 8000
_OPERATOR_NAMESPACE = "cnpg-system"


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """A PostgreSQL cluster of `instances`, each with a volume of `storage`.

    `parameters` go to `postgresql.conf`; `clients` are the label selectors of the pods that may connect, `monitoring`
    is who reads its metrics. `zones_required` makes instances of one cluster refuse to share a zone.
    """

    scope: Scope
    cluster_name: str
    database: str
    owner: str
    secret_name: str
    password: Credential
    store: ExternalStore | None
    instances: int
    resources: ContainerResources
    storage: Bytes
    storage_class: str | None
    parameters: Mapping[str, str]
    clients: Sequence[Mapping[str, str]] = field(default=())
    monitoring: Peer | None = None
    zones_required: bool = False
    protect: bool = False

    @property
    def host(self) -> str:
        """The DNS name of the primary: the operator makes the Services `-rw`, `-ro` and `-r`."""
        return self.scope.host(f"{self.cluster_name}-rw")

    @property
    def pods(self) -> tuple[dict[str, str], ...]:
        """The selectors of its pods, by the labels that the operator gives them."""
        return ({"cnpg.io/cluster": self.cluster_name},)

    def footprint(self) -> Footprint:
        """Its instances, and one more that joins while another is replaced."""
        return Footprint.of(self.instances + 1, self.resources, volumes=self.instances + 1, storage=self.storage)


class Database(pulumi.ComponentResource):
    """A PostgreSQL cluster with its application user, its Secret and its network policy.

    Outputs: `host` (of the primary), `port`, `database`, `secret_name` (keys `username` and `password`).
    """

    host: str
    port: int = PORT
    database: str
    secret_name: str

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:database:Database", name, {}, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)
        secret = self._secret(child)
        self._network_policy(child)
        self._cluster(secret)
        self._monitoring(child)
        self.host, self.database, self.secret_name = args.host, args.database, args.secret_name
        self.register_outputs({"host": self.host, "port": PORT, "database": self.database})

    def _secret(self, opts: pulumi.ResourceOptions) -> SecretBundle:
        args = self._args
        return SecretBundle(
            f"{self._name}-secret",
            SecretBundleArgs(
                scope=args.scope,
                secret_name=args.secret_name,
                component=args.cluster_name,
                type="kubernetes.io/basic-auth",
                plain={"username": args.owner},
                secret={"password": args.password},
                store=args.store,
            ),
            opts,
        )

    def _network_policy(self, opts: pulumi.ResourceOptions) -> None:
        (pods,) = self._args.pods
        itself = Flow(peer=Peer(pods=pods), ports=(PORT, _STATUS_PORT))
        operator = Flow(peer=Peer(namespace=_OPERATOR_NAMESPACE), ports=(PORT, _STATUS_PORT))
        clients = [Flow(peer=Peer(pods=client), ports=(PORT,)) for client in self._args.clients]
        allow(
            self._name,
            scope=self._args.scope,
            component=self._args.cluster_name,
            pods=pods,
            ingress=(itself, operator, *clients, *scrapes(self._args.monitoring, METRICS_PORT)),
            # The instance manager keeps its leader lease at the API server.
            egress=(itself, DNS, KUBERNETES_API),
            opts=opts,
        )

    def _monitoring(self, opts: pulumi.ResourceOptions) -> None:
        args = self._args
        (pods,) = args.pods
        component, scope = args.cluster_name, args.scope
        rules = stores.POSTGRESQL.within(scope.namespace, system=scope.system)
        endpoint = Endpoint(port="metrics")
        pod_monitor(self._name, scope=scope, component=component, selector=pods, endpoints=[endpoint], opts=opts)
        prometheus_rule(self._name, scope=scope, component=component, rules=rules, opts=opts)

    def _cluster(self, secret: SecretBundle) -> CustomResource:
        args = self._args
        storage = {"size": str(args.storage)}
        return CustomResource(
            self._name,
            api_version=POSTGRESQL_CLUSTER.api_version,
            kind=POSTGRESQL_CLUSTER.kind,
            metadata={
                "name": args.cluster_name,
                "namespace": args.scope.namespace,
                "labels": args.scope.labels(args.cluster_name),
                "annotations": {"pulumi.com/waitFor": "condition=Ready"},
            },
            spec={
                "instances": args.instances,
                "imageName": POSTGRESQL_IMAGE,
                "enableSuperuserAccess": False,
                "priorityClassName": Priority.CRITICAL.class_name(args.scope.environment),
                "bootstrap": {
                    "initdb": {
                        "database": args.database,
                        "owner": args.owner,
                        "secret": {"name": args.secret_name},
                        "dataChecksums": True,
                    }
                },
                "postgresql": {"parameters": dict(args.parameters)},
                "resources": args.resources.as_requirements(),
                "storage": storage | ({"storageClass": args.storage_class} if args.storage_class else {}),
                "affinity": {
                    "enablePodAntiAffinity": True,
                    "topologyKey": "topology.kubernetes.io/zone",
                    "podAntiAffinityType": "required" if args.zones_required else "preferred",
                },
                "inheritedMetadata": {"labels": _inherited(args)},
            },
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[secret], protect=args.protect or None, retain_on_delete=args.protect or None
            ),
        )


def _inherited(args: DatabaseArgs) -> dict[str, str]:
    """Labels for the operator's own objects, so that one selector finds the system whole."""
    labels = args.scope.labels(args.cluster_name)
    return {key: labels[key] for key in sorted(labels) if key.startswith("platform.io/")}
