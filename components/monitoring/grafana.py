"""Grafana, with its data source and dashboards from files: what somebody changes by hand is gone at the next start."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServiceAccount

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope
from components.kubernetes.network import Flow, Peer, allow
from components.kubernetes.objects import checksum
from components.kubernetes.pods import SINGLE_REPLICA_REASON, container_security, pod_security, scratch_volumes, spread
from components.kubernetes.scheduling import Priority
from components.monitoring.dashboards import DATA_SOURCE, Board
from components.monitoring.monitors import Endpoint, service_monitor
from components.performance import SKIP_AWAIT
from versions import GRAFANA_IMAGE

NAME = "grafana"
PORT = 3000
# The CloudLens document's cost table gives Grafana one core and 2 GB.
_RESOURCES = ContainerResources.of("250m", "1", "512Mi", "2Gi")
_SINGLE_REPLICA = "People's sessions are in the pod's own database; a second pod would ask for the password again."
_PROVISIONING, _BOARDS, _CA = "/etc/grafana/provisioning", "/var/lib/grafana-dashboards", "/etc/grafana/prometheus-ca"


@dataclass(frozen=True, kw_only=True)
class GrafanaArgs:
    """`boards` are shown from what answers PromQL at `prometheus_url`, whose certificate's authority is in `ca_secret`.

    `prometheus_pods` and `prometheus_port` are its own, `metrics_reader` is who scrapes Grafana.
    `admin_secret` has the administrator's password under `password`. It keeps no state: one pod. `sources` are further
    data sources, as Grafana's file has them, and `egress` the ways there.
    """

    scope: Scope
    boards: Sequence[Board]
    prometheus_url: str
    prometheus_pods: Mapping[str, str]
    metrics_reader: Peer
    admin_secret: str
    prometheus_port: int = 9090
    ca_secret: str | None = None
    sources: Sequence[Mapping[str, Any]] = ()
    egress: Sequence[Flow] = ()
    resources: ContainerResources = _RESOURCES

    def footprint(self) -> Footprint:
        """Its pod, and the one that replaces it."""
        return Footprint.of(2, self.resources)

    def provisioning(self) -> dict[str, str]:
        """The files that say where data and dashboards come from."""
        return {"datasources.yaml": _json(self._data_sources()), "dashboards.yaml": _json(_PROVIDERS)}

    def _data_sources(self) -> dict[str, Any]:
        tls = {"jsonData": {"tlsAuthWithCACert": True}} if self.ca_secret else {}
        secure = {"secureJsonData": {"tlsCACert": f"$__file{{{_CA}/ca.crt}}"}} if self.ca_secret else {}
        source = {"name": "Prometheus", "uid": DATA_SOURCE, "type": "prometheus", "access": "proxy"}
        return {
            "apiVersion": 1,
            "datasources": [
                {**source, "url": self.prometheus_url, "isDefault": True, **tls, **secure},
                *map(dict, self.sources),
            ],
        }


_PROVIDERS = {
    "apiVersion": 1,
    "providers": [{"name": "platform", "type": "file", "allowUiUpdates": False, "options": {"path": _BOARDS}}],
}


def _json(document: Mapping[str, Any]) -> str:
    # Grafana reads YAML, of which JSON is a part.
    return json.dumps(document, indent=2, sort_keys=True)


class Grafana(pulumi.ComponentResource):
    """Grafana with a ConfigMap for each dashboard, its Service, monitor and network policy. Outputs: none."""

    def __init__(self, name: str, args: GrafanaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:observability:Grafana", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._selector = args.scope.selector(NAME)
        account = ServiceAccount(
            name, metadata=self._metadata(), automount_service_account_token=False, opts=self._child
        )
        needs = [account, self._config_map("grafana-provisioning", args.provisioning())]
        needs += [self._config_map(f"dashboard-{one.uid}", {f"{one.uid}.json": one.as_json()}) for one in args.boards]
        self._network_policy()
        self._service()
        self._deployment(pulumi.ResourceOptions(parent=self, depends_on=needs))
        endpoint = Endpoint(port="http")
        service_monitor(name, scope=args.scope, component=NAME, endpoints=[endpoint], opts=self._child)
        self.register_outputs({})

    def _metadata(self, name: str = NAME, annotations: Mapping[str, str] | None = None) -> dict[str, Any]:
        return self._args.scope.metadata(name, annotations=annotations)

    def _config_map(self, name: str, data: Mapping[str, str]) -> ConfigMap:
        return ConfigMap(f"{self._name}-{name}", metadata=self._metadata(name), data=dict(data), opts=self._child)

    def _network_policy(self) -> None:
        allow(
            self._name,
            scope=self._args.scope,
            component=NAME,
            pods=self._selector,
            ingress=[Flow(peer=self._args.metrics_reader, ports=(PORT,))],
            egress=[
                Flow(peer=Peer(pods=self._args.prometheus_pods), ports=(self._args.prometheus_port,)),
                *self._args.egress,
            ],
            opts=self._child,
        )

    def _service(self) -> None:
        port = {"name": "http", "port": PORT, "target_port": "http", "protocol": "TCP"}
        Service(
            self._name,
            metadata=self._metadata(annotations=SKIP_AWAIT),
            spec={"type": "ClusterIP", "selector": self._selector, "ports": [port]},
            opts=self._child,
        )

    def _deployment(self, opts: pulumi.ResourceOptions) -> None:
        update = {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}}
        Deployment(
            self._name,
            metadata=self._metadata(annotations={SINGLE_REPLICA_REASON: _SINGLE_REPLICA}),
            spec={
                "replicas": 1,
                "selector": {"match_labels": self._selector},
                "strategy": update,
                "revision_history_limit": 5,
                "template": _pod_template(self._args, self._metadata()["labels"], self._selector),
            },
            opts=opts,
        )


def _pod_template(args: GrafanaArgs, labels: dict[str, str], selector: dict[str, str]) -> Any:
    volumes, mounts = _volumes(args)
    files = {board.uid: board.as_json() for board in args.boards} | args.provisioning()
    return {
        "metadata": {"labels": labels, "annotations": checksum(files)},
        "spec": {
            "service_account_name": NAME,
            "automount_service_account_token": False,
            "enable_service_links": False,
            "priority_class_name": Priority.DEFAULT.class_name(args.scope.environment),
            "security_context": pod_security(),
            "termination_grace_period_seconds": 30,
            "topology_spread_constraints": spread(selector, "ScheduleAnyway"),
            "containers": [_container(args, mounts)],
            "volumes": volumes,
        },
    }


def _volumes(args: GrafanaArgs) -> tuple[list[Any], list[Any]]:
    volumes, mounts = scratch_volumes({"tmp": "/tmp", "data": "/var/lib/grafana"})
    boards = [{"config_map": {"name": f"dashboard-{board.uid}"}} for board in args.boards]
    volumes.append({"name": "dashboards", "projected": {"sources": boards}})
    mounts.append({"name": "dashboards", "mount_path": _BOARDS, "read_only": True})
    files = {"datasources.yaml": "datasources", "dashboards.yaml": "dashboards"}
    items = [{"key": key, "path": f"{folder}/{key}"} for key, folder in files.items()]
    volumes.append({"name": "provisioning", "config_map": {"name": "grafana-provisioning", "items": items}})
    mounts.append({"name": "provisioning", "mount_path": _PROVISIONING, "read_only": True})
    if args.ca_secret:
        authority = [{"key": "ca.crt", "path": "ca.crt"}]
        volumes.append({"name": "ca", "secret": {"secret_name": args.ca_secret, "items": authority}})
        mounts.append({"name": "ca", "mount_path": _CA, "read_only": True})
    return volumes, mounts


def _container(args: GrafanaArgs, mounts: list[Any]) -> Any:
    probe = {"http_get": {"path": "/api/health", "port": "http"}, "period_seconds": 10, "timeout_seconds": 5}
    password = {"secret_key_ref": {"name": args.admin_secret, "key": "password"}}
    return {
        "name": NAME,
        "image": GRAFANA_IMAGE,
        "image_pull_policy": "IfNotPresent",
        "ports": [{"name": "http", "container_port": PORT, "protocol": "TCP"}],
        "env": [
            {"name": "GF_USERS_ALLOW_SIGN_UP", "value": "false"},
            {"name": "GF_ANALYTICS_REPORTING_ENABLED", "value": "false"},
            {"name": "GF_SECURITY_ADMIN_PASSWORD", "value_from": password},
        ],
        "resources": args.resources.as_requirements(),
        "security_context": container_security(),
        "startup_probe": {**probe, "failure_threshold": 30},
        # /healthz answers while the process does; /api/health asks the database, too.
        "liveness_probe": {**probe, "http_get": {"path": "/healthz", "port": "http"}, "failure_threshold": 3},
        "readiness_probe": {**probe, "period_seconds": 5, "failure_threshold": 2},
        "volume_mounts": mounts,
    }
