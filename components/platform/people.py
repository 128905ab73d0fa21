"""What people may do: roles of administrators, developers and viewers, in namespaces and in the whole cluster.

The roles are those of the documents (multi-cluster-manager: admin, developer, viewer). None of them opens a session in
a pod, and none can raise itself: the policy pack holds them to that like any other role.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import pulumi
from pulumi_kubernetes.rbac.v1 import ClusterRole, ClusterRoleBinding, Role, RoleBinding

from components.kubernetes.naming import Scope, dns_label

RoleName = Literal["admin", "developer", "viewer"]
ROLES: tuple[RoleName, ...] = get_args(RoleName)
Groups = Mapping[RoleName, Sequence[str]]
_Rule = dict[str, Any]

_READ = ("get", "list", "watch")
_WRITE = ("create", "update", "patch", "delete")
_RBAC = "rbac.authorization.k8s.io"
# What shows how a system is and never a credential, by API group.
_VISIBLE: Mapping[str, tuple[str, ...]] = {
    "": (
        "configmaps",
        "endpoints",
        "events",
        "limitranges",
        "persistentvolumeclaims",
        "pods",
        "resourcequotas",
        "serviceaccounts",
        "services",
    ),
    "apps": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "cert-manager.io": ("certificates", "issuers"),
    "external-secrets.io": ("externalsecrets",),
    "metrics.k8s.io": ("pods",),
    "monitoring.coreos.com": ("podmonitors", "prometheusrules", "servicemonitors"),
    "networking.k8s.io": ("ingresses", "networkpolicies"),
    "policy": ("poddisruptionbudgets",),
    "postgresql.cnpg.io": ("backups", "clusters", "poolers", "scheduledbackups"),
    "redis.redis.opstreelabs.in": ("redis", "redisclusters"),
}
_LOGS: Mapping[str, tuple[str, ...]] = {"": ("pods/log",)}
# What a release of an application consists of.
_APPLICATION: Mapping[str, tuple[str, ...]] = {
    "": ("configmaps", "services"),
    "apps": ("deployments", "deployments/scale", "statefulsets", "statefulsets/scale"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "networking.k8s.io": ("ingresses",),
}
# What decides over data, credentials and reach.
_ADMINISTERED: Mapping[str, tuple[str, ...]] = {
    "": ("persistentvolumeclaims", "secrets", "serviceaccounts"),
    "networking.k8s.io": ("networkpolicies",),
    "policy": ("poddisruptionbudgets",),
    _RBAC: ("rolebindings", "roles"),
}
_CLUSTER_VISIBLE: Mapping[str, tuple[str, ...]] = {
    "": ("namespaces", "nodes", "persistentvolumes"),
    "metrics.k8s.io": ("nodes",),
    "storage.k8s.io": ("storageclasses",),
}
_CLUSTER_ADMINISTERED: Mapping[str, tuple[str, ...]] = {
    "": ("namespaces", "persistentvolumes"),
    "networking.k8s.io": ("ingressclasses",),
    "scheduling.k8s.io": ("priorityclasses",),
    "storage.k8s.io": ("storageclasses",),
}


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """Who has which role: groups by role, in the whole cluster and by namespace.

    `scope` is that of objects that belong to no namespace; `namespaces` has those of the others.
    """

    scope: Scope
    cluster: Groups
    namespaces: Sequence[tuple[Scope, Groups]] = ()


class Access(pulumi.ComponentResource):
    """A role and its binding for each that somebody has. The namespaces must be there. Outputs: none."""

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:access:Access", name, {}, opts)
        self._name, self._scope = name, args.scope
        for role in ROLES:
            if args.cluster.get(role):
                self._in_cluster(role, args.cluster[role])
        for scope, groups in args.namespaces:
            for role in ROLES:
                if groups.get(role):
                    self._in_namespace(scope, role, groups[role])
        self.register_outputs({})

    def _in_cluster(self, role: RoleName, groups: Sequence[str]) -> None:
        # Several environments may share a cluster.
        name = dns_label(f"platform-{self._scope.environment}-{role}")
        metadata = {"name": name, "labels": self._scope.labels("access")}
        made = ClusterRole(
            f"{self._name}-{role}",
            metadata=metadata,
            rules=cluster_rules(role),
            opts=pulumi.ResourceOptions(parent=self),
        )
        ClusterRoleBinding(
            f"{self._name}-{role}",
            metadata=metadata,
            role_ref={"api_group": _RBAC, "kind": "ClusterRole", "name": name},
            subjects=_subjects(groups),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[made]),
        )

    def _in_namespace(self, scope: Scope, role: RoleName, groups: Sequence[str]) -> None:
        metadata = scope.metadata("access", f"platform-{role}")
        made = Role(
            f"{self._name}-{scope.namespace}-{role}",
            metadata=metadata,
            rules=namespace_rules(role),
            opts=pulumi.ResourceOptions(parent=self),
        )
        RoleBinding(
            f"{self._name}-{scope.namespace}-{role}",
            metadata=metadata,
            role_ref={"api_group": _RBAC, "kind": "Role", "name": metadata["name"]},
            subjects=_subjects(groups),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[made]),
        )


def namespace_rules(role: RoleName) -> list[_Rule]:
    """What a role allows in its namespace. Viewers see no logs, which quote people; developers see no Secret."""
    rules = _rules(_VISIBLE, _READ)
    if role == "viewer":
        return rules
    rules += _rules(_LOGS, ("get",)) + _rules(_APPLICATION, _WRITE)
    # To restart a pod is to delete it; an eviction heeds the disruption budget.
    rules += _rules({"": ("pods",)}, ("delete",)) + _rules({"": ("pods/eviction",)}, ("create",))
    return rules if role == "developer" else rules + _rules(_ADMINISTERED, (*_READ, *_WRITE))


def cluster_rules(role: RoleName) -> list[_Rule]:
    """What a role allows in all namespaces, and with what is in none. No Secret, which a namespace's role alone has."""
    rules = _rules(_VISIBLE, _READ) + _rules(_CLUSTER_VISIBLE, _READ)
    if role == "viewer":
        return rules
    rules += _rules(_LOGS, ("get",))
    if role == "developer":
        return rules
    # Nodes are cordoned, and made by their autoscaler alone.
    return rules + _rules(_CLUSTER_ADMINISTERED, (*_READ, *_WRITE)) + _rules({"": ("nodes",)}, ("patch",))


def _rules(resources: Mapping[str, Sequence[str]], verbs: Sequence[str]) -> list[_Rule]:
    return [
        {"api_groups": [group], "resources": list(names), "verbs": list(verbs)} for group, names in resources.items()
    ]


def _subjects(groups: Sequence[str]) -> list[_Rule]:
    return [{"api_group": _RBAC, "kind": "Group", "name": group} for group in groups]
