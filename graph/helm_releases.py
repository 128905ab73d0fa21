"""Helm releases of a graph: as commands that a person runs, and as Argo CD Applications."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.platform.gitops.args import ARGO_NAMESPACE, FINALIZER, IN_CLUSTER, SYNC_POLICY
from graph.model import Graph, Resource
from versions import ARGO_APPLICATION

_LABELS = ("app.kubernetes.io/part-of", "platform.io/environment", "platform.io/system")


@dataclass(frozen=True)
class HelmRelease:
    """A release as it is declared. `retained` says whether it stays when its environment goes."""

    urn: str
    name: str
    namespace: str
    chart: str
    version: str
    repository: str
    values: Mapping[str, Any]
    retained: bool

    @classmethod
    def of(cls, resource: Resource) -> HelmRelease:
        """The release that a resource of type `helm.sh/v3:Release` declares."""
        inputs = resource.inputs
        return cls(
            urn=resource.urn,
            name=inputs["name"],
            namespace=inputs["namespace"],
            chart=inputs["chart"],
            version=inputs["version"],
            repository=inputs["repositoryOpts"]["repo"],
            values=inputs.get("values", {}),
            retained=resource.is_kept,
        )

    def command(self) -> str:
        """The command that installs or upgrades it, with its values on standard input."""
        arguments = {"repo": self.repository, "version": self.version, "namespace": self.namespace}
        options = " ".join(f"--{name} {shlex.quote(value)}" for name, value in arguments.items())
        return f"helm upgrade --install {self.name} {self.chart} {options} --create-namespace --values -"

    def as_application(self, stack: str, project: str) -> dict[str, Any]:
        """The Argo CD Application that installs the same chart with the same values."""
        values = dict(zip(_LABELS, ("platform", stack, "platform"), strict=True))
        metadata: dict[str, Any] = {
            "name": self.name,
            "namespace": ARGO_NAMESPACE,
            "labels": {"app.kubernetes.io/name": self.name, "app.kubernetes.io/managed-by": "pulumi", **values},
        }
        if not self.retained:
            metadata["finalizers"] = [FINALIZER]
        source: dict[str, Any] = {"repoURL": self.repository, "chart": self.chart, "targetRevision": self.version}
        source["helm"] = {"releaseName": self.name, "valuesObject": dict(self.values)}
        return {
            "apiVersion": ARGO_APPLICATION.api_version,
            "kind": ARGO_APPLICATION.kind,
            "metadata": metadata,
            "spec": {
                "project": project,
                "source": source,
                "destination": {"server": IN_CLUSTER, "namespace": self.namespace},
                "syncPolicy": dict(SYNC_POLICY),
            },
        }


def releases(graph: Graph) -> tuple[HelmRelease, ...]:
    """The Helm releases of a graph, in the order in which they were declared."""
    return tuple(HelmRelease.of(resource) for resource in graph if resource.is_helm_release)
