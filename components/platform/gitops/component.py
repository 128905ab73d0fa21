"""An environment as Argo CD deploys it, and the AppProjects that say from where, into what and which kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.kubernetes.naming import Scope
from components.kubernetes.objects import custom_resource
from components.platform.gitops.args import (
    ARGO_NAMESPACE,
    FINALIZER,
    IN_CLUSTER,
    PLATFORM,
    SYNC_POLICY,
    GitOpsArgs,
    Target,
    operators_project,
)
from components.platform.gitops.fleet import CLUSTER_LABEL, PART_LABEL, application_set_spec
from versions import ARGO_APPLICATION, ARGO_APPLICATION_SET, ARGO_PROJECT
from versions import CustomResource as Kind

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


# The engine then goes on only once Argo CD has made the part.
_HEALTHY = {"pulumi.com/waitFor": "jsonpath={.status.health.status}=Healthy"}


class GitOps(pulumi.ComponentResource):
    """An AppProject, and an Application for each part of the environment: the platform first, then the systems.

    Several clusters get them from an ApplicationSet, which syncs one cluster after the other and stops at one that
    does not become healthy. Argo CD must be there. Outputs: none.
    """

    def __init__(self, name: str, args: GitOpsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:gitops:GitOps", name, {}, opts)
        self._args = args
        self._scope = Scope(namespace=ARGO_NAMESPACE, system="platform", environment=args.environment)
        projects = [self._object(ARGO_PROJECT, args.environment, project_spec(args), after=[])]
        if args.charts:
            spec, project = operators_spec(args), operators_project(args.environment)
            projects.append(self._object(ARGO_PROJECT, project, spec, after=[]))
        if len(args.clusters) == 1:
            self._applications(args.clusters[0], projects)
        else:
            spec = application_set_spec(args, self._subscriptions())
            self._object(ARGO_APPLICATION_SET, args.environment, spec, after=projects)
        self.register_outputs({})

    def _applications(self, target: Target, projects: list[pulumi.Resource]) -> None:
        platform = self._application(target, PLATFORM, projects)
        for system in self._args.systems:
            self._application(target, system, [*projects, platform])

    def _application(self, target: Target, part: str, after: list[pulumi.Resource]) -> CustomResource:
        spec = {
            "project": self._args.environment,
            "source": self._args.source(target, part),
            "destination": {"server": target.server, "namespace": self._args.namespace(part)},
            "syncPolicy": dict(SYNC_POLICY),
        }
        name = self._args.application_name(target, part)
        labels = {CLUSTER_LABEL: target.name, PART_LABEL: part}
        annotations = _HEALTHY | self._subscriptions()
        extra = {"finalizers": [FINALIZER], "annotations": annotations}
        return self._object(ARGO_APPLICATION, name, spec, after=after, labels=labels, **extra)

    def _subscriptions(self) -> dict[str, str]:
        """The annotations that subscribe (https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/)."""
        found: dict[str, str] = {}
        for one in self._args.notifications:
            key = f"notifications.argoproj.io/subscribe.{one.trigger}.{one.service}"
            found[key] = ";".join(filter(None, (found.get(key), one.recipient)))
        return found

    def _object(
        self,
        kind: Kind,
        name: str,
        spec: Mapping[str, Any],
        *,
        after: list[pulumi.Resource],
        labels: Mapping[str, str] | None = None,
        **metadata: Any,
    ) -> CustomResource:
        base = self._scope.metadata("gitops", name)
        base["labels"] |= labels or {}
        return custom_resource(
            f"{kind.kind.lower()}-{name}",
            kind,
            metadata=base | {key: value for key, value in metadata.items() if value},
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )
