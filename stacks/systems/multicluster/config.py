"""What an environment says of the multi-cluster manager beside what it says of every system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from stacks.schema.fleet import ApiServer
from stacks.schema.gitops import Repository, RepositoryPath, credential_problem
from stacks.schema.types import Model, Name, Problem, Text


class ManagedCluster(Model):
    """A cluster that is managed: `server` is its API server's address, `namespaces` those that may be deployed into.

    The defaults are section 4's, where applications go into `production`.
    """

    name: Annotated[Name, Field(max_length=40)]
    server: ApiServer
    namespaces: Annotated[Sequence[Name], Field(min_length=1)] = ("production",)

    @property
    def secret_key(self) -> str:
        """The key of the system's Secret with its kubeconfig."""
        return f"KUBECONFIG_{self.name.upper().replace('-', '_')}"

    @property
    def credential(self) -> str:
        """The name of its kubeconfig in the environment's secret store."""
        return f"kubeconfig-{self.name}"


# Section 4, "多集群部署" (deployment to several clusters).
CLUSTERS = tuple(
    ManagedCluster(name=name, server=f"https://{name}-cluster.example.com") for name in ("dev", "staging", "prod")
)


class ChartSource(Model):
    """A Helm chart in a Git repository, for Argo CD."""

    repository: Repository
    revision: Text = "main"
    path: RepositoryPath

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """A credential in the repository's URL."""
        yield from credential_problem(data)


class Applications(Model):
    """What Argo CD deploys beside this program, if it is in the cluster: section 4's URLs unless it says otherwise.

    `manager` is the manager's own chart, in the namespace `multi-cluster-manager` of Argo CD's own cluster; `fleet`
    the chart that every managed cluster gets. One that is null is left out.
    """

    manager: ChartSource | None = ChartSource(
        repository="https://github.com/yourorg/multi-cluster-manager.git",
        path="infrastructure/kubernetes/apps/multi-cluster-manager",
    )
    fleet: ChartSource | None = ChartSource(repository="https://github.com/yourorg/app.git", path="helm/app")
