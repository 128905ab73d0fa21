"""An environment's database, with the cluster that it runs in: what all commands of `ops db` begin with."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from graph.model import Graph
from graph.record import record
from ops.clusters import cluster_of
from ops.console import console
from ops.database.connection import Connection
from ops.database.state import StateFile
from ops.deploy import select_context, up
from ops.errors import OperationError
from ops.kubectl import Kubectl
from paths import environment_of
from stacks.schema.database import DatabaseState

_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class DatabaseEnvironment:
    """One system's database in one environment. `timeout` in seconds is for each wait, deployments included."""

    stack: str
    system: str
    context: str | None
    timeout: int
    graph: Graph
    kubectl: Kubectl
    out: Console

    @classmethod
    def of(cls, stack: str, system: str, context: str | None, timeout: int) -> DatabaseEnvironment:
        """The environment as its file has it. Raises ConfigurationError or OperationError with what is wrong."""
        if stack != environment_of(stack):
            raise OperationError(
                f"{stack}: the steps of a database are those of all clusters of its fleet, and so none of them can be "
                "restored, rotated or moved by itself; take it out of the fleet, as an environment of its own"
            )
        select_context(context)
        graph = record(stack)
        StateFile(stack, system).read()
        kubectl = cluster_of(graph).kubectl()
        kubectl.check()
        return cls(stack, system, context, timeout, graph, kubectl, console())

    @property
    def file(self) -> StateFile:
        """The steps in the environment's file."""
        return StateFile(self.stack, self.system)

    def declared(self, kind: str, name: str) -> dict[str, Any]:
        """The body of an object of the system as the program declares it."""
        for resource in self.graph:
            if resource.is_kubernetes_object and resource.inputs["kind"] == kind:
                metadata = resource.inputs["metadata"]
                if metadata["name"] == name and metadata.get("namespace") == self.system:
                    return dict(resource.inputs)
        raise OperationError(f"{self.stack}: the program declares no {kind} {self.system}/{name}")

    def live(self, resource: str, namespace: str | None = None) -> dict[str, Any]:
        """An object of the system as the cluster has it, by `plural.group/name`."""
        body: dict[str, Any] = self.kubectl.json("get", resource, f"--namespace={namespace or self.system}")
        return body

    def connection(self, cluster: str, namespace: str | None = None) -> Connection:
        """SQL on one of the database's clusters."""
        bootstrap = self.declared("Cluster", self.file.read().active)["spec"]["bootstrap"]
        (how,) = bootstrap.values()
        return Connection(self.kubectl, namespace or self.system, cluster, str(how["database"]))

    def secret(self, name: str) -> dict[str, str]:
        """The values of a Secret."""
        data = self.live(f"secret/{name}").get("data", {})
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def deploy(self, state: DatabaseState, title: str) -> None:
        """Put `state` into the file and deploy it. Raises OperationError if that fails; the same command goes on."""
        self.out.print(f"\n[bold]{title}[/bold]")
        self.file.write(state)
        if up(self.stack, self.context, self.timeout, brief=True) != 0:
            raise OperationError(f"{self.file.path.name} has the step, and it was not deployed; run the command again")

    def wait(self, what: str, done: Callable[[], bool]) -> None:
        """Wait until something is the case."""
        deadline = time.monotonic() + self.timeout
        while not done():
            if time.monotonic() > deadline:
                raise OperationError(f"waited {self.timeout} s: {what}. Run the command again to go on from here")
            time.sleep(_POLL_SECONDS)
