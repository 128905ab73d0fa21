"""The component of every program of the telemetry: its pods, and all that lets them be reached, scraped and drained."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment, StatefulSet
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServiceAccount

from components.disruption import disruption_budget
from components.network import allow
from components.observability.monitors import pod_monitor
from components.observability.rules import prometheus_rule
from components.performance import SKIP_AWAIT
from components.pods import SINGLE_REPLICA_REASON
from components.telemetry.alerts import watched
from components.telemetry.args import ProgramArgs
from components.telemetry.pod import pod_template
from components.volume_claims import claim_template


class Program(pulumi.ComponentResource):
    """A program with its configuration, Services, monitor, alerts and network policy. Outputs: `host`."""

    host: str

    def __init__(self, name: str, args: ProgramArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:telemetry:Program", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        account = self._account()
        files = ConfigMap(name, metadata=self._metadata(), data=dict(args.files), opts=self._child)
        self._network_policy()
        self._service(args.name)
        self._service(args.headless)
        if args.replicas > 1:
            disruption_budget(name, metadata=self._metadata(), pods=args.pods, opts=self._child)
        self._pods(pulumi.ResourceOptions(parent=self, depends_on=[account, files]))
        self._watched()
        self.host = args.host
        self.register_outputs({"host": self.host})

    def _metadata(self, name: str | None = None, annotations: dict[str, str] | None = None) -> dict[str, Any]:
        return self._args.scope.metadata(self._args.name, name, annotations=annotations)

    def _account(self) -> ServiceAccount:
        metadata = self._metadata(annotations=dict(self._args.service_account_annotations))
        return ServiceAccount(self._name, metadata=metadata, automount_service_account_token=False, opts=self._child)

    def _network_policy(self) -> None:
        args = self._args
        allow(
            self._name,
            scope=args.scope,
            component=args.name,
            pods=args.pods,
            ingress=args.ingress,
            egress=args.egress,
            opts=self._child,
        )

    def _service(self, name: str) -> None:
        args = self._args
        headless = name == args.headless
        ports = [
            {"name": port, "port": number, "target_port": port, "protocol": "TCP"}
            for port, number in args.ports.items()
        ]
        Service(
            f"{self._name}-headless" if headless else self._name,
            metadata=self._metadata(name, SKIP_AWAIT),
            spec={
                "type": "ClusterIP",
                **({"cluster_ip": "None"} if headless else {}),
                "selector": args.pods,
                "ports": ports,
            },
            opts=self._child,
        )

    def _pods(self, opts: pulumi.ResourceOptions) -> None:
        args = self._args
        reason = args.single_replica_reason if args.replicas == 1 else ""
        metadata = self._metadata(annotations={SINGLE_REPLICA_REASON: reason} if reason else None)
        spec: dict[str, Any] = {
            "replicas": args.replicas,
            "selector": {"match_labels": args.pods},
            "revision_history_limit": 5,
            "template": pod_template(args),
        }
        if args.volume is None:
            update = {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}}
            Deployment(self._name, metadata=metadata, spec={**spec, "strategy": update}, opts=opts)
            return
        # Members find each other only once all of them are there.
        stateful = {"service_name": args.headless, "pod_management_policy": "Parallel"}
        volume = args.volume
        claim = claim_template(volume.size, volume.storage_class, args.pods, volume.backup)
        keep = volume.protect or None
        StatefulSet(
            self._name,
            metadata=metadata,
            spec={**spec, **stateful, "volume_claim_templates": [claim]},
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=keep, retain_on_delete=keep)),
        )

    def _watched(self) -> None:
        args = self._args
        pod_monitor(
            self._name,
            scope=args.scope,
            component=args.name,
            selector=args.pods,
            endpoints=args.metrics,
            opts=self._child,
        )
        rules = watched(args.name, args.rules).within(args.scope.namespace, system=args.scope.system)
        prometheus_rule(self._name, scope=args.scope, component=args.name, rules=rules, opts=self._child)
