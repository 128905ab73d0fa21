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

from components.traffic.release import ROLLOUT
from tests.sandbox.released import NAMESPACE, Environment, environment
from tests.sandbox.traffic import Behaviour, Prometheus, Traffic, measured
from tests.unit.definitions import ABSENT, FOLDER

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

_TIMES = {"interval": "1s", "window": "5s", "maximum_duration": "5m"}
CANARY, GREEN, APPROVED = "auth-service", "tenant-service", "session-service"
VERSIONS = {CANARY: "1.1.0", GREEN: "3.0.0", APPROVED: "2.0.0"}
RELEASES = {
    CANARY: {"strategy": "canary", "steps": [10, 50], "failures": 2, "headers": {"canary": "true"}, **_TIMES},
    GREEN: {"strategy": "blue-green", "checks": 4, **_TIMES},
    APPROVED: {"strategy": "canary", "steps": [20], "approval": True, **_TIMES},
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

    def answers(self, service: str, behaviour: Behaviour) -> None:
        """From now on a service's candidate answers so."""
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


def test_a_new_version_reaches_nobody_before_it_is_released(released: Released) -> None:
    released.environment.versions |= VERSIONS
    released.environment.up()
    for service, version in VERSIONS.items():
        assert released.environment.image(service) == version
        nothing_is_left(released, service, "1.0.0")


@pytest.mark.parametrize("behaviour", [SIX_PERCENT, SLOW, None], ids=["6 % errors", "P95 of 2.5 s", "no Prometheus"])
def test_errors_slow_answers_and_no_answers_take_a_version_back(
    released: Released, behaviour: Behaviour | None
) -> None:
    """The federated-risk document's limits; and no news is no good news."""
    released.answers(CANARY, behaviour or GOOD)
    prometheus = released.prometheus.url if behaviour else "http://127.0.0.1:9"
    done = released.environment.project.ops("canary", "start", f"astrbot/{CANARY}", "--prometheus", prometheus)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "progressing: candidate 10 %, matched" in done.stdout
    assert "2 of 2 failed checks" in done.stdout
    nothing_is_left(released, CANARY, "1.0.0")


def test_killed_after_every_step_it_goes_on_and_an_update_changes_nothing(released: Released) -> None:
    """kill -9 wherever it is; and once in the middle the environment is deployed again."""
    released.answers(CANARY, GOOD)
    seen: list[dict[str, object] | None] = []
    weights, updated = [], False
    for _ in range(40):
        before = _state(released)
        if seen and before and (before["reason"], before["phase"]) == ("promoted", "idle"):
            break
        _killed_after_one_step(released, before)
        seen.append(_state(released))
        weights.append(released.environment.weight(CANARY))
        if weights[-1] and not updated:
            updated = True
            rules, replicas = released.environment.rules(CANARY), released.environment.replicas(CANARY)
            assert "no changes" in released.environment.up()
            assert released.environment.rules(CANARY) == rules
            assert released.environment.replicas(CANARY) == replicas
    assert updated
    assert {10, 50} <= set(weights)
    assert {one["phase"] for one in seen if one} >= {"starting", "progressing", "promoting", "finishing"}
    nothing_is_left(released, CANARY, VERSIONS[CANARY])
    again = released.ops("canary", "promote", f"astrbot/{CANARY}")
    assert again.returncode == 0
    assert "has been promoted" in again.stdout


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
        time.sleep(0.2)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_an_approval_is_waited_for_and_given_or_the_version_is_aborted(released: Released) -> None:
    service = APPROVED
    released.answers(service, GOOD)
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
    nothing_is_left(released, service, VERSIONS[service])


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
    service = GREEN
    released.answers(service, SIX_PERCENT)
    bad = released.ops("switch", f"astrbot/{service}")
    assert bad.returncode == 1, bad.stdout
    assert "progressing: candidate 100 %" in bad.stdout
    nothing_is_left(released, service, "1.0.0")
    released.answers(service, GOOD)
    good = released.ops("switch", f"astrbot/{service}")
    assert good.returncode == 0, good.stdout
    nothing_is_left(released, service, VERSIONS[service])
