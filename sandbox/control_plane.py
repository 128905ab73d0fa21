"""The sandbox as the rest of the project uses it: up, down, reset, status."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from os_errors import naming

from .components import (
    APISERVER,
    CONTROLLER_MANAGER,
    ETCD,
    LISTENERS,
    LOOPBACK_POD_NETWORK,
    POD_NETWORK,
    SCHEDULER,
    Layout,
)
from .errors import SandboxError
from .locks import exclusive
from .nodes import NodePool
from .paths import state_folder

if TYPE_CHECKING:
    from .custom_resources import CustomResource
    from .status import Status
    from .supervisor import Supervisor

__all__ = ["Sandbox"]


class Sandbox:
    """A Kubernetes control plane on this machine's loopback address, with simulated nodes.

    `name` (default "default") tells sandboxes apart that run side by side. `state` is the folder that holds a
    folder for each (default: SAAS_PLATFORM_STATE/sandbox, or .state/sandbox in the repository). Every failure is a
    `SandboxError`.
    """

    def __init__(self, name: str = "default", state: Path | None = None) -> None:
        self.name = name
        self.folder = state_folder(name, state)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig (mode 0600); it exists once the sandbox was up."""
        return self.folder / "kubeconfig"

    @property
    def kubectl(self) -> Path:
        """The kubectl of the control plane's own version; built first when it is not there."""
        from . import tools

        return tools.ensure(["kubectl"])["kubectl"]

    @property
    def running(self) -> bool:
        """Whether every component runs and the API server is ready."""
        from .status import running

        return running(self.folder)

    def up(
        self,
        *,
        nodes: int = NodePool.nodes,
        zones: int = NodePool.zones,
        cpu: str = NodePool.cpu,
        memory: str = NodePool.memory,
        crds: Path | None = None,
        custom_resources: Iterable[CustomResource] | None = None,
        operated: Collection[str] = (),
    ) -> None:
        """Make everything run that does not: about 4 seconds, and minutes when the programs must be built first.

        There are `nodes` simulated nodes (default 3) in `zones` zones (default 3), each with `cpu` and `memory`
        (Kubernetes quantities, default 16 and 64Gi); others of an earlier `up` are removed. `crds` is a folder of
        real custom resource definitions, which take precedence over the stand-ins made from `custom_resources`
        (default: the table in versions.py). `operated` are API groups (postgresql.cnpg.io) whose own operator runs
        beside the sandbox: nothing plays it, and pods have loopback addresses, at which something can answer for
        them. What runs already, with the same settings, is left alone.
        """
        from . import custom_resources as definitions
        from . import tools

        pool = NodePool(nodes=nodes, zones=zones, cpu=cpu, memory=memory)
        if crds is not None and not crds.is_dir():
            raise SandboxError(f"There is no folder {crds} to take custom resource definitions from.")
        programs = tools.ensure(tools.group("control-plane"))
        table = definitions.project_table() if custom_resources is None else custom_resources
        with self._locked():
            self._converge(programs, pool, crds, table, operated)

    def down(self) -> None:
        """Stop every process; objects, addresses and the kubeconfig stay for the next `up`."""
        with self._locked():
            self._stop()

    def reset(self) -> None:
        """Stop every process and remove all that the sandbox remembers."""
        with self._locked():
            self._stop()
            with naming(self.folder):
                self._remove()

    def status(self) -> Status:
        """What runs, where, and how many nodes are ready; works without Go and in any state."""
        from .status import collect

        return collect(self.folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # Beside the folder and not in it: `reset` removes the folder while it holds the lock.
        with exclusive(self.folder.parent / f".{self.name}.lock"):
            yield

    def _remove(self) -> None:
        while self.folder.exists():
            try:
                shutil.rmtree(self.folder)
            except FileNotFoundError:
                # A second one is at it too: what is gone is as good as removed.
                continue

    def _stop(self) -> None:
        from .supervisor import Supervisor

        Supervisor(Layout(self.folder, {}), {}).stop_all()

    def _converge(
        self,
        programs: dict[str, Path],
        pool: NodePool,
        crds: Path | None,
        table: Iterable[CustomResource],
        operated: Collection[str],
    ) -> None:
        from .client import Kubectl
        from .objects import Objects
        from .supervisor import Supervisor

        at = self._prepare(LOOPBACK_POD_NETWORK if operated else POD_NETWORK)
        supervisor = Supervisor(at, programs)
        self._start_servers(supervisor)
        objects = Objects(at, supervisor, Kubectl(programs["kubectl"], self.kubeconfig))
        objects.apply(pool, table, crds)
        objects.start_kwok(operated)
        objects.wait_until_usable(pool)

    def _prepare(self, pod_network: str) -> Layout:
        """Certificates, ports and kubeconfigs: made once, then only read."""
        from . import kubeconfig, pki, ports

        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        at = Layout(self.folder, ports.remembered(self.folder / "ports.json", LISTENERS), pod_network)
        pki.ensure(at.pki)
        for identity in ("admin", "kwok", CONTROLLER_MANAGER.name, SCHEDULER.name):
            context = f"sandbox-{self.name}"
            kubeconfig.write(at.kubeconfig(identity), at.url(APISERVER.name), at.pki, identity, context)
        return at

    @staticmethod
    def _start_servers(supervisor: Supervisor) -> None:
        for component in (ETCD, APISERVER):
            supervisor.ensure(component)
            supervisor.wait(component)
        for component in (CONTROLLER_MANAGER, SCHEDULER):
            supervisor.ensure(component)
