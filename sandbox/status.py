"""What of a sandbox runs, read from its state folder alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from . import client, nodes
from .components import APISERVER, COMPONENTS, Component, Layout
from .errors import SandboxError
from .files import read_json
from .ports import LOOPBACK
from .supervisor import Supervisor

State = Literal["running", "not ready", "stopped"]


@dataclass(frozen=True)
class ComponentStatus:
    """One process; `memory` is its resident set in bytes, `address` is empty before the first start."""

    name: str
    state: State
    pid: int | None
    address: str
    memory: int


@dataclass(frozen=True)
class Status:
    """A sandbox at one moment; the numbers of nodes are 0 while its API server does not answer."""

    components: tuple[ComponentStatus, ...]
    nodes_ready: int
    nodes_total: int
    kubeconfig: Path

    @property
    def running(self) -> bool:
        """Whether every component runs and is healthy."""
        return all(component.state == "running" for component in self.components)


def collect(folder: Path) -> Status:
    """The status of the sandbox in a folder, which may not exist."""
    at = _layout(folder)
    supervisor = Supervisor(at, {})
    components = tuple(_component(supervisor, at, component) for component in COMPONENTS)
    present = _nodes(at) if components[COMPONENTS.index(APISERVER)].state == "running" else []
    return Status(components, len(nodes.ready(present)), len(present), at.kubeconfig("admin"))


def running(folder: Path) -> bool:
    """Whether every component runs and the API server is ready."""
    at = _layout(folder)
    supervisor = Supervisor(at, {})
    return all(supervisor.record(each) for each in COMPONENTS) and supervisor.healthy(APISERVER)


def _layout(folder: Path) -> Layout:
    content = read_json(folder / "ports.json")
    return Layout(folder, content if isinstance(content, dict) else {})


def _nodes(at: Layout) -> list[dict[str, Any]]:
    try:
        return client.Reader(at.url(APISERVER.name), at.pki).items("/api/v1/nodes")
    except SandboxError:
        return []


def _component(supervisor: Supervisor, at: Layout, component: Component) -> ComponentStatus:
    port = at.ports.get(component.name)
    address = f"{LOOPBACK}:{port}" if port else ""
    record = supervisor.record(component)
    process = record.process if record else None
    if process is None:
        return ComponentStatus(component.name, "stopped", None, address, 0)
    state: State = "running" if supervisor.healthy(component) else "not ready"
    return ComponentStatus(component.name, state, process.pid, address, process.memory_info().rss)
