"""The kinds of clusters that an environment's file can name, and what a tier asks of one that it makes itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from stacks.schema.eks import EksClusterConfig
from stacks.schema.tiers import Tier
from stacks.schema.types import Model, Problem, Text, TierName


class SandboxCluster(Model):
    """The local control plane of `sandbox/`; its kubeconfig is found by itself."""

    kind: Literal["sandbox"] = Field(description="The local control plane; its kubeconfig is found by itself.")


class ExistingClusterConfig(Model):
    """A cluster that is there already."""

    kind: Literal["existing"] = Field(description="A cluster that is there already.")
    context: Text = Field(
        description="The cluster's context in the user's kubeconfig (`$KUBECONFIG` or `~/.kube/config`)."
    )


class FleetClusters(Model):
    """Those that `fleet` lists."""

    kind: Literal["fleet"] = Field(
        description="The clusters that `fleet` lists; which of them it is, the stack's name says (`prod.eu`)."
    )


Cluster = Annotated[
    SandboxCluster | ExistingClusterConfig | EksClusterConfig | FleetClusters, Field(discriminator="kind")
]


def cluster_problems(name: TierName, tier: Tier, overrides: Any, cluster: Any) -> Iterable[Problem]:
    """What an EKS cluster and the tier do not agree on."""
    if not isinstance(cluster, Mapping) or cluster.get("kind") != "eks":
        return
    # Only here: instance types and their sizes are of no use to any other cluster.
    from stacks.schema.eks_tiers import eks_problems

    zones = overrides.get("zones") if isinstance(overrides, Mapping) else None
    if isinstance(zones, int) and 1 <= zones <= 3:
        tier = tier.model_copy(update={"zones": zones})
    for problem in eks_problems(name, tier, cluster):
        yield problem._replace(path=("cluster", *problem.path))
