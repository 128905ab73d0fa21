"""The pod template of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.application.args import ApplicationArgs, HttpProbe
from components.pods import container_security, pod_security, scratch_volumes, spread

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        EnvFromSourceArgsDict,
        EnvVarArgsDict,
        PodTemplateSpecArgsDict,
        ProbeArgsDict,
    )

_VOLUMES, _MOUNTS = scratch_volumes({"tmp": "/tmp"})


def pod_template(args: ApplicationArgs) -> PodTemplateSpecArgsDict:
    """The `spec.template` of the Deployment."""
    return {
        "metadata": {"labels": args.pod_labels, "annotations": dict(args.pod_annotations)},
        "spec": {
            "service_account_name": args.service_account or args.name,
            # A service that never calls the API server has no business holding a credential for it.
            "automount_service_account_token": bool(args.rules),
            "enable_service_links": False,
            "priority_class_name": args.priority.class_name(args.scope.environment),
            "security_context": pod_security(),
            "termination_grace_period_seconds": args.rollout.drain_seconds + args.rollout.stop_seconds,
            "topology_spread_constraints": spread(args.pods, args.zone_spread),
            "containers": [_container(args)],
            "volumes": _VOLUMES,
        },
    }


def _container(args: ApplicationArgs) -> ContainerArgsDict:
    return {
        "name": args.component,
        "image": args.image,
        "image_pull_policy": "IfNotPresent",
        "ports": [{"name": name, "container_port": port, "protocol": "TCP"} for name, port in args.ports.items()],
        "env_from": _environment_from(args),
        "env": _environment(args),
        "resources": args.resources.as_requirements(),
        "security_context": container_security(),
        "startup_probe": _probe(args.probes.startup),
        "liveness_probe": _probe(args.probes.liveness),
        "readiness_probe": _probe(args.probes.readiness),
        "lifecycle": {
            "pre_stop": {"exec_": {"command": ["/bin/sh", "-c", f"sleep {args.rollout.drain_seconds}"]}},
        },
        "volume_mounts": _MOUNTS,
    }


def _environment_from(args: ApplicationArgs) -> list[EnvFromSourceArgsDict]:
    return [{"config_map_ref": {"name": name}} for name in args.config_maps]


def _environment(args: ApplicationArgs) -> list[EnvVarArgsDict]:
    plain: list[EnvVarArgsDict] = [{"name": name, "value": value} for name, value in sorted(args.environment.items())]
    secret: list[EnvVarArgsDict] = [
        {"name": name, "value_from": {"secret_key_ref": {"name": source.secret, "key": source.key}}}
        for name, source in sorted(args.secrets.items())
    ]
    return plain + secret


def _probe(probe: HttpProbe) -> ProbeArgsDict:
    return {
        "http_get": {"path": probe.path, "port": "http"},
        "initial_delay_seconds": probe.initial_delay,
        "period_seconds": probe.period,
        "timeout_seconds": probe.timeout,
        "failure_threshold": probe.failures,
    }
