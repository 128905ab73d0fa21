"""The cures for the engine's costs do what they say, until somebody debugs."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi.runtime import resource

from graph.monitor import RecordingMonitor
from graph.record import record
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


def test_what_the_program_does_to_the_sdk_ends_with_its_recording() -> None:
    """Another program in the same process has its own wishes."""
    before = pulumi.log.debug, resource._get_stack_trace
    record(STACK)
    assert (pulumi.log.debug, resource._get_stack_trace) == before
