"""The component of a stateless service."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscaler
from pulumi_kubernetes.core.v1 import Service, ServiceAccount
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

from components.application.args import ApplicationArgs
from components.application.deployment import deployment_spec, service_ports
from components.network import allow
from components.observability.monitors import service_monitor
from components.performance import SKIP_AWAIT
from components.pods import SINGLE_REPLICA_REASON
from components.routing.release import TRACK_LABEL, Release, primary_name


class Application(pulumi.ComponentResource):
    """A stateless service, from its service account to its autoscaler.

    Outputs: `host` (cluster-internal DNS name), `port`.
    """

    host: str
    port: int

    def __init__(self, name: str, args: ApplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:application:Application", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        account = [] if args.service_account else [self._service_account()]
        if args.rules:
            self._access()
        if args.ingress or args.egress:
            self._network_policy()
        deployment = self._deployment(pulumi.ResourceOptions(parent=self, depends_on=account))
        if args.release:
            self._released(args.release, deployment, account)
        else:
            self._service()
        if args.metrics:
            self._monitor()
        if args.replicas.autoscaled:
            self._autoscaler()
        if args.replicas.minimum > 1:
            self._disruption_budget()
        self.host, self.port = args.scope.host(args.name), args.ports["http"]
        self.register_outputs({"host": self.host, "port": self.port})

    def _metadata(self, annotations: dict[str, str] | None = None) -> dict[str, object]:
        args = self._args
        metadata = args.scope.metadata(args.component, args.name, annotations=annotations)
        return metadata | {"labels": args.labels | args.pods}

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

    def _deployment(self, opts: pulumi.ResourceOptions) -> Deployment:
        reason = self._args.single_replica_reason
        # Of a release this is the candidate: whoever releases it says how many pods it has.
        owned = pulumi.ResourceOptions(ignore_changes=["spec.replicas"] if self._args.release else None)
        return Deployment(
            self._name,
            metadata=self._metadata({SINGLE_REPLICA_REASON: reason} if reason else None),
            spec=deployment_spec(self._args),
            opts=pulumi.ResourceOptions.merge(opts, owned),
        )

    def _service(
        self,
        selector: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> Service:
        return Service(
            self._name,
            metadata=self._metadata({**SKIP_AWAIT, **(annotations or {})}),
            spec={
                "type": "ClusterIP",
                "selector": dict(selector or self._args.selector),
                "ports": service_ports(self._args),
            },
            opts=opts or self._child,
        )

    def _released(self, release: Release, candidate: Deployment, account: list[ServiceAccount]) -> None:
        """Everything that a release has and a rolling update has not."""
        # Only here: most environments release nothing so, and imports are most of what a preview costs.
        from components.routing.declared import declared_route, release_annotations, versions_services
        from components.routing.flagger import Target, alert_provider, canary

        args = self._args
        target = Target(
            name=args.name,
            port=args.ports["http"],
            further_ports=len(args.ports) > 1,
            autoscaled=args.replicas.autoscaled,
            locality=args.zone_spread == "DoNotSchedule",
        )
        if release.controller == "flagger":
            owned = ["spec.selector", "spec.ports"]
            service = self._service(opts=pulumi.ResourceOptions(parent=self, ignore_changes=owned))
            needs = pulumi.ResourceOptions(parent=self, depends_on=[candidate, service])
            canary(self._name, scope=args.scope, target=target, release=release, opts=needs)
            if release.alert:
                alert_provider(self._name, scope=args.scope, target=target, channel=release.alert, opts=self._child)
            return
        stable = self._stable(pulumi.ResourceOptions(parent=self, depends_on=account, ignore_changes=["spec.template"]))
        # Traffic is turned to the stable version's pods only when they are there.
        after = pulumi.ResourceOptions(parent=self, depends_on=[stable])
        services = versions_services(
            self._name, scope=args.scope, target=target, ports=service_ports(args), opts=self._child
        )
        if release.by_selector:
            noted = release_annotations(args.name, target.port, release)
            owned_after = pulumi.ResourceOptions(parent=self, depends_on=[stable], ignore_changes=["spec.selector"])
            self._service({TRACK_LABEL: primary_name(args.name)}, noted, owned_after)
            return
        self._service({TRACK_LABEL: primary_name(args.name)}, opts=after)
        needs = pulumi.ResourceOptions(parent=self, depends_on=[stable, *services])
        declared_route(self._name, scope=args.scope, target=target, release=release, opts=needs)

    def _stable(self, opts: pulumi.ResourceOptions) -> Deployment:
        """The version that serves. It begins as what is declared; from then on only a promotion changes its pods."""
        args, name = self._args, primary_name(self._args.name)
        return Deployment(
            f"{self._name}-primary",
            metadata={
                "name": name,
                "namespace": args.scope.namespace,
                "labels": args.scope.labels(name),
            },
            spec=deployment_spec(args, stable=True),
            opts=opts,
        )

    def _monitor(self) -> None:
        args = self._args
        service_monitor(
            self._name,
            scope=args.scope,
            component=args.name,
            endpoints=args.metrics,
            selector=args.pods,
            opts=self._child,
        )

    def _autoscaler(self) -> None:
        replicas = self._args.replicas
        targets = {"cpu": replicas.cpu_percent, "memory": replicas.memory_percent}
        HorizontalPodAutoscaler(
            self._name,
            metadata=self._metadata(),
            spec={
                "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": self._scaled},
                "min_replicas": replicas.minimum,
                "max_replicas": replicas.most,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": resource,
                            "target": {"type": "Utilization", "average_utilization": percent},
                        },
                    }
                    for resource, percent in targets.items()
                ],
            },
            opts=self._child,
        )

    @property
    def _scaled(self) -> str:
        """The Deployment that serves; Flagger makes an autoscaler of its own for that one."""
        release = self._args.release
        return primary_name(self._args.name) if release and release.controller == "none" else self._args.name

    def _disruption_budget(self) -> None:
        PodDisruptionBudget(
            self._name,
            metadata=self._metadata(),
            # One at a time: whatever the autoscaler's number, a node can always be drained.
            spec={"max_unavailable": 1, "selector": {"match_labels": self._args.pods}},
            opts=self._child,
        )
