"""AppProjects: from where, into what and which kinds Argo CD may deploy for an environment."""

from __future__ import annotations

from typing import Any

from components.gitops.args import GitOpsArgs
from components.gitops.sync import ARGO_NAMESPACE, IN_CLUSTER

# What an environment declares that belongs to no namespace.
_CLUSTER_KINDS = (
    ("", "Namespace"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
)


def project_spec(args: GitOpsArgs) -> dict[str, Any]:
    """The environment's own: one repository, its namespaces, and few kinds that belong to none."""
    servers = [target.server for target in args.clusters]
    namespaces = [*args.namespaces, *([ARGO_NAMESPACE] if args.charts else [])]
    return {
        "description": f"Environment {args.environment}, as ops render writes it.",
        "sourceRepos": [args.repository],
        "destinations": [{"server": server, "namespace": one} for server in servers for one in namespaces],
        "clusterResourceWhitelist": [{"group": group, "kind": kind} for group, kind in _CLUSTER_KINDS],
        # Somebody else's object in these namespaces is shown, and left alone.
        "orphanedResources": {"warn": True},
    }


def operators_spec(args: GitOpsArgs) -> dict[str, Any]:
    """Charts of operators alone: they bring definitions, webhooks and roles of the whole cluster."""
    return {
        "description": f"The operators of environment {args.environment}.",
        "sourceRepos": sorted(set(args.charts)),
        "destinations": [{"server": IN_CLUSTER, "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
