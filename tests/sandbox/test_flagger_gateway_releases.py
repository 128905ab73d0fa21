"""The real Flagger over Gateway API: the same releases, by HTTPRoutes and the applications' own metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.flagger import Released, flagger
from tests.sandbox.released import NAMESPACE, shares
from tests.sandbox.traffic import Behaviour
from tests.sandbox.watched import Watch, watch
from tests.sandbox.webhooks import Webhooks, webhooks
from tests.unit.definitions import ABSENT, FOLDER

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

_TIMES = {"interval": "10s", "window": "8s", "maximum_duration": "10m"}
STICKY, ERRORS, REFUSED, TESTED, GREEN = (
    "auth-service",
    "tenant-service",
    "session-service",
    "message-service",
    "api-gateway",
)
SMOKE, BROKEN, GATE = "/smoke", "/broken", "/gate"


def _releases(url: str) -> dict[str, dict[str, Any]]:
    canary = {"strategy": "canary", "steps": [20, 60], **_TIMES}
    smoke, broken = ({"name": "smoke-test", "type": "pre-rollout", "url": f"{url}{path}"} for path in (SMOKE, BROKEN))
    gate = {"name": "gate", "type": "confirm-promotion", "url": f"{url}{GATE}"}
    return {
        STICKY: {**canary, "cookie": {"name": "version"}, "webhooks": [smoke, gate]},
        ERRORS: canary,
        REFUSED: {**canary, "webhooks": [broken]},
        TESTED: {"strategy": "ab", "checks": 1, "headers": {"canary": "true"}, **_TIMES},
        GREEN: {"strategy": "blue-green", "checks": 2, "mirror": True, **_TIMES},
    }


@pytest.fixture(scope="module")
def hooks() -> Iterator[Webhooks]:
    with webhooks() as made:
        made.refusing |= {BROKEN, GATE}
        yield made


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory, hooks: Webhooks) -> Iterator[tuple[Released, Watch]]:
    """Another version of everything; one waits at its gate until somebody watches it."""
    folder, releases = tmp_path_factory.mktemp("flagger-gateway"), _releases(hooks.url)
    with (
        flagger(folder, {"mesh": "gateway-api"}, releases, {ERRORS: Behaviour(errors=6)}) as made,
        made.prometheus.running(),
    ):
        made.initialized()
        made.environment.versions |= dict.fromkeys(releases, "1.1.0")
        with made.round.watching(made.environment):
            made.environment.up()
            made.until("the gate is reached", lambda: hooks.asked(GATE, STICKY))
            watching = watch(made.environment.project, f"astrbot/{STICKY}", made.prometheus.url)
            hooks.refusing.remove(GATE)
            assert watching.ended() == 0
            made.until("all have ended", lambda: made.round.ended == set(releases))
        yield made, watching


@pytest.fixture
def released(observed: tuple[Released, Watch]) -> Released:
    return observed[0]


@pytest.fixture
def watching(observed: tuple[Released, Watch]) -> Watch:
    return observed[1]


def test_a_good_version_takes_over_by_weight_and_cookie(released: Released, hooks: Webhooks) -> None:
    assert released.round.weights(STICKY) == [0, 20, 60, 0]
    assert released.state(STICKY) == ("Succeeded", "1.1.0", 0, 0)
    for sticky, weighted in (rules for rules in released.round.rules[STICKY] if shares(rules[-1]).get(_canary(STICKY))):
        assert shares(sticky)[_canary(STICKY)] == 100
        ((cookie,),) = [one["headers"] for one in sticky["matches"]]
        (given,) = [one for one in weighted["backendRefs"] if one["name"] == _canary(STICKY)]
        added = given["filters"][0]["responseHeaderModifier"]["add"][0]["value"]
        assert cookie["value"].strip(".*").replace(".*", "=") == added.partition(";")[0]
    assert [body["namespace"] for body in hooks.asked(SMOKE, STICKY)] == [NAMESPACE]


def _canary(name: str) -> str:
    return f"{name}-canary"


def test_errors_take_a_version_back(released: Released) -> None:
    assert released.advances(ERRORS) == [20]
    assert released.state(ERRORS) == ("Failed", "1.0.0", 0, 0)


def test_a_smoke_test_that_refuses_takes_a_version_back_before_anybody_has_seen_it(
    released: Released, hooks: Webhooks
) -> None:
    assert hooks.asked(BROKEN, REFUSED)
    assert released.round.weights(REFUSED) == [0]
    assert released.state(REFUSED) == ("Failed", "1.0.0", 0, 0)


def test_requests_with_the_header_alone_get_the_candidate(released: Released) -> None:
    tested = [rules for rules in released.round.rules[TESTED] if shares(rules[0]).get(_canary(TESTED)) == 100]
    assert tested
    for matched, ordinary in tested:
        ((header,),) = [one["headers"] for one in matched["matches"]]
        assert (header["type"], header["name"], header["value"]) == ("Exact", "canary", "true")
        assert [*shares(ordinary)] == [f"{TESTED}-primary"]
    assert released.state(TESTED)[:2] == ("Succeeded", "1.1.0")


def test_blue_green_copies_requests_and_then_switches_everything(released: Released) -> None:
    filters = [rules[-1].get("filters") for rules in released.round.rules[GREEN]]
    assert [f"{GREEN}-canary"] in [
        [one["requestMirror"]["backendRef"]["name"] for one in some] for some in filters if some
    ]
    assert released.round.weights(GREEN) == [0, 100, 0]
    assert released.state(GREEN)[:2] == ("Succeeded", "1.1.0")
    parents = released.environment.route(GREEN)["spec"]["parentRefs"]
    assert [(one["kind"], one["name"]) for one in parents] == [("Gateway", "entry")]


def test_watch_shows_both_versions_live_until_flagger_has_ended(watching: Watch) -> None:
    weights = watching.weights()
    assert (weights[0], weights[-1]) == ((40, 60), (100, 0))
    errors, latency = watching.metrics("candidate")
    assert errors == 0
    assert 0 < latency <= 0.1
    assert watching.lines[-1] == ["Succeeded"]
