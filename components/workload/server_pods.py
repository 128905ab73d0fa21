"""A server of the platform's own as plain values, and its pods, all of the Restricted standard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope
from components.kubernetes.network import Flow
from components.kubernetes.objects import checksum
from components.kubernetes.pods import WhenUnsatisfiable, container_security, pod_security, scratch_volumes, spread
from components.kubernetes.quantity import Bytes
from components.kubernetes.scheduling import Priority
from components.kubernetes.volumes import claim_template
from components.monitoring.monitors import Endpoint
from components.monitoring.rules import RuleSet
from components.workload import SecretKey


@dataclass(frozen=True, kw_only=True)
class Check:
    """What the kubelet asks: a path of one of the ports, every `period` seconds."""

    port: str
    path: str
    scheme: str = "HTTP"
    period: int = 10


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A volume of `size` for each pod, mounted at `path`; `backup` says where a second copy of it is, or why none.

    `protect` keeps it from an update that would remove it.
    """

    size: Bytes
    path: str
    storage_class: str | None
    backup: str
    protect: bool = False


@dataclass(frozen=True, kw_only=True)
class ServerArgs:
    """Equal pods: `replicas` of a Deployment, or of a StatefulSet where each has a `volume`, or one on every node, of
    which there may be `nodes`. `single_replica_reason` says why one pod is enough, where one is.

    It is reached by `ports`, those of the container and the Service by name; `headless` adds a Service that answers
    with the addresses of all pods. `liveness` fails only if a restart would help, `readiness` while the server cannot
    answer. `metrics` are the ports to scrape, `rules` the alerts that it brings.

    `command` is the image's own unless it is given. `files` (by name) lie in `files_path`, `secret_files` (by name of
    the Secret) in their directories; `environment` and `secrets` are variables; `scratch` directories (by name) are
    writable. `token` mounts that of its service account.

    With `zones_required` a pod waits rather than to share a zone where another has fewer. It has `stop_seconds` to end.
    """

    scope: Scope
    name: str
    image: str
    arguments: Sequence[str]
    ports: Mapping[str, int]
    liveness: Check
    readiness: Check
    metrics: Sequence[Endpoint]
    resources: ContainerResources
    command: Sequence[str] = ()
    replicas: int = 1
    single_replica_reason: str = ""
    nodes: int | None = None
    volume: Volume | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    files_path: str = ""
    secret_files: Mapping[str, str] = field(default_factory=dict)
    scratch: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretKey] = field(default_factory=dict)
    token: bool = False
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)
    headless: bool = False
    priority: Priority = Priority.HIGH
    zones_required: bool = False
    stop_seconds: int = 30
    rules: RuleSet | None = None
    ingress: Sequence[Flow] = ()
    egress: Sequence[Flow] = ()

    @property
    def pods(self) -> dict[str, str]:
        """The label selector of its pods."""
        return self.scope.selector(self.name)

    @property
    def host(self) -> str:
        """The cluster-internal DNS name of its Service."""
        return self.scope.host(self.name)

    @property
    def members(self) -> str:
        """The name of the Service that answers with the address of each pod, where there is one."""
        return f"{self.name}-headless" if self.headless else self.name

    def footprint(self) -> Footprint:
        """Its pods; a Deployment's update brings one more, a StatefulSet's and a DaemonSet's none."""
        if self.nodes is not None:
            return Footprint.of(self.nodes, self.resources)
        if volume := self.volume:
            many = self.replicas
            return Footprint.of(many, self.resources, volumes=many, storage=volume.size, protect=volume.protect)
        return Footprint.of(self.replicas + 1, self.resources)


_HISTORY = 5


def deployment_spec(args: ServerArgs) -> Any:
    """The `spec` of a Deployment: new pods are there before old ones go."""
    return {
        "replicas": args.replicas,
        "selector": {"match_labels": args.pods},
        "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
        "revision_history_limit": _HISTORY,
        "template": _template(args, _spread(args, "pod-template-hash")),
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
        "service_name": args.members,
        "replicas": args.replicas,
        # Members find each other only once all of them are there.
        "pod_management_policy": "Parallel",
        "revision_history_limit": _HISTORY,
        "selector": {"match_labels": args.pods},
        # Old and new pods are told apart by another label than a Deployment's.
        "template": _template(args, _spread(args, None)),
        "volume_claim_templates": [claim],
    }


def _spread(args: ServerArgs, revision_label: str | None) -> dict[str, Any]:
    when: WhenUnsatisfiable = "DoNotSchedule" if args.zones_required else "ScheduleAnyway"
    return {"topology_spread_constraints": spread(args.pods, when, revision_label)}


def _template(args: ServerArgs, placement: dict[str, Any]) -> Any:
    volumes, mounts = _volumes(args)
    return {
        "metadata": {
            "labels": args.scope.labels(args.name),
            **({"annotations": checksum(args.files)} if args.files else {}),
        },
        "spec": {
            "service_account_name": args.name,
            "automount_service_account_token": args.token,
            "enable_service_links": False,
            "priority_class_name": args.priority.class_name(args.scope.environment),
            "security_context": pod_security(),
            "termination_grace_period_seconds": args.stop_seconds,
            **placement,
            "containers": [_container(args, mounts)],
            "volumes": volumes,
        },
    }


def _volumes(args: ServerArgs) -> tuple[list[Any], list[Any]]:
    volumes, mounts = scratch_volumes(args.scratch)
    for secret, path in args.secret_files.items():
        volumes.append({"name": secret, "secret": {"secret_name": secret, "default_mode": 0o440}})
        mounts.append({"name": secret, "mount_path": path, "read_only": True})
    if args.volume:
        mounts.append({"name": "data", "mount_path": args.volume.path})
    if args.files:
        volumes.append({"name": "configuration", "config_map": {"name": args.name}})
        mounts.append({"name": "configuration", "mount_path": args.files_path, "read_only": True})
    return volumes, mounts


def _container(args: ServerArgs, mounts: list[Any]) -> Any:
    return {
        "name": args.name,
        "image": args.image,
        "image_pull_policy": "IfNotPresent",
        **({"command": list(args.command)} if args.command else {}),
        "args": list(args.arguments),
        **_environment(args),
        "ports": [{"name": name, "container_port": port, "protocol": "TCP"} for name, port in args.ports.items()],
        "resources": args.resources.as_requirements(),
        "security_context": container_security(),
        # Ten minutes: a store may have a log of writes to read again before it answers. What is asked is liveness: by
        # readiness, Thanos' store gateway would be killed while it reads a large bucket
        # (https://github.com/thanos-io/thanos/pull/1656).
        "startup_probe": _probe(replace(args.liveness, period=10), failures=60),
        "liveness_probe": _probe(args.liveness),
        "readiness_probe": _probe(args.readiness),
        "volume_mounts": mounts,
    }


def _environment(args: ServerArgs) -> dict[str, Any]:
    plain = [{"name": name, "value": value} for name, value in sorted(args.environment.items())]
    secret = [
        {"name": name, "value_from": {"secret_key_ref": {"name": source.secret, "key": source.key}}}
        for name, source in sorted(args.secrets.items())
    ]
    return {"env": plain + secret} if plain or secret else {}


def _probe(check: Check, *, failures: int = 3) -> Any:
    get: dict[str, Any] = {"path": check.path, "port": check.port}
    return {
        "http_get": get | ({"scheme": check.scheme} if check.scheme != "HTTP" else {}),
        "period_seconds": check.period,
        "timeout_seconds": 5,
        "failure_threshold": failures,
    }
