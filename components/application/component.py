"""The component of a service."""

from __future__ import annotations

from dataclasses import replace

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ServiceAccount
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

from components.application.args import ApplicationArgs
from components.application.autoscaler import horizontal_autoscaler
from components.application.deployment import deployment_spec
from components.application.service import application_service, object_metadata
from components.disruption import disruption_budget
from components.network import allow
from components.observability.monitors import POD_ORDINAL, pod_monitor, service_monitor
from components.pods import SINGLE_REPLICA_REASON
from components.routing.release import primary_name


class Application(pulumi.ComponentResource):
    """A service, from its service account to its autoscaler.

    What few services have is imported by those alone: imports are most of what a preview costs.
    Outputs: `host` (cluster-internal DNS name), `port`.
    """

    host: str
    port: int

    def __init__(self, name: str, args: ApplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:application:Application", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        needs: list[pulumi.Resource] = [] if args.service_account else [self._service_account()]
        if args.rules:
            self._access()
        if args.ingress or args.egress:
            self._network_policy()
        if args.files.storage or args.files.configuration:
            from components.application.claims import volume_objects

            needs += volume_objects(name, args, self._child)
        self._pods(needs)
        if args.metrics:
            self._monitor()
        self._scaling()
        if args.replicas.minimum > 1:
            disruption_budget(name, metadata=self._metadata(), pods=args.pods, opts=self._child)
        self.host, self.port = args.scope.host(args.name), args.port
        self.register_outputs({"host": self.host, "port": self.port})

    def _metadata(self, annotations: dict[str, str] | None = None) -> dict[str, object]:
        return object_metadata(self._args, annotations)

    def _service_account(self) -> ServiceAccount:
        metadata = self._metadata(dict(self._args.service_account_annotations))
        return ServiceAccount(self._name, metadata=metadata, automount_service_account_token=False, opts=self._child)

    def _access(self) -> None:
        Role(self._name, metadata=self._metadata(), rules=[dict(rule) for rule in self._args.rules], opts=self._child)
        RoleBinding(
            self._name,
            metadata=self._metadata(),
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": self._args.name},
            subjects=[
                {"kind": "ServiceAccount", "name": self._args.name, "namespace": self._args.scope.namespace},
            ],
            opts=self._child,
        )

    def _network_policy(self) -> None:
        allow(
            self._name,
            scope=self._args.scope,
            component=self._args.name,
            pods=self._args.pods,
            ingress=self._args.ingress,
            egress=self._args.egress,
            opts=self._child,
        )

    def _pods(self, needs: list[pulumi.Resource]) -> None:
        """What makes the pods, with the Services in front of them."""
        args, opts = self._args, pulumi.ResourceOptions(parent=self, depends_on=needs)
        if args.stateful:
            from components.application.stateful import headless_service, stateful_set

            headless_service(self._name, args, self._child)
            stateful_set(self._name, args, self._metadata(self._reason()), opts)
            application_service(self._name, args, self._child)
            return
        deployment = self._deployment(opts)
        if args.release:
            from components.application.released import released

            released(self._name, args, args.release, candidate=deployment, needs=needs, parent=self)
        else:
            application_service(self._name, args, self._child)

    def _reason(self) -> dict[str, str] | None:
        reason = self._args.single_replica_reason
        return {SINGLE_REPLICA_REASON: reason} if reason else None

    def _deployment(self, opts: pulumi.ResourceOptions) -> Deployment:
        # Of a release this is the candidate: whoever releases it says how many pods it has.
        fields = ["spec.replicas"] if self._args.release else self._args.replicas.owned
        owned = pulumi.ResourceOptions(ignore_changes=fields or None)
        return Deployment(
            self._name,
            metadata=self._metadata(self._reason()),
            spec=deployment_spec(self._args),
            opts=pulumi.ResourceOptions.merge(opts, owned),
        )

    def _monitor(self) -> None:
        """By pod where two Services select the pods: a ServiceMonitor would scrape each of them for both."""
        args = self._args
        monitor = pod_monitor if args.stateful else service_monitor
        endpoints = [
            replace(one, port=args.all_ports.target(one.port), relabelings=POD_ORDINAL) if args.stateful else one
            for one in args.metrics
        ]
        monitor(
            self._name,
            scope=args.scope,
            component=args.name,
            endpoints=endpoints,
            selector=args.pods,
            opts=self._child,
        )

    def _scaling(self) -> None:
        args, metadata = self._args, self._metadata()
        if args.replicas.autoscaled:
            scaler = horizontal_autoscaler
            if args.replicas.metrics:
                from components.application.scaled_object import scaled_object as scaler
            scaler(
                self._name,
                metadata=metadata,
                kind=args.workload,
                target=self._scaled,
                replicas=args.replicas,
                opts=self._child,
            )
        if args.vertical:
            from components.application.vertical import vertical_autoscaler

            vertical_autoscaler(
                self._name,
                metadata=metadata,
                target=self._scaled,
                args=args,
                vertical=args.vertical,
                opts=self._child,
            )

    @property
    def _scaled(self) -> str:
        """The Deployment or StatefulSet that serves; Flagger makes an autoscaler of its own for that one."""
        release = self._args.release
        return primary_name(self._args.name) if release and release.controller == "none" else self._args.name
