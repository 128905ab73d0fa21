"""The component of a server: its pods, and all that lets them be reached, scraped and drained.

One builder for all of them: they differ in image, arguments, ports and in what they may reach, and in little else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apps.v1 import DaemonSet, Deployment, StatefulSet
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServiceAccount

from components.kubernetes.identity import with_credentials
from components.kubernetes.network import allow
from components.kubernetes.objects import kept
from components.kubernetes.pods import SINGLE_REPLICA_REASON
from components.kubernetes.scheduling import disruption_budget
from components.monitoring.monitors import pod_monitor, service_monitor
from components.monitoring.rules import prometheus_rule
from components.performance import SKIP_AWAIT
from components.workload.server_pods import ServerArgs, daemon_spec, deployment_spec, stateful_spec


class Server(pulumi.ComponentResource):
    """The objects of one server. Outputs: `host` (cluster-internal DNS name)."""

    host: str

    def __init__(self, name: str, args: ServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:server:Server", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        needs = self._needs()
        self._network_policy()
        self._services()
        if args.replicas > 1:
            disruption_budget(name, metadata=self._metadata(), pods=args.pods, opts=self._child)
        self._pods(pulumi.ResourceOptions(parent=self, depends_on=needs))
        self._watched()
        self.host = args.host
        self.register_outputs({"host": self.host})

    def _metadata(self, name: str | None = None, annotations: Mapping[str, str] | None = None) -> dict[str, Any]:
        return self._args.scope.metadata(self._args.name, name, annotations=annotations)

    def _needs(self) -> list[pulumi.Resource]:
        """What the pods cannot start without."""
        args = self._args
        account = ServiceAccount(
            self._name,
            metadata=self._metadata(annotations=args.service_account_annotations),
            automount_service_account_token=False,
            opts=self._child,
        )
        if not args.files:
            return [account]
        return [account, ConfigMap(self._name, metadata=self._metadata(), data=dict(args.files), opts=self._child)]

    def _network_policy(self) -> None:
        args = self._args
        allow(
            self._name,
            scope=args.scope,
            component=args.name,
            pods=args.pods,
            ingress=args.ingress,
            egress=with_credentials(args.egress, args.service_account_annotations),
            opts=self._child,
        )

    def _services(self) -> None:
        args = self._args
        if args.headless:
            self._service(self._name, args.name, headless=False)
            self._service(f"{self._name}-headless", args.members, headless=True)
        else:
            # A StatefulSet's pods have names only below a headless Service; a DaemonSet's never share an address.
            self._service(self._name, args.name, headless=args.volume is not None or args.nodes is not None)

    def _service(self, resource: str, name: str, *, headless: bool) -> None:
        args = self._args
        ports = [
            {"name": port, "port": number, "target_port": port, "protocol": "TCP"}
            for port, number in args.ports.items()
        ]
        address = {"cluster_ip": "None"} if headless else {}
        Service(
            resource,
            metadata=self._metadata(name, SKIP_AWAIT),
            spec={"type": "ClusterIP", **address, "selector": args.pods, "ports": ports},
            opts=self._child,
        )

    def _pods(self, opts: pulumi.ResourceOptions) -> None:
        args = self._args
        if args.nodes is not None:
            DaemonSet(self._name, metadata=self._metadata(), spec=daemon_spec(args), opts=opts)
            return
        reason = args.single_replica_reason if args.replicas == 1 else ""
        metadata = self._metadata(annotations={SINGLE_REPLICA_REASON: reason} if reason else None)
        if args.volume is None:
            Deployment(self._name, metadata=metadata, spec=deployment_spec(args), opts=opts)
        else:
            spec = stateful_spec(args, args.volume)
            StatefulSet(self._name, metadata=metadata, spec=spec, opts=kept(args.volume.protect, opts))

    def _watched(self) -> None:
        args = self._args
        # Of two Services with the same pods, a monitor of Services would have each pod scraped twice.
        monitor = pod_monitor if args.headless else service_monitor
        if args.metrics:
            monitor(
                self._name,
                scope=args.scope,
                component=args.name,
                selector=args.pods,
                endpoints=args.metrics,
                opts=self._child,
            )
        if args.rules:
            rules = args.rules.within(args.scope.namespace, system=args.scope.system)
            prometheus_rule(self._name, scope=args.scope, component=args.name, rules=rules, opts=self._child)
