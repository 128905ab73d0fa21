"""What a run is going to change, or has changed: each resource, by name and field, from the engine's own events."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pulumi import automation

Operation = Literal["create", "update", "replace", "delete"]

_OPERATIONS: Mapping[str, Operation] = {
    "create": "create",
    "import": "create",
    "update": "update",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "delete": "delete",
}
DONE: Mapping[Operation, str] = {"create": "created", "update": "changed", "replace": "replaced", "delete": "removed"}
_PART = re.compile(r"\[\"(?P<quoted>(?:[^\"\\]|\\.)*)\"\]|\[(?P<index>\d+)\]|(?P<name>[^.\[\]]+)")
_ABSENT = "—"
# The provider's messages begin with the whole URN of the resource, which is named already.
_NAMED_AGAIN = re.compile(r'(?:the )?(?:R|r)esource "?urn:pulumi:[^ "]+"? (?=was |is )')
# Longer values say more as their path than in full.
_VALUE_LIMIT = 60


@dataclass(frozen=True)
class FieldChange:
    """One field: its path, and its values before and after as text (`—` where there is none)."""

    path: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.path}: {self.before} → {self.after}"


@dataclass(frozen=True)
class Step:
    """What is done to one resource. `inputs` are those before, of what exists, else those after; secrets are masked."""

    urn: str
    type: str
    operation: Operation
    inputs: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple[FieldChange, ...] = ()
    protected: bool = False

    @property
    def is_component(self) -> bool:
        """Whether it is the program's own, and nothing outside of the state: a group of others, or their provider."""
        return self.type.startswith(("platform:", "pulumi:"))

    @property
    def kind(self) -> str:
        """`Deployment` of `kubernetes:apps/v1:Deployment`."""
        return str(self.inputs.get("kind") or self.type.rpartition(":")[2])

    @property
    def name(self) -> str:
        """The name of a Kubernetes object, else that of the resource in the program."""
        metadata = self.inputs.get("metadata")
        named = metadata.get("name") if isinstance(metadata, Mapping) else None
        return str(named or self.urn.rpartition("::")[2])

    @property
    def namespace(self) -> str:
        """The namespace of a Kubernetes object, "" if it has none."""
        metadata = self.inputs.get("metadata")
        return str(metadata.get("namespace") or "") if isinstance(metadata, Mapping) else ""

    @property
    def title(self) -> str:
        """How messages call it: `Kind namespace/name`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Plan:
    """All steps of a run, in the engine's order, how many resources stay as they are, and what policies said."""

    steps: tuple[Step, ...] = ()
    unchanged: int = 0
    findings: tuple[str, ...] = ()

    @property
    def resources(self) -> tuple[Step, ...]:
        """The steps that change something: those of components change nothing outside of the state."""
        return tuple(step for step in self.steps if not step.is_component)

    def __add__(self, later: Plan) -> Plan:
        """Both, one after the other: of a resource that is in both, what was done first."""
        before = {step.urn for step in self.steps}
        return Plan(
            (*self.steps, *(one for one in later.steps if one.urn not in before)), later.unchanged, later.findings
        )

    def titles(self, *operations: Operation) -> list[str]:
        """What the steps of some operations are done to."""
        return [step.title for step in self.resources if step.operation in operations]

    def __str__(self) -> str:
        counts = Counter(step.operation for step in self.steps)
        text = ", ".join(f"{counts[operation]} {done}" for operation, done in DONE.items() if counts[operation])
        return f"{text or 'no changes'}, {self.unchanged} resources unchanged"


class Listener:
    """Takes the engine's events: collects steps, done and planned, and the errors that it tells."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.warnings: list[str] = []
        self.findings: list[str] = []
        self._planned: dict[str, Step] = {}
        self._done: dict[str, Step] = {}
        self._unchanged = 0

    @property
    def planned(self) -> Plan:
        """What was begun, or in a preview would be."""
        return Plan(tuple(self._planned.values()), self._unchanged, tuple(self.findings))

    @property
    def done(self) -> Plan:
        """What was carried out."""
        return Plan(tuple(self._done.values()), self._unchanged)

    def note(self, event: automation.EngineEvent) -> None:
        """Take one event."""
        if (before := event.resource_pre_event) is not None:
            self._add(self._planned, before.metadata)
        elif (after := event.res_outputs_event) is not None:
            self._add(self._done, after.metadata)
        elif event.summary_event is not None:
            counts = {str(automation.OpType(kind).value): count for kind, count in _counts(event).items()}
            self._unchanged = counts.get("same", 0)
        elif (finding := event.policy_event) is not None:
            where = f" ({finding.resource_urn.rpartition('::')[2]})" if finding.resource_urn else ""
            self.findings.append(f"{finding.enforcement_level} {finding.policy_name}: {_plain(finding.message)}{where}")
        elif (said := event.diagnostic_event) is not None and not said.ephemeral:
            self._said(said.severity, said.message, said.urn)

    def _add(self, steps: dict[str, Step], metadata: Any) -> None:
        operation = _OPERATIONS.get(str(automation.OpType(metadata.op).value))
        if operation is None:
            return
        earlier = steps.get(metadata.urn)
        # A replacement is told in three steps: the first has the fields.
        if earlier is None or (operation == "replace" and earlier.operation != "replace"):
            steps[metadata.urn] = _step(metadata, operation)

    def _said(self, severity: str, message: str, urn: str | None) -> None:
        text = _plain(message)
        if severity == "error" and text:
            line = f"{_title_of(urn)}{_NAMED_AGAIN.sub('', text)}"
            if line not in self.errors:
                self.errors.append(line)
        elif severity == "warning" and text not in self.warnings:
            self.warnings.append(text)


def created(urns: Iterable[tuple[str, str, Mapping[str, Any]]]) -> Plan:
    """The plan of a stack of which there is nothing yet; `urns` are (URN, type, inputs)."""
    return Plan(tuple(Step(urn, type_, "create", inputs) for urn, type_, inputs in urns))


def removed(resources: Iterable[Mapping[str, Any]], declared: Iterable[str]) -> Plan:
    """What goes of a state's `resources`, since it is not among the `declared` URNs."""
    wanted = set(declared)
    return Plan(
        tuple(
            Step(one["urn"], one["type"], "delete", one.get("inputs") or {}, protected=bool(one.get("protect")))
            for one in resources
            if one["urn"] not in wanted
        )
    )


def _counts(event: automation.EngineEvent) -> Mapping[Any, int]:
    assert event.summary_event is not None
    return event.summary_event.resource_changes or {}


def _title_of(urn: str | None) -> str:
    """`Deployment astrbot-api: ` of a resource; "" of the stack."""
    if not urn or urn.count("::") < 3 or "::pulumi:pulumi:Stack::" in urn:
        return ""
    _, _, types, name = urn.split("::", 3)
    return f"{types.rpartition(':')[2]} {name}: "


def _plain(message: str) -> str:
    """A diagnostic without the engine's marks for colours."""
    return re.sub(r"<\{%.*?%\}>", "", message).strip().removeprefix("error: ").strip()


def _step(metadata: Any, operation: Operation) -> Step:
    old, new = metadata.old, metadata.new
    before: Mapping[str, Any] = (old.inputs if old else None) or {}
    after: Mapping[str, Any] = (new.inputs if new else None) or {}
    detailed = metadata.detailed_diff or {}
    paths: Sequence[str] = sorted(detailed) or sorted(metadata.diffs or metadata.keys or ())
    fields = tuple(_field(path, before, after) for path in paths) if operation in ("update", "replace") else ()
    protected = bool(old and old.protect)
    return Step(metadata.urn, metadata.type, operation, before or after, fields, protected)


def _field(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> FieldChange:
    parts = [match["quoted"] or match["index"] or match["name"] for match in _PART.finditer(path)]
    return FieldChange(path, _text(before, parts), _text(after, parts))


def _text(value: Any, parts: Sequence[str]) -> str:
    for part in parts:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _ABSENT
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _VALUE_LIMIT else f"{text[: _VALUE_LIMIT - 1]}…"
