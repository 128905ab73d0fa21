"""A script of this repository run in the cluster: once for each change of it (Job), or by the clock (CronJob)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi_kubernetes.batch.v1 import CronJob, Job
from pulumi_kubernetes.core.v1 import ServiceAccount

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.identity import with_credentials
from components.kubernetes.naming import Scope, dns_label
from components.kubernetes.network import Flow, allow
from components.kubernetes.objects import config_map
from components.kubernetes.pods import container_security, pod_security, scratch_volumes
from components.kubernetes.quantity import Bytes
from components.kubernetes.scheduling import Priority
from components.kubernetes.volumes import claim_spec
from components.workload.args import SecretKey

# A finished Job stays for a year. Once it is gone, the next deployment runs it again, which a script must bear.
_KEPT_SECONDS = 365 * 24 * 3600
# A failed Job does not start again: with this the Pulumi provider makes it anew at the next `up`, as the recorded
# engine does.
_REPLACE_FAILED = {"pulumi.com/replaceUnready": "true"}
_SCRIPTS = "/scripts"
# Where a script may write: small things below /tmp, large ones on a volume of their own.
_WORK = "/work"


@dataclass(frozen=True, kw_only=True)
class WorkVolume:
    """A volume that lives as long as the pod, mounted at /work: for what is too large for a node's own disk."""

    size: Bytes
    storage_class: str | None


@dataclass(frozen=True, kw_only=True)
class ScriptJobArgs:
    """`command` runs in /scripts, where `scripts` (file name: text) lie; `deadline` in seconds, for all attempts.

    With a `schedule` (five fields, UTC) it is a CronJob: one run at a time, started at most ten minutes late. Without,
    it is a Job whose name ends in a digest of its pod, since a Job cannot be changed; `version` stands before that.
    `claims` are volumes of the namespace that it mounts: the name of the PersistentVolumeClaim at each path.
    """

    scope: Scope
    name: str
    image: str
    command: Sequence[str]
    scripts: Mapping[str, str]
    resources: ContainerResources
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretKey] = field(default_factory=dict)
    egress: Sequence[Flow] = ()
    schedule: str | None = None
    version: str | None = None
    deadline: int = 3600
    retries: int = 2
    work: WorkVolume | None = None
    claims: Mapping[str, str] = field(default_factory=dict)
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def selector(self) -> dict[str, str]:
        """The label selector of its pods."""
        return self.scope.selector(self.name)

    def footprint(self) -> Footprint:
        """One pod, and its volume."""
        size = self.work.size if self.work else Bytes(0)
        return Footprint.of(1, self.resources, volumes=1 if self.work else 0, storage=size)


class ScriptJob(pulumi.ComponentResource):
    """A Job or CronJob with its script, service account and network policy. Outputs: `job_name`."""

    job_name: str

    def __init__(self, name: str, args: ScriptJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:job:ScriptJob", name, {}, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)
        needs = [
            ServiceAccount(
                name,
                metadata=self._metadata(args.name, args.service_account_annotations),
                automount_service_account_token=False,
                opts=child,
            ),
            config_map(name, scope=args.scope, config_name=args.name, data=args.scripts, opts=child),
            allow(
                name,
                scope=args.scope,
                component=args.name,
                pods=args.selector,
                egress=with_credentials(args.egress, args.service_account_annotations),
                opts=child,
            ),
        ]
        self.job_name = self._run(pulumi.ResourceOptions(parent=self, depends_on=needs))
        self.register_outputs({"job_name": self.job_name})

    def _metadata(self, name: str, annotations: Mapping[str, str] | None = None) -> dict[str, Any]:
        args = self._args
        labels = args.scope.labels(args.name, version=args.version)
        metadata = {"name": name, "namespace": args.scope.namespace, "labels": labels}
        return metadata | ({"annotations": dict(annotations)} if annotations else {})

    def _run(self, opts: pulumi.ResourceOptions) -> str:
        args = self._args
        if args.schedule is None:
            name = job_name(args)
            Job(self._name, metadata=self._metadata(name, _REPLACE_FAILED), spec=_job(args), opts=opts)
            return name
        spec: Any = {
            "schedule": args.schedule,
            "time_zone": "Etc/UTC",
            "concurrency_policy": "Forbid",
            # A controller that was away does not make up for runs of hours ago.
            "starting_deadline_seconds": 600,
            "successful_jobs_history_limit": 3,
            "failed_jobs_history_limit": 3,
            "job_template": {"metadata": {"labels": self._metadata(args.name)["labels"]}, "spec": _job(args)},
        }
        CronJob(self._name, metadata=self._metadata(args.name), spec=spec, opts=opts)
        return args.name


def job_name(args: ScriptJobArgs) -> str:
    """`name-version-digest`; the digest is that of the pod and its scripts."""
    text = json.dumps([_job(args), dict(args.scripts)], sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    version = (args.version or "").lower().replace(".", "-").replace("_", "-").replace("+", "-")
    return dns_label("-".join(part for part in (args.name, version, digest) if part))


def script(path: Path) -> dict[str, str]:
    """A script's file as an entry of `scripts`."""
    return {path.name: path.read_text(encoding="utf-8")}


def _job(args: ScriptJobArgs) -> Any:
    return {
        **({} if args.schedule else {"ttl_seconds_after_finished": _KEPT_SECONDS}),
        "active_deadline_seconds": args.deadline,
        "backoff_limit": args.retries,
        "template": {
            "metadata": {"labels": args.scope.labels(args.name, version=args.version)},
            "spec": _pod(args),
        },
    }


def _pod(args: ScriptJobArgs) -> dict[str, Any]:
    volumes, mounts = scratch_volumes({"tmp": "/tmp"})
    volumes.append({"name": "scripts", "config_map": {"name": args.name, "default_mode": 0o444}})
    mounts.append({"name": "scripts", "mount_path": _SCRIPTS, "read_only": True})
    if args.work:
        volumes.append(_work_volume(args.work, args))
        mounts.append({"name": "work", "mount_path": _WORK})
    for number, (path, claim) in enumerate(args.claims.items()):
        volumes.append({"name": f"claim-{number}", "persistent_volume_claim": {"claim_name": claim}})
        mounts.append({"name": f"claim-{number}", "mount_path": path})
    return {
        "service_account_name": args.name,
        "automount_service_account_token": False,
        "enable_service_links": False,
        # A deployment waits for a Job; what runs by the clock can wait itself.
        "priority_class_name": (Priority.BATCH if args.schedule else Priority.HIGH).class_name(args.scope.environment),
        "restart_policy": "Never",
        "security_context": pod_security(),
        "containers": [_container(args, mounts)],
        "volumes": volumes,
    }


def _container(args: ScriptJobArgs, mounts: list[Any]) -> dict[str, Any]:
    return {
        "name": args.name,
        "image": args.image,
        "image_pull_policy": "IfNotPresent",
        "command": list(args.command),
        "working_dir": _SCRIPTS,
        "env": _environment(args),
        "resources": args.resources.as_requirements(),
        "security_context": container_security(),
        "volume_mounts": mounts,
    }


def _environment(args: ScriptJobArgs) -> list[dict[str, Any]]:
    """HOME is writable, and no byte code is written beside the scripts, which cannot be written to."""
    plain = {"HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1", **args.environment}
    return [
        *({"name": name, "value": value} for name, value in plain.items()),
        *(
            {"name": name, "value_from": {"secret_key_ref": {"name": key.secret, "key": key.key}}}
            for name, key in args.secrets.items()
        ),
    ]


def _work_volume(work: WorkVolume, args: ScriptJobArgs) -> dict[str, Any]:
    spec = claim_spec(work.size, work.storage_class)
    template = {"metadata": {"labels": args.scope.labels(args.name)}, "spec": spec}
    return {"name": "work", "ephemeral": {"volume_claim_template": template}}
