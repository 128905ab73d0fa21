"""What the collectors may read of the API server: lines of pods namespace by namespace, and the pods themselves."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.rbac.v1 import ClusterRole, ClusterRoleBinding, Role, RoleBinding

from components.naming import Scope

_READ = ["get", "list", "watch"]
_RBAC = "rbac.authorization.k8s.io"


def read_lines(
    name: str, *, scope: Scope, reader: str, reader_namespace: str, opts: pulumi.ResourceOptions
) -> RoleBinding:
    """Let the service account `reader` find the pods of a namespace and read their lines: lines may tell secrets, so
    that nobody reads those of all namespaces."""
    component = f"{reader}-reads-logs"
    metadata = scope.metadata(component)
    rules = [
        {"api_groups": [""], "resources": ["pods"], "verbs": _READ},
        {"api_groups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ]
    role = Role(name, metadata=metadata, rules=rules, opts=opts)
    subjects = [_account(reader, reader_namespace)]
    needs = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[role]))
    return RoleBinding(name, metadata=metadata, role_ref=_role("Role", component), subjects=subjects, opts=needs)


def read_pods(name: str, *, scope: Scope, account: str, opts: pulumi.ResourceOptions) -> None:
    """Let `account` see the pods and namespaces of the cluster: by its address a sender is known."""
    full_name = f"{scope.namespace}-{account}"
    metadata = {"name": full_name, "labels": scope.labels(account)}
    rules = [{"api_groups": [""], "resources": ["pods", "namespaces"], "verbs": _READ}]
    ClusterRole(name, metadata=metadata, rules=rules, opts=opts)
    subjects = [_account(account, scope.namespace)]
    ClusterRoleBinding(name, metadata=metadata, role_ref=_role("ClusterRole", full_name), subjects=subjects, opts=opts)


def _role(kind: str, name: str) -> Any:
    return {"api_group": _RBAC, "kind": kind, "name": name}


def _account(name: str, namespace: str) -> Any:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
