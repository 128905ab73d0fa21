"""`ops drift`: what differs between the program, the state and the cluster, by object and field; nothing is changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.manifests import manifests
from graph.model import Graph
from graph.record import record
from ops.clusters import cluster_of
from ops.console import console
from ops.deploy import select_context
from ops.engine.backend import LocalBackend, backend_of
from ops.engine.programs import find
from ops.engine.stack import EngineStack
from ops.engine.state import refuse_torn_file
from ops.errors import EXIT_FAILURE
from ops.live.comparing import differences
from ops.live.drift import Deployed, deployed_objects, drift_lines, find_drift
from ops.live.lookup import Lookup, title_of


@dataclass(frozen=True)
class Difference:
    """One object that differs: between which two, and how."""

    between: str
    what: str
    details: tuple[str, ...]


def run(stack: str, context: str | None, output: str) -> int:
    """Print what differs; returns 1 if anything does."""
    select_context(context)
    graph = record(stack)
    lookup = Lookup(cluster_of(graph).kubectl(), graph.environment)
    found = list(find_differences(graph, lookup, state_of(stack)))
    if output == "json":
        json.dump([vars(one) for one in found], sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _print(stack, found)
    return EXIT_FAILURE if found else 0


def state_of(stack: str) -> list[Mapping[str, Any]]:
    """The resources of a stack's state, its secrets encrypted. Raises OperationError where it cannot be read."""
    backend = backend_of(stack)
    if isinstance(backend, LocalBackend):
        # The file itself: no engine has to be started, or be there at all.
        refuse_torn_file(backend)
        if not backend.state_file.exists():
            return []
        checkpoint = json.loads(backend.state_file.read_text(encoding="utf-8"))["checkpoint"]
        return list((checkpoint.get("latest") or {}).get("resources") or ())
    programs = find(console())
    return list(EngineStack(stack, backend, programs, programs.variables).resources())


def find_differences(graph: Graph, lookup: Lookup, resources: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
    """Everything that differs, the program's own changes first."""
    declared, deployed = manifests(graph), deployed_objects(resources)
    yield from _between_program_and_state(graph, deployed)
    for what, details in drift_lines(find_drift(lookup, declared, deployed)):
        yield Difference("state and cluster", what, tuple(details))


def _between_program_and_state(graph: Graph, deployed: Sequence[Deployed]) -> Iterator[Difference]:
    known = {one.urn: one for one in deployed}
    for resource in graph:
        if not resource.is_kubernetes_object:
            continue
        title = title_of(resource.object_name)
        if (there := known.pop(resource.urn, None)) is None:
            yield Difference("program and state", f"{title}: declared, and not deployed", ())
        elif not there.holds_secret:
            ignored = tuple(resource.options.get("ignore_changes", ()))
            if details := tuple(str(one) for one in differences(resource.inputs, there.inputs, ignored)):
                yield Difference("program and state", f"{title}: declared otherwise than deployed", details)
    for one in known.values():
        yield Difference("program and state", f"{title_of(one.key)}: deployed, and no longer declared", ())


def _print(stack: str, found: Sequence[Difference]) -> None:
    out = console()
    if not found:
        out.print(f"{stack}: program, state and cluster agree", style="green")
    for between in dict.fromkeys(one.between for one in found):
        out.print(f"Between {between}:", style="bold")
        for one in found:
            if one.between == between:
                out.print(f"  {one.what}", markup=False)
                for line in one.details:
                    out.print(f"    {line}", style="dim", markup=False)
