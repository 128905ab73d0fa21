"""The real Flagger over an environment on the sandbox, and notes of everything that it does meanwhile."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox import tools
from tests.sandbox.processes import free_port, running
from tests.sandbox.released import NAMESPACE, ROUTES, Environment, environment, rules_of, weight_in
from tests.sandbox.traffic import Behaviour, Prometheus, Traffic, measured

PROVIDERS = {"istio": "istio", "gateway-api": "gatewayapi:v1"}


@dataclass
class Round:
    """What was seen of every application's route while releases went on, in the order in which it was."""

    rules: dict[str, list[list[dict[str, Any]]]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    def note(self, made: Environment) -> None:
        kinds = f"canaries.flagger.app,{ROUTES[str(made.routing['mesh'])]}"
        for one in made.project.objects(kinds, f"-n{NAMESPACE}"):
            name = one["metadata"]["name"]
            if one["kind"] == "Canary":
                self.ended |= {name} if one.get("status", {}).get("phase") in ("Succeeded", "Failed") else set()
            elif name in made.releases:
                seen = self.rules.setdefault(name, [])
                if not seen or seen[-1] != rules_of(one):
                    seen.append(rules_of(one))

    def watching(self, made: Environment) -> contextlib.AbstractContextManager[None]:
        """Note all the time, beside whatever else is done."""
        return _beside(lambda: self.note(made), pause=0.5)

    def weights(self, name: str) -> list[int]:
        """The weights of its candidate, one after the other."""
        weights: list[int] = []
        for rules in self.rules[name]:
            weight = weight_in(name, rules)
            if not weights or weights[-1] != weight:
                weights.append(weight)
        return weights


@contextlib.contextmanager
def _beside(repeated: Callable[[], None], pause: float) -> Iterator[None]:
    """Do something again and again, with a pause in seconds, until the block ends."""
    stop = threading.Event()

    def repeat() -> None:
        while not stop.is_set():
            repeated()
            stop.wait(pause)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@dataclass
class Released:
    """The environment under Flagger, and what happened in the first round.

    `updated` is what an update in the middle printed, `returned` the weight and phase of a release just taken back.
    """

    environment: Environment
    traffic: Traffic
    prometheus: Prometheus
    log: Path
    round: Round = field(default_factory=Round)
    updated: str = ""
    returned: tuple[int, str] = (-1, "")

    def advances(self, name: str) -> list[int]:
        """The weights that Flagger says it has given to a candidate, in their order."""
        return [int(weight) for weight in re.findall(rf"Advance {name}\.\S+ canary weight (\d+)", self.log.read_text())]

    def phase(self, name: str) -> str:
        return str(self.environment.get("canaries.flagger.app", name).get("status", {}).get("phase", ""))

    def until(self, description: str, condition: Callable[[], object], seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{description}\n{self.log.read_text()[-4000:]}"
            time.sleep(1)

    def initialized(self) -> None:
        """Flagger has made what it needs of every release."""
        names = self.environment.releases
        self.until("initialized", lambda: all(self.phase(name) == "Initialized" for name in names))

    def state(self, name: str) -> tuple[str, str, int, int]:
        """What Flagger says, the stable version, and the candidate's share and pods."""
        made = self.environment
        return (self.phase(name), made.image(f"{name}-primary"), made.weight(name), made.replicas(name))


@contextlib.contextmanager
def flagger(
    folder: Path,
    routing: Mapping[str, Any],
    releases: Mapping[str, Mapping[str, Any]],
    behaviours: Mapping[str, Behaviour],
) -> Iterator[Released]:
    """An environment with these releases, whose candidates behave so, with Flagger; Prometheus is not started yet."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    program, traffic = tools.ensure(["flagger"])["flagger"], Traffic(NAMESPACE)
    traffic.behaviours |= {name: behaviours.get(name, Behaviour()) for name in releases}
    routing = {**routing, "controller": "flagger"}
    with measured(traffic, folder) as prometheus, environment(folder, routing, releases) as made:
        released = Released(made, traffic, prometheus, folder / "flagger.log")
        with (
            _beside(lambda: _tell(traffic, made), pause=2),
            running(_command(program, made), released.log, _variables(prometheus)),
        ):
            yield released


def _tell(traffic: Traffic, made: Environment) -> None:
    traffic.pods = made.pods()


def _command(program: Path, made: Environment) -> list[str]:
    return [
        str(program),
        f"-kubeconfig={made.project.sandbox.kubeconfig}",
        f"-mesh-provider={PROVIDERS[str(made.routing['mesh'])]}",
        f"-port={free_port()}",
        "-enable-config-tracking=false",
        "-log-level=info",
        "-control-loop-interval=2s",
    ]


def _variables(prometheus: Prometheus) -> dict[str, str]:
    # The templates name the environment's Prometheus, which has no address here: asked as a proxy, ours answers for it.
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "HTTP_PROXY": prometheus.url}
