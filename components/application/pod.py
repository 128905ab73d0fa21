"""The pod template of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.application.args import ApplicationArgs
from components.application.probes import HttpProbe, probe_spec
from components.pods import container_security, pod_security, spread

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
            "termination_grace_period_seconds": args.rollout.drain_seconds + args.rollout.stop_seconds,
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
        **({"lifecycle": _drain(args.rollout.drain_seconds)} if args.rollout.drain_seconds else {}),
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
