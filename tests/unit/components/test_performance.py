"""The cures for the engine's costs do what they say, until somebody debugs."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import pulumi
import pytest

import stacks.environment
from graph.record import RecordingMonitor, record
from tests.unit.scratch import STACK, Scratch

# What holds for each resource holds for few: these are recorded three times.
FILE = """\
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:cluster: {kind: sandbox}
  saas-platform:systems: {orders: {}}
"""


@pytest.fixture(autouse=True)
def _environment(scratch: Scratch) -> None:
    scratch.write(FILE)


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The length of the call stack that each registration of a resource sends."""
    counts: list[int] = []
    register = RecordingMonitor.RegisterResource

    def counting(self: RecordingMonitor, request: Any) -> Any:
        counts.append(len(request.stackTrace.frames) + request.HasField("sourcePosition"))
        return register(self, request)

    monkeypatch.setattr(RecordingMonitor, "RegisterResource", counting)
    monkeypatch.delenv("PULUMI_DEBUG", raising=False)
    monkeypatch.delenv("PULUMI_DEBUG_COMMANDS", raising=False)
    return counts


def test_no_call_stack_reaches_the_state(frames: list[int]) -> None:
    """An SDK that takes it from elsewhere would fill the state again, with half of its bytes and with local paths."""
    record(STACK)
    # The stack itself is registered before the program runs.
    assert set(frames[1:]) == {0}


def test_who_debugs_sees_where_each_resource_was_made(frames: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_DEBUG", "true")
    record(STACK)
    assert min(frames[1:]) > 1


@pytest.mark.parametrize("limit", [None, 5])
def test_what_the_program_does_to_the_process_ends_with_it(monkeypatch: pytest.MonkeyPatch, limit: int | None) -> None:
    """Else the tracebacks of everything that `ops` does afterwards would have one line, and debug messages be lost."""
    monkeypatch.delattr(sys, "tracebacklimit", raising=False)
    if limit:
        monkeypatch.setattr(sys, "tracebacklimit", limit, raising=False)
    debug = pulumi.log.debug
    record(STACK)
    assert (pulumi.log.debug, getattr(sys, "tracebacklimit", None)) == (debug, limit)


def test_an_error_of_the_program_has_its_whole_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """One frame of it would say that the program failed, and not where."""

    def broken(*_arguments: Any) -> Any:
        raise ValueError("broken")

    monkeypatch.setattr(stacks.environment, "build", broken)
    with pytest.raises(ValueError, match="broken") as error:
        record(STACK)
    assert "in broken" in "".join(traceback.format_exception(error.value))
