"""The nodes that an environment's cluster is meant to have: the tier's, or those of an EKS cluster's node groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stacks.schema.environment_file import EnvironmentFile
from stacks.schema.tiers import Tier
from stacks.schema.types import Bytes, Cpu


@dataclass(frozen=True, kw_only=True)
class NodePool:
    """Equal nodes: `nodes` from the start, `most` ever, and what each has for pods.

    `open` is whether pods come onto them that tolerate no taint.
    """

    nodes: int
    most: int
    cpu: Cpu
    memory: Bytes
    open: bool = True

    def described(self) -> dict[str, object]:
        """As the stack's output has it."""
        figures: dict[str, object] = {"nodes": self.nodes, "most": self.most, "open": self.open}
        return figures | {"cpu": str(self.cpu), "memory": str(self.memory)}


def node_pools(file: EnvironmentFile, tier: Tier) -> Sequence[NodePool]:
    """All of them. Of a cluster that is there already, what the tier says of it."""
    if file.cluster.kind != "eks":
        most = max(tier.nodes, tier.maximum_nodes)
        return [NodePool(nodes=tier.nodes, most=most, cpu=tier.node_cpu, memory=tier.node_memory)]
    # Only here: instance types and their sizes are of no use to any other cluster.
    from stacks.schema.eks_tiers import allocatable, node_groups

    pools = []
    for group in node_groups(file.cluster, file.tier).values():
        # Of several types AWS takes any: the smallest is sure.
        cpu, memory = (min(one) for one in zip(*map(allocatable, group.instance_types), strict=True))
        closed = any(taint.effect != "PREFER_NO_SCHEDULE" for taint in group.taints)
        pools.append(NodePool(nodes=group.desired, most=group.maximum, cpu=cpu, memory=memory, open=not closed))
    return pools
