"""The pack in a process of its own, started and spoken to as the Pulumi engine does it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from graph.model import Graph, Resource, Secret
from paths import PROJECT, ROOT
from policy.engine.subject import STACK

# How the protocol marks a secret.
_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


@contextlib.contextmanager
def served(tier: str | None, directory: Path = ROOT / "policy") -> Iterator[Any]:
    """A client of the pack for a stack of this tier; the engine starts it in the pack's own folder."""
    configuration = {f"{PROJECT}:tier": tier} if tier else {}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "PYTHON"))}
    environment |= {"PULUMI_CONFIG": json.dumps(configuration), "PULUMI_PROJECT": PROJECT, "PULUMI_STACK": "any"}
    # The language host's own command line; the address is where the engine listens, which the pack never asks.
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(ROOT / "policy")]
    with subprocess.Popen(command, cwd=directory, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.kill()


def resource_request(resource: Resource) -> analyzer_pb2.AnalyzeRequest:
    """The engine's request to analyse one resource."""
    properties = _properties(resource.inputs)
    return analyzer_pb2.AnalyzeRequest(type=resource.type, properties=properties, urn=resource.urn, name=resource.name)


def stack_request(graph: Graph) -> analyzer_pb2.AnalyzeStackRequest:
    """The engine's request to analyse a stack: the stack itself has its outputs as properties."""
    return analyzer_pb2.AnalyzeStackRequest(
        resources=[
            analyzer_pb2.AnalyzerResource(
                type=one.type,
                properties=_properties(graph.outputs if one.type == STACK else one.inputs),
                urn=one.urn,
                name=one.name,
                parent=one.parent or "",
                dependencies=one.dependencies,
                options=analyzer_pb2.AnalyzerResourceOptions(
                    protect=bool(one.options.get("protect")), parent=one.parent or ""
                ),
            )
            for one in graph
        ]
    )


def _properties(inputs: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(_encoded(inputs))
    return struct


def _encoded(value: Any) -> Any:
    if isinstance(value, Secret):
        return _SECRET | {"value": _encoded(value.reveal())}
    if isinstance(value, Mapping):
        return {key: _encoded(item) for key, item in value.items()}
    return [_encoded(item) for item in value] if isinstance(value, (list, tuple)) else value
