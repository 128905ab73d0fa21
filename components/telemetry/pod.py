"""The pod template of a program of the telemetry."""

from __future__ import annotations

from typing import Any

from components.pods import container_security, pod_security, scratch_volumes, spread
from components.priority import Priority
from components.telemetry.args import CONFIGURATION, DATA, ProgramArgs

_STOP_SECONDS = 60


def pod_template(args: ProgramArgs) -> Any:
    """The `spec.template` of its Deployment or StatefulSet."""
    volumes, mounts = _volumes(args)
    # Of a StatefulSet's pods, old and new ones are told apart by another label.
    revision = None if args.volume else "pod-template-hash"
    return {
        "metadata": {"labels": args.labels, "annotations": args.checksum},
        "spec": {
            "service_account_name": args.name,
            "automount_service_account_token": args.calls_api,
            "enable_service_links": False,
            "priority_class_name": Priority.DEFAULT.class_name(args.scope.environment),
            "security_context": pod_security(),
            # What is in memory is handed on before the end.
            "termination_grace_period_seconds": _STOP_SECONDS,
            "topology_spread_constraints": spread(
                args.pods, "DoNotSchedule" if args.zones_required else "ScheduleAnyway", revision
            ),
            "containers": [_container(args, mounts)],
            "volumes": volumes,
        },
    }


def _volumes(args: ProgramArgs) -> tuple[list[Any], list[Any]]:
    scratch = {"tmp": "/tmp"} if args.volume else {"tmp": "/tmp", "data": DATA}
    volumes, mounts = scratch_volumes(scratch)
    if args.volume:
        mounts.append({"name": "data", "mount_path": DATA})
    volumes.append({"name": "configuration", "config_map": {"name": args.name}})
    mounts.append({"name": "configuration", "mount_path": CONFIGURATION, "read_only": True})
    return volumes, mounts


def _container(args: ProgramArgs, mounts: list[Any]) -> Any:
    port = args.alive_port or args.probe_port
    alive = {"http_get": {"path": args.alive, "port": port}, "period_seconds": 10, "timeout_seconds": 5}
    ready = {**alive, "http_get": {"path": args.ready, "port": args.probe_port}}
    return {
        "name": args.name,
        "image": args.image,
        "image_pull_policy": "IfNotPresent",
        **({"command": list(args.command)} if args.command else {}),
        "args": list(args.arguments),
        "env": _environment(args),
        "ports": [{"name": name, "container_port": port, "protocol": "TCP"} for name, port in args.ports.items()],
        "resources": args.resources.as_requirements(),
        "security_context": container_security(),
        # A store may have a log of writes to read again before it answers.
        "startup_probe": {**alive, "failure_threshold": 60},
        "liveness_probe": {**alive, "failure_threshold": 3},
        "readiness_probe": {**ready, "period_seconds": 5, "failure_threshold": 3},
        "volume_mounts": mounts,
    }


def _environment(args: ProgramArgs) -> list[Any]:
    plain = [{"name": name, "value": value} for name, value in sorted(args.environment.items())]
    secret = [
        {"name": name, "value_from": {"secret_key_ref": {"name": source.secret, "key": source.key}}}
        for name, source in sorted(args.secrets.items())
    ]
    return plain + secret
