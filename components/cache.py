"""Redis as a sharded cluster, run by the OT-CONTAINER-KIT operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.cache_settings import RedisSettings, Use
from components.configuration import config_map
from components.credentials import Credential, ExternalStore, SecretBundle, SecretBundleArgs
from components.footprint import ContainerResources, Footprint
from components.naming import Scope
from components.network import DNS, Flow, Peer, allow, scrapes
from components.observability import stores
from components.observability.monitors import POD_ORDINAL, Endpoint, pod_monitor
from components.observability.rules import prometheus_rule
from components.priority import Priority
from components.quantity import Bytes
from versions import REDIS_CLUSTER, REDIS_EXPORTER_IMAGE, REDIS_IMAGE

PORT = 6379
# Redis Cluster's own traffic between its nodes: the port plus 10000.
_BUS_PORT = 16379
METRICS_PORT = 9121
# Under which the operator looks in the ConfigMap; it includes the file after its own.
_CONFIGURATION_KEY = "redis-additional.conf"
_OPERATOR_NAMESPACE = "redis-operator"
# The user of the operator's Redis image.
_USER_ID = 1000
_ROLES = ("leader", "follower")
EXPORTER = ContainerResources.of("50m", "100m", "64Mi", "128Mi")

# The container fields of the Restricted standard in the notation of a custom resource. Redis writes its node table
# beside its configuration, so the root file system stays writable here.
_SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
}


@dataclass(frozen=True, kw_only=True)
class CacheArgs:
    """A Redis cluster of `shards`, each a leader and a follower with a volume of `storage`.

    `clients` are the label selectors of the pods that may connect, `monitoring` is who reads its metrics; `use` decides
    what goes when memory is full.
    """

    scope: Scope
    cluster_name: str
    secret_name: str
    password: Credential
    store: ExternalStore | None
    shards: int
    resources: ContainerResources
    storage: Bytes
    storage_class: str | None
    clients: Sequence[Mapping[str, str]] = field(default=())
    monitoring: Peer | None = None
    use: Use = "session"

    @property
    def settings(self) -> RedisSettings:
        """What Redis is configured with: memory from the container's limit, eviction from the use."""
        return RedisSettings(use=self.use, memory_limit=self.resources.memory_limit)

    @property
    def host(self) -> str:
        """The DNS name of the leaders' Service, which the operator makes."""
        return self.scope.host(f"{self.cluster_name}-leader")

    @property
    def pods(self) -> tuple[dict[str, str], ...]:
        """The selectors of its pods, by the labels that the operator gives them: leaders, then followers."""
        return tuple({"app": f"{self.cluster_name}-{role}", "role": role} for role in _ROLES)

    def footprint(self) -> Footprint:
        """Leaders and followers of all shards; the exporter runs beside each in its pod."""
        pods = self.shards * len(_ROLES)
        return Footprint.of(pods, self.resources, volumes=pods, storage=self.storage) + Footprint.of(pods, EXPORTER)


class Cache(pulumi.ComponentResource):
    """A Redis cluster with password, exporter, disruption budgets and network policy.

    Outputs: `host` (of the leaders), `port`, `secret_name` (key `password`).
    """

    host: str
    port: int = PORT
    secret_name: str

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:cache:Cache", name, {}, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)
        secret = SecretBundle(
            f"{name}-secret",
            SecretBundleArgs(
                scope=args.scope,
                secret_name=args.secret_name,
                component=args.cluster_name,
                plain={},
                secret={"password": args.password},
                store=args.store,
            ),
            child,
        )
        for pods in args.pods:
            self._network_policy(pods, child)
            self._monitor(pods, child)
        self._rules(child)
        configuration = config_map(
            name,
            scope=args.scope,
            config_name=args.cluster_name,
            data={_CONFIGURATION_KEY: args.settings.as_configuration()},
            opts=child,
        )
        self._cluster(pulumi.ResourceOptions(parent=self, depends_on=[secret, configuration]))
        self.host, self.secret_name = args.host, args.secret_name
        self.register_outputs({"host": self.host, "port": PORT, "secret_name": self.secret_name})

    def _monitor(self, pods: dict[str, str], opts: pulumi.ResourceOptions) -> None:
        pod_monitor(
            f"{self._name}-{pods['role']}",
            scope=self._args.scope,
            component=pods["app"],
            selector=pods,
            endpoints=[Endpoint(port="redis-exporter", relabelings=POD_ORDINAL)],
            opts=opts,
        )

    def _rules(self, opts: pulumi.ResourceOptions) -> None:
        scope, component = self._args.scope, self._args.cluster_name
        rules = stores.REDIS.within(scope.namespace, system=scope.system)
        prometheus_rule(self._name, scope=scope, component=component, rules=rules, opts=opts)

    def _network_policy(self, pods: dict[str, str], opts: pulumi.ResourceOptions) -> None:
        itself = [Flow(peer=Peer(pods=other), ports=(PORT, _BUS_PORT)) for other in self._args.pods]
        operator = Flow(peer=Peer(namespace=_OPERATOR_NAMESPACE), ports=(PORT,))
        clients = [Flow(peer=Peer(pods=client), ports=(PORT,)) for client in self._args.clients]
        allow(
            f"{self._name}-{pods['role']}",
            scope=self._args.scope,
            component=pods["app"],
            pods=pods,
            ingress=(*itself, operator, *clients, *scrapes(self._args.monitoring, METRICS_PORT)),
            egress=(*itself, DNS),
            opts=opts,
        )

    def _cluster(self, opts: pulumi.ResourceOptions) -> None:
        args = self._args
        CustomResource(
            self._name,
            api_version=REDIS_CLUSTER.api_version,
            kind=REDIS_CLUSTER.kind,
            metadata={
                "name": args.cluster_name,
                "namespace": args.scope.namespace,
                "labels": args.scope.labels(args.cluster_name),
                "annotations": {"pulumi.com/waitFor": "jsonpath={.status.state}=Ready"},
            },
            spec={
                "clusterSize": args.shards,
                "clusterVersion": "v7",
                "persistenceEnabled": True,
                "priorityClassName": Priority.CRITICAL.class_name(args.scope.environment),
                "kubernetesConfig": {
                    "image": REDIS_IMAGE,
                    "imagePullPolicy": "IfNotPresent",
                    "resources": args.resources.as_requirements(),
                    "redisSecret": {"name": args.secret_name, "key": "password"},
                },
                "podSecurityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": _USER_ID,
                    "fsGroup": _USER_ID,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                **{f"redis{pods['role'].title()}": self._role(pods) for pods in args.pods},
                "redisExporter": {
                    "enabled": True,
                    "image": REDIS_EXPORTER_IMAGE,
                    "imagePullPolicy": "IfNotPresent",
                    "port": METRICS_PORT,
                    "resources": EXPORTER.as_requirements(),
                    "securityContext": _SECURITY,
                },
                "storage": {"volumeClaimTemplate": self._volume()},
            },
            opts=opts,
        )

    def _role(self, pods: dict[str, str]) -> dict[str, Any]:
        spread = {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": pods},
        }
        return {
            "replicas": self._args.shards,
            "securityContext": _SECURITY,
            "redisConfig": {"additionalRedisConfig": self._args.cluster_name},
            "pdb": {"enabled": True, "maxUnavailable": 1},
            "topologySpreadConstraints": [spread],
        }

    def _volume(self) -> dict[str, Any]:
        args = self._args
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": str(args.storage)}}}
        return {"spec": claim | ({"storageClassName": args.storage_class} if args.storage_class else {})}
