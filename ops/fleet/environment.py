"""An environment's clusters as the commands of `ops fleet` reach them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from graph.manifests import manifests
from graph.model import Graph
from graph.record import record
from ops.clusters import Cluster
from ops.errors import OperationError
from ops.kubectl import ClusterError, Kubectl
from ops.live.lookup import Lookup, raw, system_of
from ops.live.waiting import State, Waiting
from ops.progress import Silent
from paths import environment_of
from stacks.schema.environment import CONTEXT_VARIABLE
from stacks.schema.fleet import FleetCluster, fleet_of
from stacks.schema.source import Source

_T = TypeVar("_T")
# Each cluster costs a thread that waits for kubectl.
_PARALLEL = 16


@dataclass(frozen=True)
class Member:
    """A cluster of the fleet: its stack, its entry in the file (`where` as file:line: path), and its graph."""

    stack: str
    config: FleetCluster
    where: str
    kubectl: Kubectl
    graph: Graph

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.config.name

    @property
    def lookup(self) -> Lookup:
        """What finds its objects."""
        return Lookup(self.kubectl, self.graph.environment)

    def state(self, system: str | None = None) -> State:
        """The readiness of its objects, or of one system's."""
        declared = manifests(self.graph)
        selected = [one for one in declared if system is None or system_of(one.body) == system]
        return Waiting(self.lookup, declared, Silent(), timeout=0).state(selected)


@dataclass(frozen=True)
class FleetEnvironment:
    """An environment with all clusters of its fleet, in their order."""

    name: str
    file: str
    members: tuple[Member, ...]
    systems: tuple[str, ...]

    @classmethod
    def of(cls, name: str) -> FleetEnvironment:
        """Raises ConfigurationError or OperationError with what is wrong; no cluster is asked."""
        source = Source.of_stack(name)
        fleet = fleet_of(source)
        if name != environment_of(name) or fleet is None:
            what = (
                f"{name} is one cluster" if fleet else f"{source.path.name} has no 'fleet', so {name} has one cluster"
            )
            raise OperationError(f"{what}; docs/how-to/fleet.md says how an environment gets several")
        if context := os.environ.get(CONTEXT_VARIABLE):
            raise OperationError(f"{CONTEXT_VARIABLE} is set, to {context!r}: all clusters would be that one; unset it")
        members = [
            Member(
                stack=f"{name}.{one.name}",
                config=one,
                where=f"{source.path.name}:{source.line_of(('fleet', 'clusters', index, 'context'))}: "
                f"fleet.clusters[{index}].context",
                kubectl=Cluster(None, one.context).kubectl(),
                graph=record(f"{name}.{one.name}"),
            )
            for index, one in enumerate(fleet.clusters)
        ]
        systems = source.config.get("saas-platform:systems") or {}
        return cls(
            name, source.path.name, tuple(members), tuple(key for key, value in systems.items() if value is not None)
        )

    def select(self, names: Sequence[str]) -> list[Member]:
        """The clusters of these names, all without any; in the order of the file."""
        known = [one.name for one in self.members]
        if unknown := [name for name in names if name not in known]:
            raise OperationError(f"{', '.join(unknown)}: no such cluster of {self.name}; there are: {', '.join(known)}")
        return [one for one in self.members if not names or one.name in names]

    def refuse_unreachable(self, members: Sequence[Member]) -> None:
        """Raise OperationError if a cluster does not answer, or if two are one; nothing has been changed then."""
        problems: list[str] = []
        first: dict[str, str] = {}
        for member, identity in zip(members, in_parallel(_identity, members), strict=True):
            if isinstance(identity, ClusterError):
                problems.append(f"{member.where}: {identity}")
            elif (other := first.setdefault(identity, member.name)) != member.name:
                problems.append(f"{member.where}: {member.name} is the same cluster as {other}")
        if problems:
            raise OperationError(
                "\n  ".join(["nothing was changed, since not every cluster is fit for it:", *problems])
            )


def in_parallel(ask: Callable[[Member], _T], members: Iterable[Member]) -> list[_T]:
    """What `ask` gives for each cluster, in their order."""
    with ThreadPoolExecutor(max_workers=_PARALLEL) as threads:
        return list(threads.map(ask, members))


def _identity(member: Member) -> str | ClusterError:
    """What no two clusters share and no cluster changes: the UID of a namespace that comes with it."""
    try:
        namespace = raw(member.kubectl, "/api/v1/namespaces/kube-system")
    except ClusterError as error:
        return error
    return str(namespace["metadata"]["uid"])
