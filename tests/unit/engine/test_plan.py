"""What a run will change, read from the engine's own events."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.automation import EngineEvent

from ops.engine.plan import Listener, removed

URN = "urn:pulumi:dev::saas-platform::platform:app:App$kubernetes:apps/v1:Deployment::astrbot-api"
OLD = {"kind": "Deployment", "metadata": {"name": "api", "namespace": "astrbot"}, "spec": {"replicas": 2}}
NEW = {**OLD, "spec": {"replicas": 3}}


def event(**more: Any) -> EngineEvent:
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, **more})


def metadata(op: str, **more: Any) -> dict[str, Any]:
    return {"op": op, "urn": URN, "type": "kubernetes:apps/v1:Deployment", "provider": "p", **more}


def listener(*events: EngineEvent) -> Listener:
    made = Listener()
    for one in events:
        made.note(one)
    return made


def state(inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "t", "urn": URN, "id": "", "parent": "", "provider": "p", "inputs": inputs, "outputs": {}, **more}


def test_a_change_is_told_by_name_and_field_with_both_values() -> None:
    """`1 to update` says nothing to whoever must answer yes."""
    detailed = {"spec.replicas": {"diffKind": "update", "inputDiff": True}}
    told = metadata("update", old=state(OLD), new=state(NEW), detailedDiff=detailed)
    plan = listener(event(resourcePreEvent={"metadata": told, "planning": True})).planned
    (step,) = plan.resources
    assert (step.operation, step.title) == ("update", "Deployment astrbot/api")
    assert [str(one) for one in step.fields] == ["spec.replicas: 2 → 3"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ('metadata.labels["app.kubernetes.io/name"]', "a → b"),
        ("spec.ports[0].port", "80 → 81"),
        ("spec.gone", "'x'… → —"),
    ],
)
def test_paths_of_every_form_find_their_values(path: str, text: str) -> None:
    old = {"metadata": {"labels": {"app.kubernetes.io/name": "a"}}, "spec": {"ports": [{"port": 80}], "gone": "x"}}
    new = {"metadata": {"labels": {"app.kubernetes.io/name": "b"}}, "spec": {"ports": [{"port": 81}]}}
    told = metadata("update", old=state(old), new=state(new), detailedDiff={path: {"diffKind": "update"}})
    (step,) = listener(event(resourcePreEvent={"metadata": told})).planned.steps
    assert str(step.fields[0]) == f"{path}: {text}".replace("'x'…", "x")


def test_a_replacement_is_one_step_however_many_events_tell_of_it() -> None:
    """Counted three times, one Deployment would look like three."""
    events = [
        event(resourcePreEvent={"metadata": metadata(op, old=state(OLD), new=state(NEW))})
        for op in ("create-replacement", "replace", "delete-replaced")
    ]
    plan = listener(*events).planned
    assert [step.operation for step in plan.steps] == ["replace"]
    assert str(plan) == "1 replaced, 0 resources unchanged"


def test_what_was_done_is_not_what_was_planned() -> None:
    """A run that fails half-way says what it did, not what it wanted."""
    planned = event(resourcePreEvent={"metadata": metadata("create", new=state(NEW))})
    assert listener(planned).done.steps == ()
    done = event(resOutputsEvent={"metadata": metadata("create", new=state(NEW))})
    assert listener(planned, done).done.titles("create") == ["Deployment astrbot/api"]


def test_what_is_the_same_is_counted_and_no_step() -> None:
    same = event(resourcePreEvent={"metadata": metadata("same", old=state(OLD), new=state(OLD))})
    summary = event(summaryEvent={"maybeCorrupt": False, "durationSeconds": 1, "resourceChanges": {"same": 431}})
    assert str(listener(same, summary).planned) == "no changes, 431 resources unchanged"


def test_errors_are_told_once_without_marks_and_with_the_resource() -> None:
    """Not the engine's own `update failed`, below which the cause is buried."""
    said = {"message": "<{%fg 9%}>error: no such image<{%reset%}>", "severity": "error", "urn": URN, "color": "raw"}
    made = listener(event(diagnosticEvent=said), event(diagnosticEvent=said))
    assert made.errors == ["Deployment astrbot-api: no such image"]


def test_protection_is_read_from_the_state() -> None:
    told = metadata("delete", old=state(OLD, protect=True))
    (step,) = listener(event(resourcePreEvent={"metadata": told})).planned.steps
    assert step.protected


def test_what_is_declared_no_longer_goes_and_its_protection_with_it_is_known() -> None:
    """The engine ends at the first that is protected: all of them are to be named."""
    kept = {"urn": "urn:pulumi:dev::p::kubernetes:core/v1:Namespace::a", "type": "kubernetes:core/v1:Namespace"}
    gone = {**kept, "urn": f"{kept['urn']}b", "protect": True, "inputs": {"metadata": {"name": "ab"}}}
    (step,) = removed([kept, gone], [kept["urn"]]).steps
    assert (step.operation, step.title, step.protected) == ("delete", "Namespace ab", True)
