"""The Pulumi engine as `ops` drives it, without one: what it is given, what is read of its answers, how it fails."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from pulumi import automation
from pulumi.automation import CommandResult, EngineEvent
from rich.console import Console

from components.performance import ENGINE_VARIABLES
from ops.clusters import Cluster
from ops.engines.pulumi import PulumiEngine
from ops.errors import OperationError


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> PulumiEngine:
    """With a backend of the user's own."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://theirs")
    monkeypatch.delenv("GOGC", raising=False)
    return PulumiEngine("dev", Cluster(None, None), Console())


def opens(engine: PulumiEngine, monkeypatch: pytest.MonkeyPatch, up: Any) -> None:
    """Give the engine a stack whose `up` is this function."""
    stack = SimpleNamespace(up=up, export_stack=lambda: SimpleNamespace(deployment=None))
    monkeypatch.setattr(engine, "_open", lambda: cast(automation.Stack, stack))


def test_it_gets_what_makes_it_fast_unless_the_user_has_set_it(
    engine: PulumiEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine with little memory needs another limit than the program's."""
    assert engine._variables() == ENGINE_VARIABLES
    monkeypatch.setenv("GOGC", "50")
    assert "GOGC" not in engine._variables()


def test_changes_are_what_the_engine_counted(engine: PulumiEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what the backend's history says: a server may keep none, and everything would seem unchanged."""

    def up(**options: Any) -> None:
        counts = {"same": 3, "create": 429, "delete": 1}
        for event in ({}, {"summaryEvent": {"resourceChanges": counts}}):
            options["on_event"](EngineEvent.from_json({"sequence": 1, "timestamp": 1, **event}))

    opens(engine, monkeypatch, up)
    assert engine.up() == "429 created, 1 deleted, 3 resources unchanged"


@pytest.mark.parametrize(
    "refusal",
    [
        "error: the stack is currently locked by 1 lock(s).",
        "error: [409] Conflict: Another update is currently in progress.",
        "error: [409] Another update is currently in progress.",
    ],
    ids=["files", "Pulumi Cloud", "another server"],
)
def test_an_update_at_the_same_time_says_how_it_ends(
    engine: PulumiEngine, monkeypatch: pytest.MonkeyPatch, refusal: str
) -> None:
    """A killed run leaves a shared backend locked, and only its people know whether it is somebody's at work."""

    def up(**_options: Any) -> None:
        raise automation.errors.create_command_error(CommandResult("", refusal, 255))

    opens(engine, monkeypatch, up)
    with pytest.raises(OperationError, match=r"in progress; .* `pulumi cancel` releases"):
        engine.up()
