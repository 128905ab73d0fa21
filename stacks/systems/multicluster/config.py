"""What an environment says of the multi-cluster manager beside what it says of every system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from stacks.schema.fleet import ApiServer
from stacks.schema.gitops import Repository, RepositoryPath, credential_problem
from stacks.schema.types import Model, Name, Problem, Text


class ManagedCluster(Model):
    """A cluster that is managed. The defaults are section 4's, where applications go into `production`."""

    name: Annotated[Name, Field(max_length=40)] = Field(
        json_schema_extra={"maxLength": 40}, description="The name of the cluster, at most 40 characters."
    )
    server: ApiServer = Field(description="The address of its API server.")
    namespaces: Annotated[Sequence[Name], Field(min_length=1)] = Field(
        ("production",), description="The namespaces that may be deployed into."
    )

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

    repository: Repository = Field(description="The URL of the Git repository, without a credential in it.")
    revision: Text = Field("main", description="The branch, tag or commit.")
    path: RepositoryPath = Field(description="The folder of the chart in the repository.")

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """A credential in the repository's URL."""
        yield from credential_problem(data)


class Applications(Model):
    """What Argo CD deploys beside this program, if it is in the cluster: section 4's URLs unless it says otherwise."""

    manager: ChartSource | None = Field(
        ChartSource(
            repository="https://github.com/yourorg/multi-cluster-manager.git",
            path="infrastructure/kubernetes/apps/multi-cluster-manager",
        ),
        description="The manager's own chart, in the namespace `multi-cluster-manager` of Argo CD's own cluster; "
        "null leaves it out.",
    )
    fleet: ChartSource | None = Field(
        ChartSource(repository="https://github.com/yourorg/app.git", path="helm/app"),
        description="The chart that every managed cluster gets; null leaves it out.",
    )
