"""The multi-cluster manager: clusters, what is deployed to them, and how they are.

The source of every figure is the multi-cluster manager's document; comments name its sections.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import Field

from components.stores.postgres.store import Postgres
from components.stores.redis.store import Redis
from stacks.schema.system import SystemConfig
from stacks.schema.types import Problem, duplicates
from stacks.system.declaration import Declaration, ResolvedSystem, Route, board_of
from stacks.systems.multicluster.alerts import RULES
from stacks.systems.multicluster.config import CLUSTERS, Applications, ManagedCluster
from stacks.systems.multicluster.services import BACKEND, FRONTEND, services
from versions import APPLICATION_VERSION

if TYPE_CHECKING:
    import pulumi

    from stacks.system.environment_context import EnvironmentContext

_HOST = "clusters"


def _settings(resolved: ResolvedSystem) -> Mapping[str, str]:
    return {"ENVIRONMENT": resolved.args.environment, "LOG_LEVEL": resolved.args.tier.log_level}


DECLARATION = Declaration(
    name="multicluster",
    title="Multi-cluster manager",
    version=APPLICATION_VERSION,
    services=services(),
    # Section 1: the paths of the API begin with /api/v1.
    routes=(
        Route(host=_HOST, path="/api/v1", service=BACKEND),
        Route(host=_HOST, path="/", service=FRONTEND),
    ),
    stores=(Postgres(name="multicluster", user="multicluster"), Redis(user="multicluster")),
    settings=_settings,
    rules=RULES,
    boards=board_of(__package__),
)


class Config(SystemConfig):
    """What an environment says of the multi-cluster manager."""

    declaration = DECLARATION

    clusters: Sequence[ManagedCluster] = Field(
        CLUSTERS,
        description="The clusters that it manages. Their kubeconfigs come from the environment's secret store; "
        "without one they are registered through its API, as the document does.",
    )
    applications: Applications | None = Field(
        Applications(),
        description="What Argo CD deploys beside this program, if it is in the cluster; null for nothing.",
    )

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Clusters that stand twice, beside what is wrong with any system."""
        yield from super().problems(data)
        for key in ("name", "server"):
            for problem in duplicates(data.get("clusters"), key, f"cluster {key}"):
                yield problem._replace(path=("clusters", *problem.path))

    def declared(self, args: EnvironmentContext) -> Declaration:
        """The system with the kubeconfigs of its clusters, and what Argo CD is told."""
        # What the program generates is a password, and no kubeconfig.
        known = self.clusters if args.store else ()
        return replace(
            DECLARATION,
            services=services([(f"{one.name}.yaml", one.secret_key) for one in known]),
            secrets={one.secret_key: one.credential for one in known},
            extras=self._extras,
        )

    def _extras(self, resolved: ResolvedSystem, opts: pulumi.ResourceOptions) -> None:
        # Only here: an environment that does not have the system needs neither.
        from stacks.systems.multicluster.access import register_access
        from stacks.systems.multicluster.applications import register_applications

        if self.clusters:
            register_access(resolved.scope, self.clusters, opts)
        if self.applications and resolved.args.applications:
            register_applications(self.applications, self.clusters, resolved.args.environment, opts)
