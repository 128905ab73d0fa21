"""The pods of an application, the Deployment or StatefulSet that makes them, and the Service in front of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import Service, ServiceAccount

from components.kubernetes.identity import with_credentials
from components.kubernetes.naming import Scope
from components.kubernetes.network import Flow, allow
from components.kubernetes.objects import kept
from components.kubernetes.pods import container_security, pod_security, spread
from components.kubernetes.volumes import claim_template
from components.monitoring.monitors import POD_VERSION, Endpoint, service_monitor
from components.performance import SKIP_AWAIT
from components.traffic.release import TRACK_LABEL, primary_name
from components.workload.args import ApplicationArgs, HttpProbe, probe_spec
from components.workload.files import Storage

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        EnvFromSourceArgsDict,
        EnvVarArgsDict,
        LifecycleArgsDict,
        PodTemplateSpecArgsDict,
        ProbeArgsDict,
    )


def pod_template(args: ApplicationArgs) -> PodTemplateSpecArgsDict:
    """The `spec.template` of the Deployment or StatefulSet."""
    # Only a Deployment's pods say of which revision they are in a way that spreading can tell apart.
    revision = None if args.stateful else "pod-template-hash"
    return {
        "metadata": {"labels": args.pod_labels, "annotations": {**args.pod_annotations, **args.files.annotations()}},
        "spec": {
            "service_account_name": args.service_account or args.name,
            # A service that never calls the API server has no business holding a credential for it.
            "automount_service_account_token": bool(args.rules),
            "enable_service_links": False,
            "priority_class_name": args.priority.class_name(args.scope.environment),
            "security_context": pod_security(),
            "termination_grace_period_seconds": args.rollout.grace,
            "topology_spread_constraints": spread(args.pods, args.zone_spread, revision),
            "containers": [_container(args)],
            "volumes": args.files.volumes(args.name, claim=not args.stateful),
        },
    }


def _container(args: ApplicationArgs) -> ContainerArgsDict:
    return {
        "name": args.component,
        "image": args.image,
        "image_pull_policy": "IfNotPresent",
        **({"args": list(args.arguments)} if args.arguments else {}),
        "ports": args.all_ports.container_ports(),
        "env_from": _environment_from(args),
        "env": _environment(args),
        "resources": args.resources.as_requirements(),
        "security_context": container_security(),
        "startup_probe": _probe(args, args.probes.startup),
        "liveness_probe": _probe(args, args.probes.liveness),
        "readiness_probe": _probe(args, args.probes.readiness),
        **({"lifecycle": _drain(args.rollout.drain)} if args.rollout.drain else {}),
        "volume_mounts": args.files.mounts(),
    }


def _drain(seconds: int) -> LifecycleArgsDict:
    return {"pre_stop": {"exec_": {"command": ["/bin/sh", "-c", f"sleep {seconds}"]}}}


def _environment_from(args: ApplicationArgs) -> list[EnvFromSourceArgsDict]:
    return [{"config_map_ref": {"name": name}} for name in args.config_maps]


def _environment(args: ApplicationArgs) -> list[EnvVarArgsDict]:
    plain: list[EnvVarArgsDict] = [{"name": name, "value": value} for name, value in sorted(args.environment.items())]
    secret: list[EnvVarArgsDict] = [
        {"name": name, "value_from": {"secret_key_ref": {"name": source.secret, "key": source.key}}}
        for name, source in sorted(args.secrets.items())
    ]
    # What a plain variable refers to as $(NAME) must stand before it.
    return secret + plain


def _probe(args: ApplicationArgs, probe: HttpProbe) -> ProbeArgsDict:
    return probe_spec(probe, args.all_ports.target(probe.port))


def deployment_spec(args: ApplicationArgs, *, stable: bool = False) -> dict[str, Any]:
    """The `spec` of the application's Deployment, or with `stable` of the one that serves while it is released."""
    # The two versions' pods differ in this one label, and so do the selectors.
    track = {TRACK_LABEL: primary_name(args.name)} if stable else {}
    template: Any = pod_template(args)
    metadata = {**template["metadata"], "labels": template["metadata"]["labels"] | track}
    return {
        **_replicas(args, stable),
        "selector": {"match_labels": args.selector | track},
        "strategy": _strategy(args),
        "revision_history_limit": 5,
        "template": {**template, "metadata": metadata},
    }


def _replicas(args: ApplicationArgs, stable: bool) -> dict[str, int]:
    if args.release and args.release.controller == "none" and not stable:
        # The candidate runs while it is released. One that serves already is left to: see the option ignore_changes.
        return {"replicas": 0}
    return {"replicas": args.replicas.minimum}


def _strategy(args: ApplicationArgs) -> dict[str, Any]:
    if args.files.single:
        # A second pod could not mount the volume, and would wait for the first one for ever.
        return {"type": "Recreate"}
    steps = {"max_surge": args.rollout.max_surge, "max_unavailable": args.rollout.max_unavailable}
    return {"type": "RollingUpdate", "rolling_update": steps}


# What is put behind the name of the service; names of stateful services are that much shorter.
HEADLESS = "-headless"


def headless_service(name: str, args: ApplicationArgs, opts: pulumi.ResourceOptions) -> Service:
    """The Service by which a pod is addressed as `NAME-0.NAME-headless`, also while it is not ready."""
    metadata = args.scope.metadata(args.component, f"{args.name}{HEADLESS}", annotations=SKIP_AWAIT)
    return Service(
        f"{name}{HEADLESS}",
        metadata=metadata | {"labels": args.labels},
        spec={
            "type": "ClusterIP",
            "cluster_ip": "None",
            "publish_not_ready_addresses": True,
            "selector": args.selector,
            "ports": args.all_ports.service_ports(),
        },
        opts=opts,
    )


def stateful_set(
    name: str, args: ApplicationArgs, metadata: dict[str, object], opts: pulumi.ResourceOptions
) -> StatefulSet:
    """The StatefulSet, kept where its storage is protected."""
    owned = pulumi.ResourceOptions(ignore_changes=args.replicas.owned or None)
    made = kept(args.files.protected, pulumi.ResourceOptions.merge(opts, owned))
    return StatefulSet(name, metadata=metadata, spec=stateful_set_spec(args), opts=made)


def stateful_set_spec(args: ApplicationArgs) -> dict[str, Any]:
    """The `spec` of the application's StatefulSet. Its pods are exchanged one by one, the last one first."""
    storage = args.files.storage
    return {
        "service_name": f"{args.name}{HEADLESS}",
        "replicas": args.replicas.minimum,
        "pod_management_policy": args.pod_management,
        "update_strategy": {"type": "RollingUpdate"},
        "revision_history_limit": 5,
        "selector": {"match_labels": args.selector},
        "template": pod_template(args),
        **({"volume_claim_templates": [_claim(args, storage)]} if storage else {}),
    }


def _claim(args: ApplicationArgs, storage: Storage) -> Any:
    return claim_template(storage.size, storage.storage_class, args.selector, storage.backup)


def object_metadata(args: ApplicationArgs, annotations: Mapping[str, str] | None = None) -> dict[str, object]:
    """The `metadata` of an object that bears the application's name."""
    metadata = args.scope.metadata(args.component, args.name, annotations=annotations)
    return metadata | {"labels": args.labels | args.pods}


def application_service(
    name: str,
    args: ApplicationArgs,
    opts: pulumi.ResourceOptions,
    *,
    selector: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Service:
    """The Service by which an application is called; `selector` is by default that of its own pods."""
    return Service(
        name,
        metadata=object_metadata(args, {**SKIP_AWAIT, **(annotations or {})}),
        spec={
            "type": "ClusterIP",
            "selector": dict(selector or args.selector),
            "ports": args.all_ports.service_ports(),
        },
        opts=opts,
    )


@dataclass(frozen=True, kw_only=True)
class ApplicationGroupArgs:
    """All instances of `component`, present and to come, with the flows that each of them may have."""

    scope: Scope
    component: str
    ingress: Sequence[Flow] = ()
    egress: Sequence[Flow] = ()
    metrics: Sequence[Endpoint] = ()
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)


class ApplicationGroup(pulumi.ComponentResource):
    """One service account (without token), network policy and monitor for all instances.

    Outputs: `service_account`.
    """

    service_account: str

    def __init__(self, name: str, args: ApplicationGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:application:ApplicationGroup", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        metadata = args.scope.metadata(args.component, annotations=dict(args.service_account_annotations) or None)
        ServiceAccount(name, metadata=metadata, automount_service_account_token=False, opts=child)
        allow(
            name,
            scope=args.scope,
            component=args.component,
            pods=args.scope.selector(args.component),
            ingress=args.ingress,
            egress=with_credentials(args.egress, args.service_account_annotations),
            opts=child,
        )
        if args.metrics:
            endpoints = [replace(one, relabelings=(*one.relabelings, *POD_VERSION)) for one in args.metrics]
            service_monitor(name, scope=args.scope, component=args.component, endpoints=endpoints, opts=child)
        self.service_account = args.component
        self.register_outputs({"service_account": self.service_account})
