"""What Argo CD is told of an environment, and how it syncs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from components.kubernetes.naming import DNS_LABEL_MAX, dns_label

# Where Argo CD runs and looks for its Applications.
ARGO_NAMESPACE = "argocd"
# The cluster that Argo CD itself runs in.
IN_CLUSTER = "https://kubernetes.default.svc"
# With it, removing an Application removes what it deployed.
FINALIZER = "resources-finalizer.argocd.argoproj.io"
# As the documents have it (multi-cluster-manager, section 4); server-side, since definitions are too large otherwise.
SYNC_POLICY: Mapping[str, Any] = {
    "automated": {"prune": True, "selfHeal": True, "allowEmpty": False},
    "syncOptions": ["CreateNamespace=true", "ServerSideApply=true"],
    "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}},
}


def operators_project(environment: str) -> str:
    """The name of the AppProject of an environment's Helm releases."""
    return f"{environment}-operators"


# The part that holds what belongs to no system: namespaces, admission policies, roles, operators.
PLATFORM = "platform"
Trigger = Literal["on-deployed", "on-health-degraded", "on-sync-failed"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A cluster by its name and the address of its API server, as Argo CD knows it; `path` has its manifests."""

    name: str
    path: str
    server: str = IN_CLUSTER


@dataclass(frozen=True, kw_only=True)
class Notification:
    """Who is told of what: `service` is one of Argo CD's notifiers (`slack`), `recipient` its address (a channel)."""

    trigger: Trigger
    service: str
    recipient: str


@dataclass(frozen=True, kw_only=True)
class GitOpsArgs:
    """`repository` has, at `revision` and below each target's path, what `ops render` wrote: a folder a namespace.

    `systems` are the namespaces that get an Application of their own, one at least; `namespaces` all into which may
    be deployed. `charts` are the repositories of the operators' charts, if Argo CD installs those. `clusters` come one
    after the other, each once the one before is healthy.
    """

    environment: str
    repository: str
    revision: str
    clusters: Sequence[Target]
    systems: Sequence[str]
    namespaces: Sequence[str]
    charts: Sequence[str] = ()
    notifications: Sequence[Notification] = ()

    def __post_init__(self) -> None:
        for target in self.clusters:
            for part in self.parts:
                self.application_name(target, part)

    @property
    def parts(self) -> tuple[str, ...]:
        """The platform, and then each system."""
        return (PLATFORM, *self.systems)

    def application_name(self, target: Target, part: str) -> str:
        """The name of an Application. Raises ValueError if it is too long for a label."""
        name = f"{self.environment}-{target.name}-{part}"
        if len(name) > DNS_LABEL_MAX:
            raise ValueError(f"{name!r} has {len(name)} characters: at most {DNS_LABEL_MAX} are allowed")
        return dns_label(name)

    def namespace(self, part: str) -> str:
        """The namespace of an Application's destination: a system's own. The platform's is any that its project
        permits, since Argo CD wants one and every object names its own."""
        return part if part != PLATFORM else self.systems[0]

    def source(self, target: Target, part: str) -> dict[str, object]:
        """Where an Application's manifests are: a system's folder, or all folders but those of the systems."""
        source: dict[str, object] = {"repoURL": self.repository, "targetRevision": self.revision}
        if part != PLATFORM:
            return {**source, "path": f"{target.path}/{part}", "directory": {"recurse": False}}
        others = ",".join(f"{system}/*" for system in self.systems)
        return {**source, "path": target.path, "directory": {"recurse": True, "exclude": f"{{{others}}}"}}
