"""What a person is asked before a run: outside of dev everything, and everywhere what loses data or ends a workload.

Refused is what is protected: no answer makes that go.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console

from ops.engine.plan import Plan, Step
from ops.errors import OperationError
from policy.facts.kinds import KINDS

# Deleted, or replaced, these take data along.
_DATA = frozenset(
    {
        "Namespace",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "StatefulSet",
        "Secret",
        "RandomPassword",
        "CustomResourceDefinition",
        "Bucket",
        "BucketV2",
        "Key",
        "Volume",
        "Release",
        *(one.kind for one in KINDS.values() if one.keeps_data),
    }
)
_WORKLOADS = frozenset(
    {"Deployment", "DaemonSet", "Job", "CronJob", *(one.kind for one in KINDS.values() if one.has_pods)}
)
# What the commands of a database exchange and let go of: passwords, clusters, archives and the Jobs of a version.
# Whoever rotates a password or forgets a cluster has asked for it; protected, they are refused all the same.
_STEPS = frozenset({"RandomPassword", "Secret", "Cluster", "ObjectStore", "Database", "Pooler", "Job"})
_SHOWN = 60
_MARKS = {"create": "+", "update": "~", "replace": "±", "delete": "-"}
_STYLES = {"create": "green", "update": "yellow", "replace": "magenta", "delete": "red"}


@dataclass(frozen=True)
class Consent:
    """Who is asked: `tier` decides how much; `yes` answers everything, `answer` reads one line of a person's."""

    tier: str
    yes: bool
    answer: Callable[[str], str] | None

    @classmethod
    def of(cls, tier: str, *, yes: bool) -> Consent:
        """That of this process: a person answers where standard input is a terminal."""
        return cls(tier, yes, input if sys.stdin is not None and sys.stdin.isatty() else None)

    def ask(self, plan: Plan, *, step_of_more: bool = False) -> None:
        """Raise OperationError unless everything that needs a yes has it. Nothing is asked where nothing changes.

        Of a deployment that is a step of a command of its own, only what is grave is asked: the rest was asked for.
        """
        refuse_protected(plan)
        grave = [step for step in plan.resources if is_grave(step) and not (step_of_more and step.kind in _STEPS)]
        if self.yes or not plan.resources or ((self.tier == "dev" or step_of_more) and not grave):
            return
        if self.answer is None:
            raise OperationError(
                "nothing was changed, since nobody can be asked here: "
                + (f"{_named(grave)} would go. " if grave else f"{len(plan.resources)} changes in tier {self.tier}. ")
                + "Run it in a terminal, or with --yes (make up YES=1) if all of it is meant"
            )
        for name in _names(grave):
            self._confirm(f"Type {name!r} to have it go, or nothing to stop: ", name)
        if not grave:
            self._confirm(f"{len(plan.resources)} changes in tier {self.tier}. Type 'yes' to make them: ", "yes")

    def ask_removal(self, environment: str) -> None:
        """The same before all of an environment is removed, by its name; dev is not asked for."""
        if self.tier != "dev":
            self.ask_by_name(environment, "remove all of it", f" (make down ENV={environment} YES=1)")

    def ask_by_name(self, environment: str, what: str, how: str = "") -> None:
        """Raise OperationError unless the environment's name is typed, or `yes` was said before.

        `what` is that which will be done, and `how` a further way to say yes, for the message.
        """
        if self.yes:
            return
        if self.answer is None:
            raise OperationError(
                f"nothing was changed, since nobody can be asked here: run it in a terminal, or with --yes{how}"
            )
        self._confirm(f"Type {environment!r} to {what}, or nothing to stop: ", environment)

    def _confirm(self, question: str, wanted: str) -> None:
        assert self.answer is not None
        try:
            said = self.answer(question).strip()
        except EOFError:
            said = ""
        if said != wanted:
            raise OperationError("nothing was changed, as you have it")


def refuse_protected(plan: Plan) -> None:
    """Raise OperationError if something that is protected would go."""
    doomed = [step for step in plan.resources if step.protected and step.operation in ("delete", "replace")]
    if doomed:
        raise OperationError(
            f"nothing was changed, since these are protected and would go: {_named(doomed)}.\n"
            "What is kept there would be lost. If a line of the environment's file was removed by mistake, put it "
            "back. If the data is to go: back it up, take the protection of each away, and run this again:\n"
            + "\n".join(f"  python -m ops state unprotect -s {_stack(step)} '{step.urn}'" for step in doomed)
        )


def is_grave(step: Step) -> bool:
    """Whether a step loses data or takes a workload away."""
    if step.operation == "delete":
        return step.kind in _DATA or step.kind in _WORKLOADS
    return step.operation == "replace" and step.kind in _DATA


def show(plan: Plan, out: Console) -> None:
    """What will be created, changed, replaced and deleted: what goes first, then field by field."""
    order = ("delete", "replace", "update", "create")
    steps = sorted(plan.resources, key=lambda one: (order.index(one.operation), one.title))
    for step in steps[:_SHOWN]:
        style = _STYLES[step.operation]
        what = "replace" if step.operation == "replace" else ""
        out.print(f"  [{style}]{_MARKS[step.operation]}[/] ", end="")
        out.print(f"{step.title} {what}".rstrip(), markup=False)
        for field in step.fields:
            out.print(f"      {field}", style="dim", markup=False)
    if len(steps) > _SHOWN:
        out.print(f"  … and {len(steps) - _SHOWN} more", style="dim")


def _stack(step: Step) -> str:
    return step.urn.split(":")[2] if step.urn.startswith("urn:pulumi:") else ""


def _names(steps: Sequence[Step]) -> list[str]:
    """What is asked for by name: a namespace speaks for all that is in it."""
    namespaces = {step.name for step in steps if step.kind == "Namespace"}
    rest = [step.name for step in steps if step.kind != "Namespace" and step.namespace not in namespaces]
    return [*sorted(namespaces), *dict.fromkeys(rest)]


def _named(steps: Sequence[Step], most: int = 8) -> str:
    titles = [step.title for step in steps]
    more = f" and {len(titles) - most} more" if len(titles) > most else ""
    return ", ".join(titles[:most]) + more
