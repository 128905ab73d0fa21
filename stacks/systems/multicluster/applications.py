"""Section 4: what Argo CD deploys to the clusters, as Applications in a project that permits just this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.kubernetes.naming import Scope
from components.kubernetes.objects import custom_resource
from components.platform.gitops.args import ARGO_NAMESPACE, FINALIZER, IN_CLUSTER, SYNC_POLICY
from stacks.systems.multicluster.config import Applications, ChartSource, ManagedCluster
from versions import ARGO_APPLICATION, ARGO_PROJECT
from versions import CustomResource as Kind

_PROJECT = "multicluster"
MANAGER = "multi-cluster-manager"


@dataclass(frozen=True, kw_only=True)
class _Application:
    name: str
    source: ChartSource
    server: str
    namespace: str
    value_files: Sequence[str] = ()
    finalizers: Sequence[str] = ()

    def spec(self) -> dict[str, Any]:
        source: dict[str, Any] = {
            "repoURL": self.source.repository,
            "targetRevision": self.source.revision,
            "path": self.source.path,
        }
        if self.value_files:
            source["helm"] = {"valueFiles": list(self.value_files)}
        return {
            "project": _PROJECT,
            "source": source,
            "destination": self.destination(),
            "syncPolicy": dict(SYNC_POLICY),
        }

    def destination(self) -> dict[str, str]:
        return {"server": self.server, "namespace": self.namespace}


def register_applications(
    config: Applications, clusters: Sequence[ManagedCluster], environment: str, opts: pulumi.ResourceOptions
) -> None:
    """Register the project and its Applications: the manager's own, and one for each cluster."""
    applications = [*_manager(config.manager, environment), *_fleet(config.fleet, clusters)]
    if not applications:
        return
    scope = Scope(namespace=ARGO_NAMESPACE, system="multicluster", environment=environment)
    project = _object(scope, ARGO_PROJECT, _PROJECT, _project(applications), opts)
    after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[project]))
    for one in applications:
        extra = {"finalizers": list(one.finalizers)} if one.finalizers else {}
        _object(scope, ARGO_APPLICATION, one.name, one.spec(), after, **extra)


def _manager(source: ChartSource | None, environment: str) -> list[_Application]:
    if source is None:
        return []
    values = (f"values-{environment}.yaml",)
    own = _Application(
        name=MANAGER, source=source, server=IN_CLUSTER, namespace=MANAGER, value_files=values, finalizers=(FINALIZER,)
    )
    return [own]


def _fleet(source: ChartSource | None, clusters: Sequence[ManagedCluster]) -> list[_Application]:
    if source is None:
        return []
    return [
        _Application(name=f"app-{one.name}", source=source, server=one.server, namespace=one.namespaces[0])
        for one in clusters
    ]


def _project(applications: Sequence[_Application]) -> dict[str, Any]:
    """The document has the project `default`, which permits everything to everybody."""
    return {
        "description": "What the multi-cluster manager's clusters run.",
        "sourceRepos": sorted({one.source.repository for one in applications}),
        "destinations": [one.destination() for one in applications],
        # CreateNamespace: nothing else of these applications is of the whole cluster.
        "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
    }


def _object(
    scope: Scope,
    kind: Kind,
    name: str,
    spec: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
    **metadata: Any,
) -> CustomResource:
    return custom_resource(
        f"multicluster-{kind.kind.lower()}-{name}",
        kind,
        metadata={**scope.metadata(MANAGER, name), **metadata},
        spec=dict(spec),
        opts=opts,
    )
