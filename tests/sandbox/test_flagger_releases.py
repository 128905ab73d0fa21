"""The real Flagger carries out what the program declares, on a real API server, measured by a real Prometheus.

It looks every ten seconds at the least, so that everything happens at once: one round of releases that must end well or
badly, and a second one in which Prometheus is gone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox import tools
from tests.sandbox.processes import free_port, running
from tests.sandbox.released import NAMESPACE, Environment, environment, weight_in
from tests.sandbox.traffic import Behaviour, Prometheus, Traffic, measured
from tests.unit.definitions import ABSENT, FOLDER

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

_TIMES = {"interval": "10s", "window": "8s", "maximum_duration": "10m"}
GOOD, ERRORS, SLOW, TESTED, GREEN = (
    "auth-service",
    "tenant-service",
    "session-service",
    "message-service",
    "api-gateway",
)
RELEASES: dict[str, dict[str, Any]] = {
    GOOD: {"strategy": "canary", "steps": [20, 40, 60], "failures": 2, **_TIMES},
    ERRORS: {"strategy": "canary", "steps": [20, 40, 60], "failures": 2, **_TIMES},
    SLOW: {"strategy": "canary", "steps": [20, 40, 60], "failures": 2, **_TIMES},
    TESTED: {"strategy": "ab", "checks": 2, "headers": {"canary": "true"}, **_TIMES},
    GREEN: {"strategy": "blue-green", "checks": 2, "mirror": True, **_TIMES},
}
BEHAVIOURS = {ERRORS: Behaviour(errors=6), SLOW: Behaviour(slow=2400)}


@dataclass
class Round:
    """What was seen of every application while its release went on, in the order in which it was."""

    weights: dict[str, list[int]] = field(default_factory=dict)
    headers: list[Any] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)

    def note(self, made: Environment) -> None:
        kinds = "canaries.flagger.app,virtualservices.networking.istio.io"
        for one in made.project.objects(kinds, f"-n{NAMESPACE}"):
            name = one["metadata"]["name"]
            if one["kind"] == "VirtualService" and name in RELEASES:
                self._route(name, one["spec"]["http"])
            elif one.get("status", {}).get("phase") in ("Succeeded", "Failed"):
                self.ended.add(name)

    def _route(self, name: str, rules: list[Any]) -> None:
        weight = weight_in(name, rules)
        _append(self.weights.setdefault(name, []), weight)
        if name == TESTED and rules[0].get("match") and rules[0]["route"][-1].get("weight") == 100:
            _append(self.headers, (rules[0]["match"], rules[0]["route"][-1]["destination"]["host"], weight))

    @contextlib.contextmanager
    def watching(self, made: Environment) -> Iterator[None]:
        """Note all the time, beside whatever else is done."""
        stop = threading.Event()

        def watch() -> None:
            while not stop.is_set():
                self.note(made)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _append(seen: list[Any], value: Any) -> None:
    if not seen or seen[-1] != value:
        seen.append(value)


@dataclass
class Released:
    """The environment under Flagger, and what happened in the first round."""

    environment: Environment
    traffic: Traffic
    prometheus: Prometheus
    log: Path
    round: Round = field(default_factory=Round)
    updated: str = ""

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


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    flagger = tools.ensure(["flagger"])["flagger"]
    folder, traffic = tmp_path_factory.mktemp("flagger"), Traffic(NAMESPACE)
    traffic.behaviours |= {name: BEHAVIOURS.get(name, Behaviour()) for name in RELEASES}
    routing = {"mesh": "istio", "controller": "flagger"}
    with measured(traffic, folder) as prometheus, environment(folder, routing, RELEASES) as made:
        made_of = Released(made, traffic, prometheus, folder / "flagger.log")
        with running(_command(flagger, made), made_of.log, _variables(prometheus)):
            with prometheus.running():
                _first_round(made_of)
            yield made_of


def _command(flagger: Path, made: Environment) -> list[str]:
    kubeconfig = f"-kubeconfig={made.project.sandbox.kubeconfig}"
    return [
        str(flagger),
        kubeconfig,
        "-mesh-provider=istio",
        f"-port={free_port()}",
        "-enable-config-tracking=false",
        "-log-level=info",
        "-control-loop-interval=2s",
    ]


def _variables(prometheus: Prometheus) -> dict[str, str]:
    # The templates name the environment's Prometheus, which has no address here: asked as a proxy, ours answers for it.
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "HTTP_PROXY": prometheus.url}


def _first_round(made: Released) -> None:
    """Another version of everything; once in the middle the environment is deployed again."""
    env = made.environment
    made.until("initialized", lambda: all(made.phase(name) == "Initialized" for name in RELEASES))
    env.versions |= dict.fromkeys(RELEASES, "1.1.0")
    with made.round.watching(env):
        env.up()
        made.until("a candidate has traffic", lambda: any(made.round.weights[GOOD]))
        made.updated = env.up()
        made.until("all have ended", lambda: made.round.ended == set(RELEASES))


def test_a_good_version_goes_through_all_steps_and_is_promoted(released: Released) -> None:
    env = released.environment
    assert released.advances(GOOD)[:3] == released.round.weights[GOOD][1:4] == [20, 40, 60]
    assert released.phase(GOOD) == "Succeeded"
    assert (env.image(f"{GOOD}-primary"), env.weight(GOOD), env.replicas(GOOD)) == ("1.1.0", 0, 0)


@pytest.mark.parametrize("name", [ERRORS, SLOW])
def test_errors_and_slow_answers_take_a_version_back(released: Released, name: str) -> None:
    """The federated-risk document's limits: 6 % are more than 5 %, 2.5 s of one request in ten more than a second."""
    env = released.environment
    assert released.advances(name) == [20]
    assert released.phase(name) == "Failed"
    assert (env.image(f"{name}-primary"), env.weight(name), env.replicas(name)) == ("1.0.0", 0, 0)


def test_requests_with_the_header_alone_get_the_candidate(released: Released) -> None:
    assert released.round.headers
    for match, host, weight in released.round.headers:
        assert match == [{"headers": {"canary": {"exact": "true"}}}]
        assert host == f"{TESTED}-canary"
        assert weight == 0
    assert released.environment.image(f"{TESTED}-primary") == "1.1.0"


def test_blue_green_switches_everything_at_once(released: Released) -> None:
    assert set(released.round.weights[GREEN]) <= {0, 100}
    assert released.phase(GREEN) == "Succeeded"
    assert released.environment.image(f"{GREEN}-primary") == "1.1.0"


def test_an_environment_update_in_the_middle_changes_nothing(released: Released) -> None:
    """Weights, selectors and replicas are Flagger's while it is at work."""
    assert "no changes" in released.updated
    assert released.round.weights[GOOD] == [0, 20, 40, 60, 0]
    assert "Restarting analysis" not in released.log.read_text()
    assert released.environment.get("horizontalpodautoscaler", f"{GOOD}-primary")


def test_pods_of_both_versions_are_let_through_by_the_network_policies(released: Released) -> None:
    """Flagger gives the stable pods another name: a policy that goes by the name would shut them out."""
    pods = released.environment.project.objects("pods", f"-n{NAMESPACE}", "-l", f"platform.io/application={GOOD}")
    assert {pod["metadata"]["labels"]["app.kubernetes.io/name"] for pod in pods} == {f"{GOOD}-primary"}
    policy = released.environment.get("networkpolicy", GOOD)
    assert policy["spec"]["podSelector"] == {"matchLabels": {"platform.io/application": GOOD}}


def test_without_prometheus_a_version_is_taken_back_and_a_person_can_promote_or_abort(released: Released) -> None:
    """No news is no good news. Prometheus has ended with the first round."""
    env = released.environment
    env.versions |= {GOOD: "1.2.0", ERRORS: "1.2.0", TESTED: "1.2.0"}
    env.up()
    names = (GOOD, ERRORS, TESTED)
    released.until("all go on", lambda: all(released.phase(one) == "Progressing" for one in names))
    promoted = env.project.ops("canary", "promote", f"astrbot/{ERRORS}", "--prometheus", "http://127.0.0.1:9")
    assert promoted.returncode == 0, promoted.stderr
    assert (released.phase(ERRORS), env.image(f"{ERRORS}-primary")) == ("Succeeded", "1.2.0")
    assert "skipAnalysis" not in env.get("canaries.flagger.app", ERRORS)["spec"]
    aborted = env.project.ops("canary", "abort", f"astrbot/{TESTED}")
    assert aborted.returncode == 0, aborted.stderr
    assert (released.phase(TESTED), env.image(f"{TESTED}-primary")) == ("Failed", "1.1.0")
    released.until("taken back", lambda: released.phase(GOOD) == "Failed")
    assert (env.image(f"{GOOD}-primary"), env.weight(GOOD), env.replicas(GOOD)) == ("1.1.0", 0, 0)
    assert "Failed" in env.project.ops("canary", "status", f"astrbot/{GOOD}").stdout
