"""What a recording leaves out of the SDK: nobody may tell by what is recorded."""

from __future__ import annotations

import contextlib
import gc
import logging
from typing import Any

import pulumi
import pytest
from pulumi.runtime import rpc

import graph.record
from graph.model import Graph, Resource
from graph.monitor import RecordingMonitor
from graph.record import record
from tests.unit.eks.files import file
from tests.unit.recordings import recorded
from tests.unit.scratch import STACK, Scratch

# Small, and with passwords that are generated.
PASSWORDS = """\
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:cluster: {kind: sandbox}
  saas-platform:systems: {multicluster: {}}
"""


def sdk() -> list[object]:
    """What a recording replaces."""
    names = ("transfer_properties", "resolve_outputs", "resolve_outputs_due_to_exception", "contains_unknowns")
    return [pulumi.get, *(getattr(rpc, name) for name in names)]


# Before anything is recorded: what a recording leaves behind is there before the next one.
WHOLE = sdk()


def by_urn(graph: Graph) -> dict[str, Resource]:
    return dict(sorted(graph.by_urn.items()))


def test_the_graph_is_that_of_the_whole_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a preview would show what the engine does not do."""
    monkeypatch.setattr(graph.record, "lean_sdk", contextlib.nullcontext)
    whole = record("prod")
    assert by_urn(recorded("prod")) == by_urn(whole)
    assert recorded("prod").outputs == whole.outputs


def test_so_is_one_that_goes_on_with_answers_of_aws(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster's objects name what its account answered: outputs that are read before and after they are known."""
    lean = scratch.record(file("dev"))
    monkeypatch.setattr(graph.record, "lean_sdk", contextlib.nullcontext)
    assert by_urn(record(STACK)) == by_urn(lean)


def test_what_the_monitor_refuses_ends_the_recording_and_leaves_the_sdk_whole(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads an output of it must not wait for ever, and the next program may be one of the engine's."""
    scratch.write(PASSWORDS)

    def refuse(self: RecordingMonitor, request: Any) -> Any:
        if request.type.endswith(":RandomPassword"):
            raise ValueError(f"refused {request.name}")
        return register(self, request)

    register = RecordingMonitor.RegisterResource
    monkeypatch.setattr(RecordingMonitor, "RegisterResource", refuse)
    # Of the outputs that nobody waits for any more asyncio would complain in the middle of a later test.
    monkeypatch.setattr(logging.getLogger("asyncio"), "disabled", True)
    # To be collected is only what is made now: to look through the environments that are kept takes a second.
    gc.freeze()
    try:
        with pytest.raises(Exception, match="refused"):
            record(STACK)
        gc.collect()
    finally:
        gc.unfreeze()
    assert sdk() == WHOLE
