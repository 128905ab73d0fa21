"""From SYSTEM/APP on the command line to the objects of its release in the cluster."""

from __future__ import annotations

from dataclasses import dataclass

from components.traffic.release import APPLICATION
from graph.manifests import Manifest, manifests
from graph.model import Graph
from graph.record import record
from ops.clusters import cluster_of
from ops.deploy import select_context
from ops.errors import OperationError
from ops.kubectl import Kubectl
from ops.releases.checks import Checks
from ops.releases.cluster import ReleaseCluster
from ops.releases.flagger import FlaggerRelease
from ops.releases.http import Http

_CONTROLLED = "Canary"


@dataclass(frozen=True)
class Found:
    """An application that is released, where it is, and who checks it. `kind` is that of the object with the route."""

    kubectl: Kubectl
    namespace: str
    name: str
    kind: str
    checks: Checks

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"{self.namespace}/{self.name}"

    @property
    def controlled(self) -> bool:
        """Whether Flagger carries its releases out."""
        return self.kind == _CONTROLLED

    def cluster(self) -> ReleaseCluster:
        """Its objects, where no controller carries releases out."""
        return ReleaseCluster(self.kubectl, self.namespace, self.name, self.kind)

    def flagger(self) -> FlaggerRelease:
        """Its Canary."""
        return FlaggerRelease(self.kubectl, self.namespace, self.name)


def find(stack: str, context: str | None, application: str, prometheus: str | None) -> Found:
    """The release of `application`, written SYSTEM/APP. Raises OperationError that lists those that there are.

    `prometheus` is a URL that is asked in place of the environment's own.
    """
    select_context(context)
    graph = record(stack)
    released = {f"{one.namespace}/{name}": (one, name) for one, name in _released(graph)}
    if application not in released:
        known = ", ".join(sorted(released)) or "none; see docs/how-to/release.md"
        raise OperationError(f"{application!r} is not released in environment {stack}; released are: {known}")
    manifest, name = released[application]
    kubectl = cluster_of(graph).kubectl()
    url = prometheus or str(graph.outputs["prometheus_url"])
    checks = Checks(Http(kubectl), url.rstrip("/"), manifest.namespace, name)
    return Found(kubectl, manifest.namespace, name, manifest.kind, checks)


def _released(graph: Graph) -> list[tuple[Manifest, str]]:
    found = []
    for one in manifests(graph):
        name = one.name if one.kind == _CONTROLLED else one.body["metadata"].get("annotations", {}).get(APPLICATION)
        if name:
            found.append((one, name))
    return found
