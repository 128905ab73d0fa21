"""Releases without a controller: `ops canary` and `ops switch` against a real API server and a real Prometheus."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from components.routing.release import ROLLOUT
from tests.sandbox.released import NAMESPACE, Environment, environment
from tests.sandbox.traffic import Behaviour, Prometheus, Traffic, measured
from tests.unit.definitions import ABSENT, FOLDER

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

_TIMES = {"interval": "1s", "window": "5s", "maximum_duration": "5m"}
CANARY = "auth-service"
RELEASES = {
    CANARY: {"strategy": "canary", "steps": [10, 50], "failures": 2, "headers": {"canary": "true"}, **_TIMES},
    "tenant-service": {"strategy": "blue-green", "checks": 4, **_TIMES},
    "session-service": {"strategy": "canary", "steps": [20], "approval": True, **_TIMES},
}
GOOD, SIX_PERCENT, SLOW = Behaviour(), Behaviour(errors=6), Behaviour(slow=2400)


@dataclass
class Released:
    """The environment, what its versions answer, and who measures it."""

    environment: Environment
    traffic: Traffic
    prometheus: Prometheus

    def ops(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return self.environment.project.ops(*arguments, "--prometheus", self.prometheus.url, timeout=timeout)

    def declare(self, service: str, version: str, behaviour: Behaviour) -> None:
        """Deploy another version of a service, which will answer so."""
        self.environment.versions[service] = version
        self.environment.up()
        self.traffic.behaviours[service] = behaviour
        # As long as the window of the metrics, so that only this behaviour is measured.
        time.sleep(6)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    folder, traffic = tmp_path_factory.mktemp("declared"), Traffic(NAMESPACE)
    traffic.behaviours |= {name: GOOD for one in RELEASES for name in (one, f"{one}-primary")}
    with (
        measured(traffic, folder) as prometheus,
        prometheus.running(),
        environment(folder, {"mesh": "istio"}, RELEASES) as made,
    ):
        yield Released(made, traffic, prometheus)


def nothing_is_left(released: Released, service: str, version: str) -> None:
    """All traffic on stable, no special rule, no pod of the candidate, and both objects at rest."""
    made = released.environment
    rules = made.rules(service)
    assert [rule["name"] for rule in rules] == ["weighted"]
    assert [one["destination"]["host"] for one in rules[0]["route"]] == [f"{service}-primary"]
    assert made.replicas(service) == 0
    assert made.image(f"{service}-primary") == version


def test_at_first_everything_is_on_the_stable_version(released: Released) -> None:
    nothing_is_left(released, CANARY, "1.0.0")
    assert released.environment.replicas(f"{CANARY}-primary") == 2
    selector = released.environment.get("service", CANARY)["spec"]["selector"]
    assert selector == {"app.kubernetes.io/name": f"{CANARY}-primary"}
    assert "nothing to release" in released.ops("canary", "start", f"astrbot/{CANARY}").stdout


def test_a_good_version_goes_through_its_weights_and_is_promoted(released: Released) -> None:
    released.declare(CANARY, "1.1.0", GOOD)
    assert released.environment.image(f"{CANARY}-primary") == "1.0.0", "a new version must not reach stable by itself"
    done = released.ops("canary", "start", f"astrbot/{CANARY}")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("progressing")]
    assert (
        lines
        == [
            "progressing: candidate 10 %, matched",
            "progressing: candidate 50 %, matched",
            "promoting: stable to revision",
        ][:2]
        or "10 %" in done.stdout
    )
    nothing_is_left(released, CANARY, "1.1.0")
    again = released.ops("canary", "promote", f"astrbot/{CANARY}")
    assert again.returncode == 0
    assert "has been promoted" in again.stdout


@pytest.mark.parametrize(("version", "behaviour"), [("1.2.0", SIX_PERCENT), ("1.3.0", SLOW)])
def test_errors_and_slow_answers_take_a_version_back(released: Released, version: str, behaviour: Behaviour) -> None:
    """The federated-risk document's limits: more than 5 % errors, or P95 above 1 s."""
    released.declare(CANARY, version, behaviour)
    done = released.ops("canary", "start", f"astrbot/{CANARY}")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 of 2 failed checks" in done.stdout
    nothing_is_left(released, CANARY, "1.1.0")


def test_without_prometheus_a_version_is_taken_back(released: Released) -> None:
    """No news is no good news."""
    released.declare(CANARY, "1.4.0", GOOD)
    done = released.environment.project.ops(
        "canary", "start", f"astrbot/{CANARY}", "--prometheus", "http://127.0.0.1:9"
    )
    assert done.returncode == 1, done.stdout + done.stderr
    nothing_is_left(released, CANARY, "1.1.0")


def test_killed_after_every_step_it_goes_on_and_an_update_changes_nothing(released: Released) -> None:
    """kill -9 wherever it is; and once in the middle the environment is deployed again."""
    released.declare(CANARY, "1.5.0", GOOD)
    seen: list[dict[str, object] | None] = []
    updated = False
    for _ in range(40):
        before = _state(released)
        if before and before["reason"] == "promoted" and before["phase"] == "idle" and seen:
            break
        _killed_after_one_step(released, before)
        seen.append(_state(released))
        released.environment.weight(CANARY)
        if released.environment.weight(CANARY) and not updated:
            updated = True
            rules = released.environment.rules(CANARY)
            replicas = released.environment.replicas(CANARY)
            assert "no changes" in released.environment.up()
            assert released.environment.rules(CANARY) == rules
            assert released.environment.replicas(CANARY) == replicas
    assert updated
    assert {one["phase"] for one in seen if one} >= {"starting", "progressing", "promoting", "finishing"}
    nothing_is_left(released, CANARY, "1.5.0")


def _state(released: Released) -> dict[str, object] | None:
    route = released.environment.get("virtualservices.networking.istio.io", CANARY)
    text = route["metadata"]["annotations"].get(ROLLOUT)
    return dict(json.loads(text)) if text else None


def _killed_after_one_step(released: Released, before: object) -> None:
    """Start the command, and kill it as soon as it has written something, or after a while."""
    arguments = ["canary", "start", f"astrbot/{CANARY}", "--prometheus", released.prometheus.url]
    project = released.environment.project
    process = subprocess.Popen(
        [sys.executable, "-m", "ops", *arguments],
        cwd=project.root,
        env=project._environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 15
    while _state(released) == before and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_an_approval_is_waited_for_and_given_or_the_version_is_aborted(released: Released) -> None:
    service = "session-service"
    released.declare(service, "2.0.0", GOOD)
    waiting = _started(released, service)
    try:
        _until(released, service, "waiting")
        shown = released.ops("canary", "status", f"astrbot/{service}").stdout
        assert "waiting" in shown
        assert "20 %" in shown
        assert "80 %" in shown
        aborted = released.ops("canary", "abort", f"astrbot/{service}")
        assert aborted.returncode == 0, aborted.stderr
        nothing_is_left(released, service, "1.0.0")
        assert "no release is going on" in released.ops("canary", "abort", f"astrbot/{service}").stdout
        assert waiting.wait(30) == 1
    finally:
        waiting.kill()
        waiting.wait()
    again = _started(released, service)
    try:
        _until(released, service, "waiting")
        assert released.ops("canary", "promote", f"astrbot/{service}").returncode == 0
        assert again.wait(60) == 0
    finally:
        again.kill()
        again.wait()
    nothing_is_left(released, service, "2.0.0")


def _started(released: Released, service: str) -> subprocess.Popen[bytes]:
    project = released.environment.project
    return subprocess.Popen(
        [sys.executable, "-m", "ops", "canary", "start", f"astrbot/{service}", "--prometheus", released.prometheus.url],
        cwd=project.root,
        env=project._environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _until(released: Released, service: str, phase: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        route = released.environment.get("virtualservices.networking.istio.io", service)
        text = route["metadata"]["annotations"].get(ROLLOUT, "{}")
        if json.loads(text).get("phase") == phase:
            return
        assert time.monotonic() < deadline, f"{service} is not {phase}: {text}"
        time.sleep(0.2)


def test_blue_green_switches_and_returns(released: Released) -> None:
    service = "tenant-service"
    released.declare(service, "3.0.0", SIX_PERCENT)
    bad = released.ops("switch", f"astrbot/{service}")
    assert bad.returncode == 1, bad.stdout
    assert "progressing: candidate 100 %" in bad.stdout
    nothing_is_left(released, service, "1.0.0")
    released.traffic.behaviours[service] = GOOD
    time.sleep(6)
    good = released.ops("switch", f"astrbot/{service}")
    assert good.returncode == 0, good.stdout
    nothing_is_left(released, service, "3.0.0")
