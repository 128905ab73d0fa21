"""The Pulumi engine as `ops` drives it, without one: what it is given, what is read of its answers, how it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pulumi import automation
from pulumi.automation import CommandResult, EngineEvent
from rich.console import Console

from components.performance import ENGINE_VARIABLES, ONE_CHECKPOINT
from graph.model import Graph, Resource
from ops.clusters import Cluster
from ops.engines.pulumi import PulumiEngine, can_be_found_again
from ops.errors import OperationError
from paths import PROJECT
from tests.unit.recordings import recorded

# Of the Kubernetes provider: objects that exist are taken, and their fields from whoever set them.
_TAKE_OVER = {"PULUMI_K8S_UPSERT_EXISTING_OBJECTS", "PULUMI_K8S_ENABLE_PATCH_FORCE"}
_OBJECT = "kubernetes:core/v1:ConfigMap"


def graph_of(*types: str) -> Graph:
    """A stack with one resource of each type."""
    made = [
        Resource(urn=f"urn:{type_}", type=type_, name="one", parent=None, custom=not type_.startswith("platform:"))
        for type_ in types
    ]
    return Graph("dev", tuple(made), {})


@dataclass
class Runs:
    """A stack in place of Pulumi's, which notes the variables of each run."""

    fails: Exception | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def up(self, **options: Any) -> None:
        self.done.append("taken over" if self.variables.keys() >= _TAKE_OVER else "up")
        if self.fails:
            raise self.fails
        counts = {"same": 3, "create": 429, "delete": 1}
        for event in ({}, {"summaryEvent": {"resourceChanges": counts}}):
            options["on_event"](EngineEvent.from_json({"sequence": 1, "timestamp": 1, **event}))

    def destroy(self, **_options: Any) -> None:
        self.done.append("destroyed")

    def cancel(self) -> None:
        self.done.append("lock released")
        for lock in Path(self.variables["PULUMI_BACKEND_URL"].partition("//")[2].partition("?")[0]).rglob("*.json"):
            lock.unlink()

    def export_stack(self) -> Any:
        return SimpleNamespace(deployment=None)

    @property
    def workspace(self) -> Any:
        return SimpleNamespace(remove_stack=lambda *_arguments, **_options: None)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runs:
    """State in files of a project, unless a test chooses a backend."""
    for name in ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN", "GOGC", *ONE_CHECKPOINT):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(tmp_path))
    made = Runs()

    def opened(engine: PulumiEngine, variables: Mapping[str, str] | None = None) -> automation.Stack:
        return cast(automation.Stack, replace(made, variables={**engine._variables(), **(variables or {})}))

    monkeypatch.setattr(PulumiEngine, "_open", opened)
    return made


def engine(*types: str) -> PulumiEngine:
    return PulumiEngine(graph_of(*types), Cluster(None, None), Console())


def kill_a_run(folder: Path) -> None:
    """Leave behind what a killed `pulumi up` does."""
    locks = folder / "pulumi" / ".pulumi" / "locks" / "organization" / PROJECT / "dev"
    locks.mkdir(parents=True, exist_ok=True)
    (locks / "one.json").write_text('{"pid": 4194305}')


def test_it_gets_what_makes_it_fast_unless_the_user_has_set_it(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with little memory needs another limit than the program's."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://theirs")
    assert runs.done == []
    assert engine(_OBJECT)._variables() == ENGINE_VARIABLES
    monkeypatch.setenv("GOGC", "50")
    assert "GOGC" not in engine(_OBJECT)._variables()


@pytest.mark.parametrize(
    ("type_", "found"),
    [
        (_OBJECT, True),
        ("pulumi:providers:kubernetes", True),
        ("platform:namespace:NamespaceBaseline", True),
        ("random:index/randomPassword:RandomPassword", False),
        ("aws:eks/cluster:Cluster", False),
        ("kubernetes:helm.sh/v3:Release", False),
    ],
)
def test_only_what_is_known_by_its_name_does_without_checkpoints(runs: Runs, type_: str, found: bool) -> None:
    """A run that is killed has lost everything else: passwords that are in use, a cluster that costs money."""
    assert runs.done == []
    assert can_be_found_again(graph_of(_OBJECT, type_)) is found
    assert ("PULUMI_SKIP_CHECKPOINTS" in engine(_OBJECT, type_)._variables()) is found


def test_an_environment_with_a_secret_store_does_and_one_that_makes_passwords_does_not() -> None:
    """Production is the largest, and keeps no password in its state."""
    assert can_be_found_again(recorded("prod"))
    assert not can_be_found_again(recorded("dev"))


def test_checkpoints_stay_where_others_may_read_the_state(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a backend of the user's own nobody here knows who was killed."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://theirs")
    assert "PULUMI_SKIP_CHECKPOINTS" not in engine(_OBJECT)._variables()
    assert runs.done == []


def test_changes_are_what_the_engine_counted(runs: Runs) -> None:
    """Not what the backend's history says: a server may keep none, and everything would seem unchanged."""
    assert engine(_OBJECT).up() == "429 created, 1 deleted, 3 resources unchanged"
    assert runs.done == ["up"]


def test_what_a_killed_run_made_is_taken_over_once(runs: Runs, tmp_path: Path) -> None:
    """The state has never heard of it, and to create it again would fail."""
    kill_a_run(tmp_path)
    engine(_OBJECT).up()
    engine(_OBJECT).up()
    assert runs.done == ["lock released", "taken over", "up", "up"]


def test_it_is_taken_over_even_if_that_fails_at_first(runs: Runs, tmp_path: Path) -> None:
    """The lock, by which a killed run is known, is gone by then."""
    kill_a_run(tmp_path)
    runs.fails = automation.errors.create_command_error(CommandResult("", "error: no route to host", 255))
    with pytest.raises(OperationError, match="no route to host"):
        engine(_OBJECT).up()
    runs.fails = None
    engine(_OBJECT).up()
    assert runs.done == ["lock released", "taken over", "taken over", "up"]


def test_before_everything_is_removed_it_is_taken_over_too(runs: Runs, tmp_path: Path) -> None:
    """Else it would stay in the cluster, and nobody would know of it."""
    kill_a_run(tmp_path)
    engine(_OBJECT).down()
    engine(_OBJECT).up()
    assert runs.done == ["lock released", "taken over", "destroyed", "up"]


@pytest.mark.parametrize(
    "refusal",
    [
        "error: the stack is currently locked by 1 lock(s).",
        "error: [409] Conflict: Another update is currently in progress.",
        "error: [409] Another update is currently in progress.",
    ],
    ids=["files", "Pulumi Cloud", "another server"],
)
def test_an_update_at_the_same_time_says_how_it_ends(runs: Runs, refusal: str) -> None:
    """A killed run leaves a shared backend locked, and only its people know whether it is somebody's at work."""
    runs.fails = automation.errors.create_command_error(CommandResult("", refusal, 255))
    with pytest.raises(OperationError, match=r"in progress; .* `pulumi cancel` releases"):
        engine(_OBJECT).up()
