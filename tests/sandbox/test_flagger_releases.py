"""The real Flagger carries out what the program declares, on a real API server, measured by a real Prometheus.

It looks every ten seconds at the least, so that everything happens at once: one round of releases that must end well or
badly, and a second one in which Prometheus is gone.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ops.kubectl import Kubectl
from ops.releases.flagger import FlaggerRelease
from tests.sandbox.flagger import Released, flagger
from tests.sandbox.released import FURTHER, NAMESPACE, shares
from tests.sandbox.traffic import Behaviour
from tests.sandbox.webhooks import webhooks
from tests.unit.definitions import ABSENT, FOLDER

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

_TIMES = {"interval": "10s", "window": "8s", "maximum_duration": "10m"}
GOOD, ERRORS, SLOW, TESTED, GREEN, RETURNED, LATE = (
    "auth-service",
    "tenant-service",
    "session-service",
    "message-service",
    "api-gateway",
    *FURTHER,
)
_CANARY = {"strategy": "canary", "steps": [20, 40, 60], "failures": 2, **_TIMES}
RELEASES: dict[str, dict[str, Any]] = {
    GOOD: _CANARY,
    ERRORS: _CANARY,
    SLOW: _CANARY,
    TESTED: {"strategy": "ab", "checks": 2, "headers": {"canary": "true"}, **_TIMES},
    GREEN: {"strategy": "blue-green", "checks": 2, "mirror": True, **_TIMES},
    RETURNED: {"strategy": "blue-green", "checks": 1, "mirror": True, **_TIMES, "interval": "15s"},
    LATE: {"strategy": "canary", "steps": [20], "approval": True, **_TIMES, "maximum_duration": "40s"},
}
BEHAVIOURS = {ERRORS: Behaviour(errors=6), SLOW: Behaviour(slow=2400)}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    folder = tmp_path_factory.mktemp("flagger")
    with webhooks() as gate:
        # Flagger's load tester keeps this one closed until somebody opens it.
        gate.refusing |= {"/gate/halt"}
        with flagger(folder, {"mesh": "istio", "load_tester": gate.url}, RELEASES, BEHAVIOURS) as made:
            with made.prometheus.running():
                _first_round(made)
            yield made


def _first_round(made: Released) -> None:
    """Another version of everything; once in the middle the environment is deployed again."""
    env = made.environment
    made.initialized()
    env.versions |= dict.fromkeys(RELEASES, "1.1.0")
    with made.round.watching(env):
        env.up()
        returning = threading.Thread(target=_return, args=(made,))
        returning.start()
        made.until("a candidate has traffic", lambda: any(made.round.weights(GOOD)))
        made.updated = env.up()
        made.until("all have ended", lambda: made.round.ended == set(RELEASES))
        returning.join()


def _return(made: Released) -> None:
    """As soon as everything is on the new version: back to the old one, long before Flagger looks again."""
    env = made.environment
    made.until("switched", lambda: env.weight(RETURNED) == 100)
    sandbox = env.project.sandbox
    # What `ops switch --back` does once it has found the release, for which a busy machine takes longer than Flagger.
    FlaggerRelease(Kubectl(sandbox.kubectl, sandbox.kubeconfig), NAMESPACE, RETURNED).abort()
    made.returned = (env.weight(RETURNED), made.phase(RETURNED))


def test_a_good_version_goes_through_all_steps_and_is_promoted(released: Released) -> None:
    assert released.advances(GOOD)[:3] == released.round.weights(GOOD)[1:4] == [20, 40, 60]
    assert released.state(GOOD) == ("Succeeded", "1.1.0", 0, 0)


@pytest.mark.parametrize("name", [ERRORS, SLOW])
def test_errors_and_slow_answers_take_a_version_back(released: Released, name: str) -> None:
    """The federated-risk document's limits: 6 % are more than 5 %, 2.5 s of one request in ten more than a second."""
    assert released.advances(name) == [20]
    assert released.state(name) == ("Failed", "1.0.0", 0, 0)


def test_requests_with_the_header_alone_get_the_candidate(released: Released) -> None:
    tested = [rules for rules in released.round.rules[TESTED] if shares(rules[0]).get(f"{TESTED}-canary") == 100]
    assert tested
    for matched, ordinary in tested:
        assert matched["match"] == [{"headers": {"canary": {"exact": "true"}}}]
        assert [*shares(ordinary)] == [f"{TESTED}-primary"]
    assert released.state(TESTED)[:2] == ("Succeeded", "1.1.0")


def test_blue_green_switches_everything_at_once(released: Released) -> None:
    assert released.round.weights(GREEN) == [0, 100, 0]
    assert released.state(GREEN)[:2] == ("Succeeded", "1.1.0")


def test_blue_green_returns_after_it_has_switched(released: Released) -> None:
    """At once, before Flagger has looked: the old pods are there until the new version is the stable one."""
    assert released.returned == (0, "Progressing")
    assert released.state(RETURNED) == ("Failed", "1.0.0", 0, 0)
    assert released.environment.replicas(f"{RETURNED}-primary") == 2


def test_a_release_that_does_not_end_is_taken_back(released: Released) -> None:
    """Nobody opens its gate, and everything else is good: only its time is up."""
    assert released.round.weights(LATE) == [0, 20, 0]
    assert released.state(LATE) == ("Failed", "1.0.0", 0, 0)
    log = released.log.read_text()
    assert f"Halt {LATE}.{NAMESPACE} advancement waiting for promotion approval" in log
    ((age, most),) = re.findall(rf"Halt {LATE}\.\S+ advancement duration (\S+) > (\S+?)\"", log)
    assert float(age) > float(most) == 40


def test_an_environment_update_in_the_middle_changes_nothing(released: Released) -> None:
    """Weights, selectors and replicas are Flagger's while it is at work."""
    assert "no changes" in released.updated
    assert released.round.weights(GOOD) == [0, 20, 40, 60, 0]
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
    assert released.state(GOOD) == ("Failed", "1.1.0", 0, 0)
    assert "Failed" in env.project.ops("canary", "status", f"astrbot/{GOOD}").stdout
