"""What the manager may do in a cluster that it manages, as manifests that its administrator applies there.

Just what the code of sections 1 and 2 calls: it reads nodes, pods, namespaces and their metrics of the whole cluster
(RegisterCluster, GetClusterStats, GetClusterResources), makes namespaces (InstallChart), and works on what a chart
consists of, Helm's own Secrets among them, in the namespaces that it deploys into and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.kubernetes.naming import Scope
from components.kubernetes.objects import config_map
from stacks.systems.multicluster.config import ManagedCluster

CONFIG_MAP = "managed-cluster-access"
_NAME = "multi-cluster-manager"
_RBAC = "rbac.authorization.k8s.io"
_READ, _DEPLOY = f"{_NAME}-read", f"{_NAME}-deploy"
_LABELS = {"app.kubernetes.io/name": _NAME, "app.kubernetes.io/managed-by": "pulumi"}

READ_RULES: Sequence[Mapping[str, Any]] = (
    {"apiGroups": [""], "resources": ["nodes", "pods", "namespaces"], "verbs": ["get", "list"]},
    {"apiGroups": ["metrics.k8s.io"], "resources": ["nodes", "pods"], "verbs": ["get", "list"]},
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["create"]},
    {"nonResourceURLs": ["/version"], "verbs": ["get"]},
)
# Helm reads what is there, makes, changes and removes it, and waits for it. No roles: who may write those has them.
_VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"]
DEPLOY_RULES: Sequence[Mapping[str, Any]] = tuple(
    {"apiGroups": [group], "resources": resources, "verbs": _VERBS}
    for group, resources in {
        "": ["configmaps", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"],
        "apps": ["daemonsets", "deployments", "statefulsets"],
        "autoscaling": ["horizontalpodautoscalers"],
        "batch": ["cronjobs", "jobs"],
        "networking.k8s.io": ["ingresses", "networkpolicies"],
        "policy": ["poddisruptionbudgets"],
    }.items()
)


def access_manifests(cluster: ManagedCluster) -> list[dict[str, Any]]:
    """A service account, two ClusterRoles, and their bindings: one to the cluster, one to each namespace."""
    return [
        _object("v1", "Namespace", _NAME),
        {**_object("v1", "ServiceAccount", _NAME, _NAME), "automountServiceAccountToken": False},
        {**_object(f"{_RBAC}/v1", "ClusterRole", _READ), "rules": [dict(rule) for rule in READ_RULES]},
        {**_object(f"{_RBAC}/v1", "ClusterRole", _DEPLOY), "rules": [dict(rule) for rule in DEPLOY_RULES]},
        {**_object(f"{_RBAC}/v1", "ClusterRoleBinding", _READ), **_bound(_READ)},
        *(
            {**_object(f"{_RBAC}/v1", "RoleBinding", _DEPLOY, namespace), **_bound(_DEPLOY)}
            for namespace in cluster.namespaces
        ),
    ]


def register_access(scope: Scope, clusters: Sequence[ManagedCluster], opts: pulumi.ResourceOptions) -> None:
    """Keep the manifests of each cluster where whoever administers it finds them."""
    # Only here: a system without managed clusters writes no YAML.
    import yaml

    data = {
        f"{one.name}.yaml": yaml.safe_dump_all(access_manifests(one), sort_keys=False, default_flow_style=None)
        for one in clusters
    }
    config_map(f"multicluster-{CONFIG_MAP}", scope=scope, config_name=CONFIG_MAP, data=data, opts=opts)


def _object(api_version: str, kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), "labels": dict(_LABELS)}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _bound(role: str) -> dict[str, Any]:
    return {
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": _NAME, "namespace": _NAME}],
    }
