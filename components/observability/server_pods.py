"""The pods of the monitoring's own servers, all of the Restricted standard."""

from __future__ import annotations

from typing import Any

from components.configuration import checksum
from components.observability.servers import Check, ServerArgs, Volume
from components.pods import container_security, pod_security, scratch_volumes, spread
from components.priority import Priority
from components.volume_claims import claim_template

_HISTORY = 5


def deployment_spec(args: ServerArgs) -> Any:
    """The `spec` of a Deployment: new pods are there before old ones go."""
    return {
        "replicas": args.replicas,
        "selector": {"match_labels": args.pods},
        "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
        "revision_history_limit": _HISTORY,
        "template": _template(args),
    }


def daemon_spec(args: ServerArgs) -> Any:
    """The `spec` of a DaemonSet, for nodes of every kind: what is wrong with a tainted node matters most."""
    update = {"type": "RollingUpdate", "rolling_update": {"max_unavailable": "25%"}}
    return {
        "selector": {"match_labels": args.pods},
        "update_strategy": update,
        "revision_history_limit": _HISTORY,
        "template": _template(args, {"tolerations": [{"operator": "Exists"}]}),
    }


def stateful_spec(args: ServerArgs, volume: Volume) -> Any:
    """The `spec` of a StatefulSet whose pods keep a volume each."""
    claim = claim_template(volume.size, volume.storage_class, args.pods, volume.backup)
    return {
        "service_name": args.name,
        "replicas": args.replicas,
        "pod_management_policy": "Parallel",
        "revision_history_limit": _HISTORY,
        "selector": {"match_labels": args.pods},
        "template": _template(args, revision_label=None),
        "volume_claim_templates": [claim],
    }


def _template(
    args: ServerArgs, further: dict[str, Any] | None = None, revision_label: str | None = "pod-template-hash"
) -> Any:
    volumes, mounts = _volumes(args)
    constraints = {} if args.every_node else {"topology_spread_constraints": _spread(args, revision_label)}
    return {
        "metadata": {
            "labels": args.scope.labels(args.name),
            **({"annotations": checksum(args.files)} if args.files else {}),
        },
        "spec": {
            "service_account_name": args.name,
            "automount_service_account_token": args.token,
            "enable_service_links": False,
            "priority_class_name": Priority.HIGH.class_name(args.scope.environment),
            "security_context": pod_security(),
            "termination_grace_period_seconds": 30,
            **constraints,
            **(further or {}),
            "containers": [_container(args, mounts)],
            "volumes": volumes,
        },
    }


def _spread(args: ServerArgs, revision_label: str | None) -> Any:
    return spread(args.pods, "ScheduleAnyway", revision_label)


def _volumes(args: ServerArgs) -> tuple[list[Any], list[Any]]:
    volumes, mounts = scratch_volumes(args.scratch)
    if args.files:
        volumes.append({"name": "files", "config_map": {"name": args.name}})
        mounts.append({"name": "files", "mount_path": args.files_path, "read_only": True})
    for secret, path in args.secrets.items():
        volumes.append({"name": secret, "secret": {"secret_name": secret, "default_mode": 0o440}})
        mounts.append({"name": secret, "mount_path": path, "read_only": True})
    if args.volume:
        mounts.append({"name": "data", "mount_path": args.volume.path})
    return volumes, mounts


def _container(args: ServerArgs, mounts: list[Any]) -> Any:
    return {
        "name": args.name,
        "image": args.image,
        "image_pull_policy": "IfNotPresent",
        "args": list(args.arguments),
        "ports": [{"name": name, "container_port": port, "protocol": "TCP"} for name, port in args.ports.items()],
        "resources": args.resources.as_requirements(),
        "security_context": container_security(),
        "startup_probe": _probe(args.readiness, period=5, failures=60),
        "liveness_probe": _probe(args.liveness, period=20, failures=3),
        "readiness_probe": _probe(args.readiness, period=10, failures=3),
        "volume_mounts": mounts,
    }


def _probe(check: Check, *, period: int, failures: int) -> Any:
    get: dict[str, Any] = {"path": check.path, "port": check.port}
    return {
        "http_get": get | ({"scheme": check.scheme} if check.scheme != "HTTP" else {}),
        "period_seconds": period,
        "timeout_seconds": 5,
        "failure_threshold": failures,
    }
