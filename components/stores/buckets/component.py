"""Object storage with the S3 interface: MinIO on volumes of the cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import Service, ServiceAccount

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope
from components.kubernetes.needs import DNS
from components.kubernetes.network import Flow, Peer, allow, scrapes
from components.kubernetes.objects import kept
from components.kubernetes.pods import container_security, pod_security, scratch_volumes, spread
from components.kubernetes.quantity import Bytes
from components.kubernetes.scheduling import Priority, disruption_budget
from components.kubernetes.volumes import claim_template
from components.monitoring.monitors import POD_ORDINAL, Endpoint, pod_monitor
from components.monitoring.rules import prometheus_rule
from components.performance import SKIP_AWAIT
from components.platform.credentials import Credential, ExternalStore, SecretBundle, SecretBundleArgs
from components.stores.buckets.alerts import RULES, presence_rules
from components.stores.buckets.buckets import ERASURE_SETS, keeps_erasure_sets
from components.stores.buckets.facts import PORT
from versions import MINIO_IMAGE

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import ContainerArgsDict, EnvVarArgsDict, PodTemplateSpecArgsDict, ProbeArgsDict

# It makes the buckets and their users, and nobody else logs in as it.
_ROOT_USER = "platform-root"
_VOLUMES, _MOUNTS = scratch_volumes({"tmp": "/tmp"})


@dataclass(frozen=True, kw_only=True)
class ObjectStorageArgs:
    """MinIO on `servers` pods, each with a volume of `storage`: one, or at least four that keep an erasure set.

    `clients` are the label selectors of the pods that may connect, `monitoring` is who reads its metrics;
    `zones_required` keeps one zone from having two servers more than another.
    """

    scope: Scope
    name: str
    secret_name: str
    root_password: Credential
    store: ExternalStore | None
    servers: int
    resources: ContainerResources
    storage: Bytes
    storage_class: str | None
    clients: Sequence[Mapping[str, str]] = field(default=())
    zones_required: bool = False
    protect: bool = False
    monitoring: Peer | None = None

    def __post_init__(self) -> None:
        if not keeps_erasure_sets(self.servers):
            raise ValueError(f"{self.servers} MinIO servers keep no erasure set: {ERASURE_SETS}")

    @property
    def pods(self) -> tuple[dict[str, str], ...]:
        """The selectors of its pods."""
        return (self.scope.selector(self.name),)

    def footprint(self) -> Footprint:
        """Its servers; a StatefulSet's update brings no further pod."""
        return Footprint.of(
            self.servers, self.resources, volumes=self.servers, storage=self.storage, protect=self.protect
        )


class ObjectStorage(pulumi.ComponentResource):
    """A MinIO server or erasure set, its Services, Secret, disruption budget and network policy.

    Outputs: `host`, `port`, `endpoint` (URL), `secret_name` (keys `rootUser` and `rootPassword`).
    """

    host: str
    port: int = PORT
    endpoint: str
    secret_name: str

    def __init__(self, name: str, args: ObjectStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:object_storage:ObjectStorage", name, {}, opts)
        self._name, self._args = name, args
        (self._selector,) = args.pods
        child = self._child = pulumi.ResourceOptions(parent=self)
        account = ServiceAccount(name, metadata=self._metadata(), automount_service_account_token=False, opts=child)
        secret = self._secret()
        self._network_policy()
        self._service(args.name, headless=False)
        self._service(f"{args.name}-headless", headless=True)
        if args.servers > 1:
            disruption_budget(name, metadata=self._metadata(), pods=self._selector, opts=self._child)
        self._servers(kept(args.protect, pulumi.ResourceOptions(parent=self, depends_on=[account, secret])))
        self._monitoring()
        self.host, self.secret_name = args.scope.host(args.name), args.secret_name
        self.endpoint = f"http://{self.host}:{PORT}"
        self.register_outputs({"endpoint": self.endpoint, "secret_name": self.secret_name})

    def _metadata(self, name: str | None = None, annotations: dict[str, str] | None = None) -> dict[str, object]:
        args = self._args
        metadata: dict[str, object] = {
            "name": name or args.name,
            "namespace": args.scope.namespace,
            "labels": args.scope.labels(args.name),
        }
        return metadata | ({"annotations": annotations} if annotations else {})

    def _secret(self) -> SecretBundle:
        args = self._args
        return SecretBundle(
            f"{self._name}-secret",
            SecretBundleArgs(
                scope=args.scope,
                secret_name=args.secret_name,
                component=args.name,
                plain={"rootUser": _ROOT_USER},
                secret={"rootPassword": args.root_password},
                store=args.store,
            ),
            self._child,
        )

    def _network_policy(self) -> None:
        itself = Flow(peer=Peer(pods=self._selector), ports=(PORT,))
        clients = [Flow(peer=Peer(pods=client), ports=(PORT,)) for client in self._args.clients]
        allow(
            self._name,
            scope=self._args.scope,
            component=self._args.name,
            pods=self._selector,
            ingress=(itself, *clients, *scrapes(self._args.monitoring, PORT)),
            egress=(itself, DNS),
            opts=self._child,
        )

    def _monitoring(self) -> None:
        scope, component = self._args.scope, self._args.name
        present = presence_rules(component, self._args.servers)
        rules = RULES.plus(present).within(scope.namespace, system=scope.system)
        # By pod: two Services select the servers, and a ServiceMonitor would scrape each server for both.
        endpoint = Endpoint(port="s3", path="/minio/v2/metrics/cluster", relabelings=POD_ORDINAL)
        pod_monitor(
            self._name,
            scope=scope,
            component=component,
            selector=self._selector,
            endpoints=[endpoint],
            opts=self._child,
        )
        prometheus_rule(self._name, scope=scope, component=component, rules=rules, opts=self._child)

    def _service(self, service_name: str, *, headless: bool) -> None:
        Service(
            f"{self._name}-headless" if headless else self._name,
            metadata=self._metadata(service_name, SKIP_AWAIT),
            spec={
                "type": "ClusterIP",
                **({"cluster_ip": "None", "publish_not_ready_addresses": True} if headless else {}),
                "selector": self._selector,
                "ports": [{"name": "s3", "port": PORT, "target_port": "s3", "protocol": "TCP"}],
            },
            opts=self._child,
        )

    def _servers(self, opts: pulumi.ResourceOptions) -> None:
        args = self._args
        StatefulSet(
            self._name,
            metadata=self._metadata(),
            spec={
                "service_name": f"{args.name}-headless",
                "replicas": args.servers,
                # The servers of an erasure set wait for each other at their start.
                "pod_management_policy": "Parallel",
                "revision_history_limit": 5,
                "selector": {"match_labels": self._selector},
                "template": _pod_template(args, self._selector),
                "volume_claim_templates": [_volume_claim(args, self._selector)],
            },
            opts=opts,
        )


def _volume_claim(args: ObjectStorageArgs, labels: dict[str, str]) -> Any:
    # Files are spread over the servers with parity; of what a customer deletes there is no second copy.
    backup = "erasure coding only; database backups lie here, files have no other copy"
    return claim_template(args.storage, args.storage_class, labels, backup)


def _pod_template(args: ObjectStorageArgs, selector: dict[str, str]) -> PodTemplateSpecArgsDict:
    return {
        "metadata": {"labels": args.scope.labels(args.name)},
        "spec": {
            "service_account_name": args.name,
            "automount_service_account_token": False,
            "enable_service_links": False,
            "priority_class_name": Priority.CRITICAL.class_name(args.scope.environment),
            "security_context": pod_security(),
            "termination_grace_period_seconds": 60,
            "topology_spread_constraints": spread(
                selector, "DoNotSchedule" if args.zones_required else "ScheduleAnyway", revision_label=None
            ),
            "containers": [_container(args)],
            "volumes": _VOLUMES,
        },
    }


def _container(args: ObjectStorageArgs) -> ContainerArgsDict:
    live, ready = "/minio/health/live", "/minio/health/ready"
    return {
        "name": "minio",
        "image": MINIO_IMAGE,
        "image_pull_policy": "IfNotPresent",
        "args": ["server", *_endpoints(args)],
        "env": _environment(args.secret_name),
        "ports": [{"name": "s3", "container_port": PORT, "protocol": "TCP"}],
        "resources": args.resources.as_requirements(),
        "security_context": container_security(),
        "startup_probe": _probe(live, period=5, failures=60),
        "liveness_probe": _probe(live, period=20, failures=3),
        "readiness_probe": _probe(ready, period=10, failures=3),
        "volume_mounts": [*_MOUNTS, {"name": "data", "mount_path": "/data"}],
    }


def _endpoints(args: ObjectStorageArgs) -> list[str]:
    if args.servers == 1:
        return ["/data"]
    # MinIO's own notation for a range of servers, three dots and all.
    return [f"http://{args.name}-{{0...{args.servers - 1}}}.{args.scope.host(f'{args.name}-headless')}:{PORT}/data"]


def _environment(secret_name: str) -> list[EnvVarArgsDict]:
    keys = {"MINIO_ROOT_USER": "rootUser", "MINIO_ROOT_PASSWORD": "rootPassword"}
    from_secret: list[EnvVarArgsDict] = [
        {"name": name, "value_from": {"secret_key_ref": {"name": secret_name, "key": key}}}
        for name, key in keys.items()
    ]
    # MinIO keeps its certificates below HOME, and the root file system is read-only.
    # Metrics without a token, since the network policy says who reads them.
    plain: list[EnvVarArgsDict] = [
        {"name": "HOME", "value": "/tmp"},
        {"name": "MINIO_PROMETHEUS_AUTH_TYPE", "value": "public"},
    ]
    return [*plain, *from_secret]


def _probe(path: str, *, period: int, failures: int) -> ProbeArgsDict:
    return {
        "http_get": {"path": path, "port": "s3"},
        "period_seconds": period,
        "timeout_seconds": 5,
        "failure_threshold": failures,
    }
