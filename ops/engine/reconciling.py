"""State and cluster brought into agreement before a run: after a killed run, after changes by hand, after a lost state.

Nothing of another environment is ever taken, and what the environment has in the cluster is never forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from graph.manifests import Manifest
from graph.model import Graph
from ops.engine.adoption import adopt
from ops.engine.backend import LocalBackend
from ops.engine.plan import Plan
from ops.engine.run_lock import Unfinished
from ops.engine.stack import EngineStack
from ops.engine.state import Backups, problems, refuse_torn_file, resources_of
from ops.errors import OperationError
from ops.live.drift import Drift, deployed_objects, drift_lines, find_drift
from ops.live.lookup import Lookup, title_of
from ops.live.undeclared import take_back

# As many are named one by one in a message.
_NAMED = 20


@dataclass(frozen=True)
class Agreement:
    """State and cluster as they agree: the state's resources, and what had not agreed before."""

    resources: Sequence[Mapping[str, Any]]
    drift: Drift

    @property
    def empty(self) -> bool:
        """Whether there is nothing yet of the environment."""
        return not self.resources


@dataclass(frozen=True)
class Reconciler:
    """Looks at one stack and its cluster. `adopting` says that objects of a lost state are to be taken over."""

    graph: Graph
    manifests: Sequence[Manifest]
    stack: EngineStack
    lookup: Lookup
    out: Console
    adopting: bool = False

    def agree(self, *, removing: bool = False) -> Agreement:
        """Bring them into agreement. Raises OperationError, with nothing changed, where a person must decide.

        Before a removal it does not matter whose the names are that the environment would want.
        """
        deployment = self.sound_state()
        killed = self._after_a_kill(deployment)
        drift = self.drift(deployment)
        if not removing:
            self._refuse_foreign(drift)
        if drift.unknown:
            self._adopt(deployment, drift, known=killed)
        if killed:
            self.out.print("Looking up everything that the state knows, since a run was killed", style="dim")
            self.stack.refresh()
            Unfinished(self.stack.name).remove()
        elif drift.stale:
            self.stack.refresh(drift.stale)
        changed = killed or drift.stale or drift.unknown
        resources = self.stack.resources() if changed else resources_of(deployment)
        return Agreement(resources, drift)

    def drift(self, deployment: Mapping[str, Any]) -> Drift:
        """What does not agree; nothing is changed."""
        return find_drift(self.lookup, self.manifests, deployed_objects(resources_of(deployment)))

    def sound_state(self) -> dict[str, Any]:
        """The state, and a backup of it. Raises OperationError if it is torn."""
        backend = self.stack.backend
        if isinstance(backend, LocalBackend):
            refuse_torn_file(backend)
        deployment = self.stack.export()
        if wrong := list(problems(deployment, self.stack.name)):
            raise OperationError("\n  ".join(["the state is not sound; nothing was changed:", *wrong[:_NAMED]]))
        Backups(self.stack.name).make(deployment)
        return deployment

    def _after_a_kill(self, deployment: dict[str, Any]) -> bool:
        """Release the lock of a killed run, and leave what it was doing to the look-up that follows.

        Returns whether there was one.
        """
        backend = self.stack.backend
        locked = isinstance(backend, LocalBackend) and backend.abandoned_lock()
        if locked:
            self.out.print("The last run was killed; releasing its lock", style="yellow")
            self.stack.release_lock()
        inside = deployment.get("deployment") or {}
        pending = inside.pop("pending_operations", None) or []
        if pending:
            self._tell_of_lost([one["resource"] for one in pending if one.get("type") == "creating"])
            self.stack.replace_state(deployment)
        return bool(locked or pending or Unfinished(self.stack.name).left_behind)

    def _tell_of_lost(self, creating: Sequence[Mapping[str, Any]]) -> None:
        """Objects of Kubernetes are found again by name; what only a cloud knows, a person must look for."""
        lost = [one for one in creating if not str(one["type"]).startswith(("kubernetes:", "random:", "pulumi:"))]
        for one in lost:
            self.out.print(
                f"The killed run was creating {one['type']} {str(one['urn']).rpartition('::')[2]}: see whether it is "
                "there, and if so `pulumi import` it or delete it",
                style="yellow",
                markup=False,
            )

    def _refuse_foreign(self, drift: Drift) -> None:
        if not drift.foreign:
            return
        (_, owner), *_ = drift.foreign
        whose = f"belong to environment {owner!r} of the same cluster" if owner else "are there and bear no environment"
        listed = "\n  ".join(title_of(key) for key, _ in drift.foreign[:_NAMED])
        raise OperationError(
            f"{len(drift.foreign)} objects {whose}, and are declared here too:\n  {listed}\n"
            "Nothing was changed: a cluster holds one environment, and what is somebody else's is not taken over. "
            "Remove the other with `make down`, delete or label what is nobody's "
            f"(platform.io/environment={self.lookup.environment}), or choose another cluster with CONTEXT="
        )

    def _adopt(self, deployment: dict[str, Any], drift: Drift, *, known: bool) -> None:
        """Take over what the state does not know; `known` says that a run was killed, which explains it."""
        if not (known or self.adopting or deployed_objects(resources_of(deployment))):
            raise OperationError(
                f"the state of {self.stack.name} knows nothing, and {len(drift.unknown)} of its objects are in the "
                f"cluster, the first of them {title_of(drift.unknown[0])}: the state is lost, or of another machine. "
                "Nothing was changed. Put it back with `python -m ops state restore`, or name its backend in "
                f"PULUMI_BACKEND_URL; or run `make up ENV={self.stack.name} ADOPT=1`, which takes over what is there, "
                "passwords too, and then changes what differs"
            )
        deployment = deployment or self.stack.begin()
        adoption = adopt(self.graph, deployment, drift.live)
        self.stack.replace_state(adoption.deployment)
        if not known:
            # After a kill everything is refreshed anyhow.
            before = set(_urns(deployment))
            self.stack.refresh([urn for urn in _urns(adoption.deployment) if urn not in before])
        self.out.print(
            f"Taken over: {len(adoption.objects)} objects of this environment that the state did not know"
            + (f", and {len(adoption.passwords)} passwords as they are in use" if adoption.passwords else "")
        )

    def put_back(self, drift: Drift) -> None:
        """Remove what was added by hand; all else is put back by the run itself."""
        for _, live, fields in drift.added:
            take_back(self.lookup.kubectl, live, fields)

    def tell(self, drift: Drift, plan: Plan) -> None:
        """Say what was changed by hand and is going to be put back; what `plan` need not touch is as it should be."""
        touched = {step.urn for step in plan.steps}
        put_back = Drift(
            missing=drift.missing,
            changed=tuple(one for one in drift.changed if one.object.urn in touched),
            added=drift.added,
        )
        lines = list(drift_lines(put_back))
        if lines:
            self.out.print(f"Changed by hand since the last run, and put back: {len(lines)} objects", style="yellow")
        for what, details in lines[:_NAMED]:
            self.out.print(f"  {what}", markup=False)
            for line in details:
                self.out.print(f"    {line}", style="dim", markup=False)
        if len(lines) > _NAMED:
            self.out.print(f"  … and {len(lines) - _NAMED} more", style="dim")


def _urns(deployment: Mapping[str, Any]) -> list[str]:
    return [str(one["urn"]) for one in resources_of(deployment) if one.get("custom")]
