"""The component of a service, with or without a release, and the objects behind its files."""

from __future__ import annotations

from dataclasses import replace

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import PersistentVolumeClaim, ServiceAccount
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

from components.kubernetes.identity import with_credentials
from components.kubernetes.network import allow
from components.kubernetes.objects import config_map, kept
from components.kubernetes.scheduling import disruption_budget
from components.kubernetes.volumes import backup_annotation, claim_spec
from components.monitoring.monitors import POD_ORDINAL, POD_VERSION, pod_monitor, service_monitor
from components.performance import SKIP_AWAIT
from components.traffic.declared import declared_route, release_annotations, versions_services
from components.traffic.flagger import Target, alert_provider, canary
from components.traffic.release import TRACK_LABEL, Release, primary_name
from components.workload.args import ApplicationArgs
from components.workload.autoscalers import horizontal_autoscaler
from components.workload.controllers import application_service, deployment_spec, object_metadata
from components.workload.files import Storage, claim_name, files_name


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
        if args.files.storage or args.files.config_files:
            from components.workload.component import volume_objects

            needs += volume_objects(name, args, self._child)
        workload = self._pods(needs)
        if args.metrics:
            self._monitor()
        self._scaling(workload)
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
            egress=with_credentials(self._args.egress, self._args.service_account_annotations),
            opts=self._child,
        )

    def _pods(self, needs: list[pulumi.Resource]) -> pulumi.Resource:
        """What makes the pods that serve, with the Services in front of them."""
        args, opts = self._args, pulumi.ResourceOptions(parent=self, depends_on=needs)
        if args.stateful:
            from components.workload.controllers import headless_service, stateful_set

            headless_service(self._name, args, self._child)
            metadata = self._metadata(args.workload_annotations or None)
            made: pulumi.Resource = stateful_set(self._name, args, metadata, opts)
            application_service(self._name, args, self._child)
            return made
        deployment: pulumi.Resource = self._deployment(opts)
        if args.release:
            from components.workload.component import released

            return released(self._name, args, args.release, candidate=deployment, needs=needs, parent=self)
        application_service(self._name, args, self._child)
        return deployment

    def _deployment(self, opts: pulumi.ResourceOptions) -> Deployment:
        # Of a release this is the candidate: whoever releases it says how many pods it has.
        fields = ["spec.replicas"] if self._args.release else self._args.replicas.owned
        owned = pulumi.ResourceOptions(ignore_changes=fields or None)
        return Deployment(
            self._name,
            metadata=self._metadata(self._args.workload_annotations or None),
            spec=deployment_spec(self._args),
            opts=pulumi.ResourceOptions.merge(opts, owned),
        )

    def _monitor(self) -> None:
        """By pod where two Services select the pods: a ServiceMonitor would scrape each of them for both."""
        args = self._args
        monitor = pod_monitor if args.stateful else service_monitor
        endpoints = [
            replace(one, port=args.all_ports.target(one.port), relabelings=(*POD_ORDINAL, *POD_VERSION))
            if args.stateful
            else replace(one, relabelings=POD_VERSION)
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

    def _scaling(self, workload: pulumi.Resource) -> None:
        args, metadata = self._args, self._metadata()
        if args.replicas.autoscaled:
            scaler, opts = horizontal_autoscaler, self._child
            if args.replicas.metrics:
                from components.workload.autoscalers import scaled_object as scaler

                # KEDA looks what the pods request, and refuses what scales a workload that is not there:
                # verifyCPUMemoryScalers in apis/keda/v1alpha1/scaledobject_webhook.go (v2.20.2).
                opts = pulumi.ResourceOptions(parent=self, depends_on=[workload])
            scaler(
                self._name,
                metadata=metadata,
                kind=args.workload,
                target=self._scaled,
                replicas=args.replicas,
                opts=opts,
            )
        if args.vertical:
            from components.workload.autoscalers import vertical_autoscaler

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


def released(
    name: str,
    args: ApplicationArgs,
    release: Release,
    *,
    candidate: pulumi.Resource,
    needs: list[pulumi.Resource],
    parent: pulumi.Resource,
) -> pulumi.Resource:
    """The Services, the stable version, and what moves the traffic; `needs` are what its pods need.

    Returns what scales: the stable version, or with Flagger, which makes that one itself, the candidate.
    """
    if release.controller == "flagger":
        _by_flagger(name, args, release, candidate, parent)
        return candidate
    return _declared(name, args, release, needs, parent)


def _target(args: ApplicationArgs) -> Target:
    return Target(
        name=args.name,
        port=args.port,
        several_ports=len(args.all_ports.exposed) > 1,
        autoscaled=args.replicas.autoscaled,
        queries={metric.name: metric.query for metric in args.replicas.metrics},
        locality=args.zone_spread == "DoNotSchedule",
    )


def _by_flagger(
    name: str, args: ApplicationArgs, release: Release, candidate: Deployment, parent: pulumi.Resource
) -> None:
    target = _target(args)
    owned = ["spec.selector", "spec.ports"]
    service = application_service(name, args, pulumi.ResourceOptions(parent=parent, ignore_changes=owned))
    after = pulumi.ResourceOptions(parent=parent, depends_on=[candidate, service])
    canary(name, scope=args.scope, target=target, release=release, opts=after)
    if release.alert:
        child = pulumi.ResourceOptions(parent=parent)
        alert_provider(name, scope=args.scope, target=target, channel=release.alert, opts=child)


def _declared(
    name: str, args: ApplicationArgs, release: Release, needs: list[pulumi.Resource], parent: pulumi.Resource
) -> pulumi.Resource:
    target, selector = _target(args), {TRACK_LABEL: primary_name(args.name)}
    owned = ["spec.template", *args.replicas.owned]
    stable: pulumi.Resource = _stable(
        name, args, pulumi.ResourceOptions(parent=parent, depends_on=needs, ignore_changes=owned)
    )
    # Traffic is turned to the stable version's pods only when they are there.
    after = pulumi.ResourceOptions(parent=parent, depends_on=[stable])
    ports, child = args.all_ports.service_ports(), pulumi.ResourceOptions(parent=parent)
    services = versions_services(name, scope=args.scope, target=target, ports=ports, opts=child)
    if release.by_selector:
        noted = release_annotations(args.name, target.port, release)
        after = pulumi.ResourceOptions(parent=parent, depends_on=[stable], ignore_changes=["spec.selector"])
        application_service(name, args, after, selector=selector, annotations=noted)
        return stable
    application_service(name, args, after, selector=selector)
    route = pulumi.ResourceOptions(parent=parent, depends_on=[stable, *services])
    declared_route(name, scope=args.scope, target=target, release=release, opts=route)
    return stable


def _stable(name: str, args: ApplicationArgs, opts: pulumi.ResourceOptions) -> Deployment:
    """The version that serves. It begins as what is declared; from then on only a promotion changes its pods."""
    stable = primary_name(args.name)
    return Deployment(
        f"{name}-primary",
        metadata=args.scope.metadata(stable, annotations=args.workload_annotations or None),
        spec=deployment_spec(args, stable=True),
        opts=opts,
    )


def storage_claim(
    name: str, args: ApplicationArgs, storage: Storage, opts: pulumi.ResourceOptions
) -> PersistentVolumeClaim:
    """The claim of the pods that mount it."""
    # Where volumes are made for their first pod, the claim is bound only after that: nobody may wait for it before.
    annotations = {**SKIP_AWAIT, **backup_annotation(storage.backup)}
    return PersistentVolumeClaim(
        f"{name}-data",
        metadata=args.scope.metadata(args.component, claim_name(args.name), annotations=annotations),
        spec=claim_spec(storage.size, storage.storage_class, shared=storage.shared),
        opts=kept(args.files.protected, opts),
    )


def volume_objects(name: str, args: ApplicationArgs, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """What must be there before the pods of an application can start."""
    made: list[pulumi.Resource] = []
    if args.files.storage and not args.stateful:
        made.append(storage_claim(name, args, args.files.storage, opts))
    if args.files.config_files:
        texts = args.files.texts()
        made.append(
            config_map(f"{name}-files", scope=args.scope, config_name=files_name(args.name), data=texts, opts=opts)
        )
    return made
