"""`ops fleet deploy`, `upgrade` and `rollback`: one cluster after the other, up to the first that does not get healthy.

Before a cluster is touched, the file says which version it is to have and which one it had; after it was seen healthy,
that too. So a roll-out that was stopped or killed is gone on with, or taken back, by a command that knows nothing but
the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console

from ops.console import console
from ops.deploy import up
from ops.errors import EXIT_FAILURE, OperationError
from ops.fleet.environment import FleetEnvironment, Member
from ops.fleet.report import stopped, versions_table
from ops.fleet.state import VersionsFile
from stacks.schema.types import system_key, system_name

_PLATFORM = "PriorityClass.v1.scheduling.k8s.io"


@dataclass(frozen=True)
class Rollout:
    """A roll-out of one system over some clusters. `timeout` in seconds is for each wave of objects in each cluster."""

    fleet: FleetEnvironment
    system: str
    members: Sequence[Member]
    timeout: int
    out: Console

    @classmethod
    def of(cls, environment: str, system: str, clusters: Sequence[str], timeout: int) -> Rollout:
        """Raises OperationError, with nothing changed, unless all clusters can be reached and have the environment."""
        fleet, system = FleetEnvironment.of(environment), system_key(system)
        members = fleet.select(clusters)
        if system not in fleet.systems:
            raise OperationError(f"{fleet.file}: no system {system!r}; there are: {', '.join(fleet.systems) or 'none'}")
        if members[0].graph.outputs["delivery"] == "argocd":
            raise OperationError(
                f"{environment} is delivered by Argo CD, which rolls over its clusters itself: change {fleet.file}, "
                "run `python -m ops render` and commit"
            )
        fleet.refuse_unreachable(members)
        return cls(fleet, system, members, timeout, console())

    @property
    def file(self) -> VersionsFile:
        """Where the versions stand."""
        return VersionsFile(self.fleet.name, self.system)

    def refuse_without_environment(self) -> None:
        """A system alone cannot be deployed: it needs the platform around it."""
        selector = f"--selector=platform.io/environment={self.fleet.name}"
        bare = [one for one in self.members if not one.kubectl.json("get", _PLATFORM, selector)["items"]]
        if bare:
            commands = "".join(f"\n  python -m ops up -s {one.stack}" for one in bare)
            names = ", ".join(one.name for one in bare)
            raise OperationError(
                f"nothing was changed, since {names} has nothing of {self.fleet.name} yet, "
                f"and {self.system} needs the platform around it. All of it comes with:{commands}"
            )

    def roll(self, members: Sequence[Member], step: Callable[[Member], None], command: str) -> int:
        """Take the step in each cluster; returns 1 at the first where it fails, having said how to go on and back."""
        for number, member in enumerate(members, start=1):
            self.out.print(f"\n[bold]{member.name}[/bold] ({number} of {len(members)})")
            try:
                step(member)
            except OperationError as error:
                reached = {one.name for one in members[: number - 1]}
                self.out.print(versions_table(self.file.read(), member.name, reached))
                raise OperationError(stopped(str(error), member.name, self.fleet.name, self.system, command)) from None
        self.out.print(versions_table(self.file.read(), None, {one.name for one in members}))
        return 0

    def is_available(self, member: Member) -> bool:
        """Whether all workloads of the system are, whatever else of it is there."""
        return all(one.done for one in member.state(system_name(self.system)).values())

    def apply(self, member: Member) -> None:
        """Deploy the system as the file has it, and wait until all of it is available."""
        if up(member.stack, None, self.timeout, brief=True, system=system_name(self.system)) == EXIT_FAILURE:
            raise OperationError(f"a policy refuses it: `python -m ops preview -s {member.stack}` shows everything")
        self._settle(member)

    def _settle(self, member: Member) -> None:
        self.file.write(member.name, self.file.read()[member.name].settled())


def deploy(environment: str, system: str, clusters: Sequence[str], timeout: int) -> int:
    """Deploy the system as the file has it, cluster by cluster; returns 0."""
    rollout = Rollout.of(environment, system, clusters, timeout)
    rollout.refuse_without_environment()
    return rollout.roll(rollout.members, rollout.apply, "deploy")


def upgrade(environment: str, system: str, version: str, clusters: Sequence[str], timeout: int) -> int:
    """Give the system a version, cluster by cluster, or go on with that; returns 0."""
    rollout = Rollout.of(environment, system, clusters, timeout)
    rollout.refuse_without_environment()

    def step(member: Member) -> None:
        has = rollout.file.read()[member.name]
        if has.version == version and not has.pending and rollout.is_available(member):
            rollout.out.print(f"{member.name} has {version} already, and all of it is available")
            return
        rollout.file.write(member.name, has.upgraded(version))
        rollout.apply(member)

    return rollout.roll(rollout.members, step, f"upgrade --version {version}")


def rollback(environment: str, system: str, clusters: Sequence[str], timeout: int) -> int:
    """Give the system the version before, the last cluster of the roll-out first; returns 0."""
    rollout = Rollout.of(environment, system, clusters, timeout)
    versions = rollout.file.read()
    behind = [one for one in reversed(rollout.members) if versions[one.name].before or versions[one.name].pending]
    if not behind:
        raise OperationError(f"{rollout.fleet.file}: {system} has no version before in any of these clusters")

    def step(member: Member) -> None:
        rollout.file.write(member.name, rollout.file.read()[member.name].rolled_back())
        rollout.apply(member)

    return rollout.roll(behind, step, "rollback")
