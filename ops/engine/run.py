"""A run of `up` or `down`: one environment, one cluster, one engine, and nobody else at work on them meanwhile."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from rich.console import Console

from graph.manifests import Manifest, manifests
from graph.model import Graph
from graph.secrets import redact
from ops.clusters import Cluster, sandbox_is_used_by
from ops.eks import check_upgrades
from ops.engine.backend import backend_of
from ops.engine.consent import Consent, refuse_protected, show
from ops.engine.growing import Growing, prepare
from ops.engine.plan import DONE, Plan, created, removed
from ops.engine.programs import find
from ops.engine.reconciling import Agreement, Reconciler
from ops.engine.run_lock import Unfinished
from ops.engine.stack import EngineError, EngineStack
from ops.engine.targets import targets
from ops.errors import OperationError
from ops.immutable import refusals
from ops.kubectl import ClusterError
from ops.live.drift import Drift, deployed_objects
from ops.live.lookup import Live, Lookup, is_left_over, system_of, title_of
from ops.live.waiting import Progress, State, Waiting
from ops.preflight import problems
from ops.progress import DeploymentProgress, Silent
from ops.reports.deployment import done_so_far, report
from paths import ROOT

_NAMED = 20
# How often the engine begins, and for how many seconds an API server that does not answer is waited for.
_ATTEMPTS, _PATIENCE = 4, 60


@dataclass(frozen=True)
class Run:
    """Carries out what an environment's program declares; `timeout` in seconds, for the waiting at the end."""

    graph: Graph
    cluster: Cluster
    out: Console
    stack: EngineStack
    progress: DeploymentProgress
    timeout: int
    adopting: bool = False

    @classmethod
    @contextlib.contextmanager
    def opened(cls, graph: Graph, cluster: Cluster, out: Console, *, timeout: int, adopting: bool) -> Iterator[Run]:
        """A run, until the end of the block, in which nobody else may be at work (`exclusive_run`).

        Starts the sandbox, and finds or builds the engine.
        """
        if cluster.is_sandbox:
            start_sandbox(graph)
        programs = find(out)
        with programs.running() as variables:
            progress = DeploymentProgress(out, len(graph))
            stack = EngineStack(graph.stack, backend_of(graph.stack), programs, variables, progress.note, timeout)
            yield cls(graph, cluster, out, stack, progress, timeout, adopting)

    def up(self, *, system: str | None, yes: bool, brief: bool) -> None:
        """Deploy all, or the objects of one system; wait, and say what runs."""
        if not brief:
            self.out.print(f"{self.stack.programs.title} deploys", style="dim")
        agreement = self._agree()
        chosen = targets(self.graph, agreement.resources, system) if system else None
        growing = self._growing(agreement).of_system(system)
        plan = growing.shown_in(self._plan(agreement, chosen))
        if self._reachable(agreement):
            self._reconciler.tell(agreement.drift, plan)
        if not agreement.empty:
            show(plan, self.out)
        if plan.steps and self._reachable(agreement):
            self._refuse_unfit()
        self._consent(yes).ask(plan, step_of_more=brief)
        done = plan
        if plan.steps or agreement.drift.added:
            if agreement.drift.added:
                self._reconciler.put_back(agreement.drift)
            done = self._carry_out(lambda: self._deploy(chosen, growing))
        selected = [one for one in self._manifests if system is None or system_of(one.body) == system]
        state = self._wait(selected, agreement.drift.live if done is plan else None)
        report(self.out, self.graph, self.cluster, str(done), None if brief else state)

    def _deploy(self, chosen: Sequence[str] | None, growing: Growing) -> Plan:
        """Everything else first: what grows needs the room that its namespace's quota then has."""
        done = self.stack.up(chosen)
        if not growing.anew:
            return done
        growing.carry_out(self.out)
        if growing.rebuilt:
            self.stack.refresh(growing.rebuilt)
            done = done + self.stack.up(chosen)
        return done

    def _growing(self, agreement: Agreement) -> Growing:
        """What of volumes grows, and which StatefulSets are made anew; the engine is told to leave both to us."""
        if agreement.empty or not self._reachable(agreement):
            return Growing(self._lookup.kubectl)
        return prepare(self._lookup.kubectl, self.graph, self._manifests, agreement.drift.live, self.stack.left)

    def preview(self) -> None:
        """Ask the engine itself what `up` would do, and what the policy pack says of it; nothing is changed.

        Raises OperationError where a mandatory policy is violated, with all that was found.
        """
        # Without a language host for Python, which only the full distribution has, the pack is started as a program.
        pack = ROOT / "policy" / "analyzer" if self.stack.programs.built else ROOT / "policy"
        live = {one.key: dict(one.inputs) for one in deployed_objects(self.stack.resources())}
        growing = prepare(self._lookup.kubectl, self.graph, self._manifests, live, self.stack.left)
        try:
            plan = growing.shown_in(self.stack.preview(packs=[str(pack)]))
        except EngineError as error:
            listed = "\n  ".join([str(error), *error.done.findings])
            raise OperationError(self._safe(listed)) from None
        show(plan, self.out)
        for finding in plan.findings:
            self.out.print(f"  {finding}", markup=False)
        self.out.print(f"{self.graph.stack}: {plan}; {len(plan.findings)} findings of the policy pack")

    def down(self, *, yes: bool) -> None:
        """Remove everything of the environment, and say what of it is left, if anything."""
        agreement = self._agree(removing=True)
        if agreement.empty:
            self.out.print(f"Nothing of {self.graph.stack} is deployed: nothing to remove.")
            return
        self._refuse_protected(agreement)
        self._consent(yes).ask_removal(self.graph.stack)
        self._after_removal(self._carry_out(self.stack.destroy), agreement)

    def others(self) -> list[str]:
        """The other environments that the cluster has something of."""
        return sandbox_is_used_by(self._lookup.kubectl, self.graph.environment)

    @cached_property
    def _manifests(self) -> tuple[Manifest, ...]:
        return manifests(self.graph)

    @cached_property
    def _lookup(self) -> Lookup:
        return Lookup(self.cluster.kubectl(), self.graph.environment)

    @property
    def _reconciler(self) -> Reconciler:
        return Reconciler(self.graph, self._manifests, self.stack, self._lookup, self.out, self.adopting)

    def _reachable(self, agreement: Agreement) -> bool:
        """Whether there is a cluster to ask: one that this very run is going to make is not there yet."""
        if self.cluster.eks is None:
            return True
        return any(one.get("type") == "aws:eks/cluster:Cluster" for one in agreement.resources)

    def _agree(self, *, removing: bool = False) -> Agreement:
        if self.cluster.eks is not None:
            resources = self.stack.resources()
            check_upgrades(self.graph, resources)
            if not self._reachable(there := Agreement(resources, Drift())):
                return there
        self._lookup.kubectl.check()
        agreement = self._reconciler.agree(removing=removing)
        if not removing:
            self._refuse_impossible(agreement.drift.live)
        return agreement

    def _plan(self, agreement: Agreement, chosen: Sequence[str] | None) -> Plan:
        """What is going to be done; the engine need not be asked where there is nothing yet."""
        if agreement.empty and chosen is None:
            return created((one.urn, one.type, one.inputs) for one in self.graph)
        try:
            return self.stack.preview(chosen)
        except EngineError as error:
            if error.protected:
                # Each that is protected is named at once, and not the first alone.
                declared = {one.urn for one in self.graph}
                gone = [one for one in agreement.resources if chosen is None or one["urn"] in chosen]
                refuse_protected(error.planned + removed(gone, declared))
            raise OperationError(self._safe(str(error))) from None

    def _carry_out(self, operation: Callable[[], Plan]) -> Plan:
        """What an operation of the engine did. Raises OperationError, or KeyboardInterrupt, with that said before.

        What passes by itself is waited for: the engine begins again, and finds what it has done already.
        """
        done = Plan()
        with self.progress, Unfinished(self.graph.stack).set(), _Interrupts(self.out) as interrupts:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    return done + operation()
                except EngineError as error:
                    failure, done = error, done + error.done
                if interrupts.happened or not failure.passing or attempt == _ATTEMPTS or not self._answers():
                    break
                self.out.print("The API server did not answer for a moment; going on", style="yellow")
        for kind, word in DONE.items():
            done_so_far(self.out, done.titles(kind), word.capitalize())
        if interrupts.happened:
            raise KeyboardInterrupt
        waited = [self._waiting(Silent(), 0).held_up()] if failure.unready else []
        raise OperationError(self._safe("\n".join([str(failure), *filter(None, waited)])))

    def _answers(self) -> bool:
        """Whether the API server answers again within a while."""
        for _ in range(_PATIENCE):
            with contextlib.suppress(ClusterError):
                self._lookup.kubectl.check()
                return True
            time.sleep(1)
        return False

    def _wait(self, selected: Sequence[Manifest], live: Live | None) -> State:
        """The engine is done once each Deployment is available; its autoscaler may still be adding replicas."""
        progress = DeploymentProgress(self.out)
        with progress:
            return self._waiting(progress, self.timeout).wait(selected, live or None)

    def _waiting(self, progress: Progress, timeout: int) -> Waiting:
        return Waiting(self._lookup, self._manifests, progress, timeout)

    def _safe(self, text: str) -> str:
        """`text` without the secrets that are in use, should the engine or the API server have quoted one."""
        with contextlib.suppress(OperationError):
            return redact(text, self.graph, self.stack.secrets().values())
        return redact(text, self.graph)

    def _consent(self, yes: bool) -> Consent:
        return Consent.of(str(self.graph.outputs["tier"]), yes=yes)

    def _refuse_impossible(self, live: Live) -> None:
        if found := refusals((one.body for one in self._manifests), live.values()):
            raise ClusterError("\n".join(["nothing was deployed, since this cannot change like that:", *found]))

    def _refuse_unfit(self) -> None:
        """Before the first object: found out half-way, what is there by then would be of no use."""
        if found := problems(self._lookup.kubectl, self.graph):
            listed = "\n  ".join(found)
            raise OperationError(f"nothing was deployed, since {self.cluster.title} is not fit for it:\n  {listed}")

    def _refuse_protected(self, agreement: Agreement) -> None:
        present = [one.title for one in self._manifests if one.retained and one.key in agreement.drift.live]
        if present:
            raise OperationError(
                "nothing was removed, since these are protected: " + ", ".join(present) + ". "
                "Removing them loses data. If that is what you want, say `overrides: {protect_data: false}` in "
                f"Pulumi.{self.graph.environment}.yaml, run `make up` once, and then this again"
            )

    def _after_removal(self, done: Plan, agreement: Agreement) -> None:
        """Never claim what was not done: the cluster itself is asked what is left."""
        self.out.print(f"{len(done.titles('delete'))} objects removed from {self.cluster.title}")
        left = {} if self.cluster.eks is not None else self._left(agreement)
        if left:
            listed = "\n  ".join(title_of(key) for key in sorted(left)[:_NAMED])
            raise OperationError(
                f"{len(left)} objects of {self.graph.stack} are still in {self.cluster.title}, which the state did not "
                f"know:\n  {listed}\n`make down ENV={self.graph.stack} ADOPT=1` removes them too"
            )
        self.stack.forget()

    def _left(self, agreement: Agreement) -> Live:
        deployed = deployed_objects(agreement.resources)
        found = self._lookup.labelled([*(one.body for one in self._manifests), *(one.inputs for one in deployed)])
        return {key: one for key, one in found.items() if is_left_over(one)}


def start_sandbox(graph: Graph) -> None:
    """Start the local control plane with the nodes that the environment is meant for."""
    from sandbox import Sandbox, SandboxError

    try:
        Sandbox().up(**graph.outputs["capacity"])
    except SandboxError as error:
        raise OperationError(str(error)) from error


class _Interrupts:
    """Ctrl-C while the engine works reaches it too: it finishes what it has begun, and says what it did. Wait for that.

    `happened` says whether it came. Use as a context manager.
    """

    def __init__(self, out: Console) -> None:
        self.happened = False
        self._out, self._before = out, signal.getsignal(signal.SIGINT)

    def __enter__(self) -> Self:
        # Signals arrive in the main thread alone.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_error: object) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._before)

    def _note(self, _signal: int, _frame: object) -> None:
        self.happened = True
        self._out.print("Stopping once what has been begun is done; Ctrl-C again stops at once", style="yellow")
