"""Starts, finds again, watches and stops the components of one sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import os_errors

from . import client, ports, processes
from .components import COMPONENTS, Component, Layout
from .errors import SandboxError, with_log_tail

# How long a component may take to become healthy, in seconds; about 3 are usual, more on a busy machine.
PATIENCE = 120.0

# How long to wait for a port of a component that has just ended, in seconds.
_PORT_PATIENCE = 3.0

_LOG_LIMIT_BYTES = 10_000_000

# With less, a start may fail: etcd takes 64 MB for its log at once.
_SPACE_BYTES = 100 * 2**20

# Soft, for the API server: 82 real definitions need 0.5 GB, and a limit near that keeps a processor busy with
# collecting garbage. The others, and an API server with stand-ins, stay far below.
_MEMORY_LIMIT = "1GiB"


class Supervisor:
    """The processes of the sandbox at `at`; `programs` has the path of each component's binary by its name."""

    def __init__(self, at: Layout, programs: Mapping[str, Path]) -> None:
        self._at = at
        self._programs = programs

    def log(self, component: Component) -> Path:
        """The path of the component's log."""
        return self._at.folder / "logs" / f"{component.name}.log"

    def record(self, component: Component) -> processes.Record | None:
        """The record of the component when it runs, else None."""
        record = processes.read(self._pid_file(component))
        return record if record and record.process else None

    def ensure(self, component: Component, *extra: str) -> None:
        """Start the component unless it runs already with the very arguments that it would be started with."""
        command = (str(self._programs[component.name]), *component.flags(self._at), *extra)
        record = self.record(component)
        if record and record.command == command:
            return
        self.stop(component)
        self._start(component, command)

    def stop(self, component: Component) -> None:
        """Stop the component, also one whose record was never written."""
        record = processes.read(self._pid_file(component))
        for each in (*([record] if record else []), *processes.strays(component.name, self._at.folder)):
            processes.stop(each)
        self._pid_file(component).unlink(missing_ok=True)

    def stop_all(self) -> None:
        """Stop every component, in the opposite order of their start."""
        for component in reversed(COMPONENTS):
            self.stop(component)

    def healthy(self, component: Component) -> bool:
        """Whether the component answers that it works."""
        url = f"{self._at.url(component.name)}{component.health}"
        return client.get(url, self._at.pki, component.authority, component.identity) is not None

    def wait(self, component: Component) -> None:
        """Wait until the component is healthy. Raises SandboxError with its log when it ends or takes too long."""
        self.wait_for(component, lambda: self.healthy(component), "did not become healthy")

    def wait_for(self, component: Component, condition: Callable[[], bool], failure: str) -> None:
        """Wait until `condition` holds; `failure` says what it means for the component that it does not."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if self.record(component) is None:
                raise self._failed(component, "ended soon after its start")
            if time.monotonic() > deadline:
                raise self._failed(component, f"{failure} within {PATIENCE:.0f} s")
            time.sleep(0.05)

    def _failed(self, component: Component, failure: str) -> SandboxError:
        # On a full disk no log says why.
        return with_log_tail(
            f"{component.name} {failure}.{os_errors.space(self._at.folder, _SPACE_BYTES)}", self.log(component)
        )

    def _start(self, component: Component, command: tuple[str, ...]) -> None:
        self._refuse_taken_ports(component)
        log = self.log(component)
        if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))
        processes.write(self._pid_file(component), processes.spawn(command, self._environment(), log))

    def _environment(self) -> dict[str, str]:
        # Nothing of the user's environment: no kubeconfig, no proxy, no home with settings in it.
        return {"PATH": "/usr/bin:/bin", "HOME": str(self._at.folder), "GOMEMLIMIT": _MEMORY_LIMIT}

    def _refuse_taken_ports(self, component: Component) -> None:
        for listener in component.listeners:
            port = self._at.ports[listener]
            if not _becomes_free(port):
                raise SandboxError(
                    f"Port {port} of {ports.LOOPBACK}, where {component.name} of this sandbox listens, is in use.\n"
                    f"See `ss -ltnp 'sport = :{port}'`: end that program, or `python -m sandbox reset` for new ports."
                )

    def _pid_file(self, component: Component) -> Path:
        return self._at.folder / "pids" / f"{component.name}.json"


def _becomes_free(port: int) -> bool:
    # A process that was killed holds its ports until the last of its threads is gone, a moment after it itself.
    deadline = time.monotonic() + _PORT_PATIENCE
    while ports.taken(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
