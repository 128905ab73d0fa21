"""What every pod of the platform has in common: the Restricted Pod Security Standard and spreading over zones.

The fields are those of https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, plus a
read-only root file system.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from components.kubernetes.naming import as_manifest

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import (
        PodSecurityContextArgsDict,
        SecurityContextArgsDict,
        TopologySpreadConstraintArgsDict,
    )

# Above the ids that nodes give to people and daemons, whatever user an image has (Grafana 472, Alloy 473, CloudNativePG
# 26): a process that escapes owns no file. The programs need no entry in /etc/passwd, and write to volumes alone.
USER_ID = 10001

# The annotation of a Deployment that says why one pod is enough; the policy `replicas` reads it.
SINGLE_REPLICA_REASON = "platform.io/single-replica-reason"

WhenUnsatisfiable = Literal["DoNotSchedule", "ScheduleAnyway"]


def pod_security(user_id: int = USER_ID) -> PodSecurityContextArgsDict:
    """The pod's security context; volumes become writable for the same id as group.

    `user_id` is another only where an operator's image wants its own.
    """
    return {
        "run_as_non_root": True,
        "run_as_user": user_id,
        "run_as_group": user_id,
        "fs_group": user_id,
        "fs_group_change_policy": "OnRootMismatch",
        "seccomp_profile": {"type": "RuntimeDefault"},
    }


def container_security() -> SecurityContextArgsDict:
    """A container's security context."""
    return {
        "allow_privilege_escalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "read_only_root_filesystem": True,
        "run_as_non_root": True,
    }


def spread(
    selector: Mapping[str, str], when: WhenUnsatisfiable, revision_label: str | None = "pod-template-hash"
) -> list[TopologySpreadConstraintArgsDict]:
    """Spread the selected pods evenly over zones (as strictly as `when` says) and, best effort, over nodes.

    `revision_label` tells old pods from new ones, so that each are spread by themselves during a rolling update; the
    default is a Deployment's.
    """

    def constraint(key: str, unsatisfiable: WhenUnsatisfiable) -> TopologySpreadConstraintArgsDict:
        return {
            "max_skew": 1,
            "topology_key": key,
            "when_unsatisfiable": unsatisfiable,
            "label_selector": {"match_labels": dict(selector)},
            **({"match_label_keys": [revision_label]} if revision_label else {}),
        }

    return [constraint("topology.kubernetes.io/zone", when), constraint("kubernetes.io/hostname", "ScheduleAnyway")]


def scratch_volumes(paths: Mapping[str, str]) -> tuple[list[Any], list[Any]]:
    """(volumes, volume mounts) for directories that a process writes to below its read-only root, by volume name."""
    volumes = [{"name": name, "empty_dir": {"size_limit": "512Mi"}} for name in paths]
    mounts = [{"name": name, "mount_path": path} for name, path in paths.items()]
    return volumes, mounts


def pod_security_manifest(user_id: int) -> dict[str, Any]:
    """`pod_security` in the notation of a custom resource, which the SDK passes on as it is."""
    return as_manifest(pod_security(user_id))


def container_security_manifest() -> dict[str, Any]:
    """`container_security` in the notation of a custom resource."""
    return as_manifest(container_security())


def spread_manifest(selector: Mapping[str, str], *, strict: bool) -> list[dict[str, Any]]:
    """`spread` in the notation of a custom resource; `strict` refuses to put two into one zone."""
    when: WhenUnsatisfiable = "DoNotSchedule" if strict else "ScheduleAnyway"
    return [as_manifest(one) for one in spread(selector, when)]
