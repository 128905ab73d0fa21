"""Releases over Gateway API without a controller: `ops canary` moves HTTPRoutes, asks webhooks, shows what goes on."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.released import NAMESPACE, Environment, environment, shares, weight_in
from tests.sandbox.traffic import Behaviour, Prometheus, Traffic, measured
from tests.sandbox.watched import watch
from tests.sandbox.webhooks import Webhooks, webhooks
from tests.unit.definitions import ABSENT, FOLDER

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

_TIMES = {"interval": "2s", "window": "5s", "maximum_duration": "5m"}
# The first is exposed, so that its route hangs on the gateway; the second is called inside the cluster alone.
STICKY, TESTED, APPROVED = "api-gateway", "auth-service", "session-service"
VERSION = "1.1.0"
SMOKE, LOAD = "/smoke", "/load"


def _releases(url: str) -> dict[str, dict[str, Any]]:
    hooks = [
        {"name": "smoke-test", "type": "pre-rollout", "url": f"{url}{SMOKE}", "metadata": {"suite": "smoke"}},
        {"name": "load-test", "type": "rollout", "url": f"{url}{LOAD}"},
    ]
    return {
        STICKY: {
            "strategy": "canary",
            "steps": [10, 50],
            "headers": {"canary": "true"},
            "cookie": {"name": "version"},
            "mirror": True,
            **_TIMES,
        },
        TESTED: {"strategy": "canary", "steps": [20], "webhooks": hooks, **_TIMES},
        APPROVED: {"strategy": "canary", "steps": [30], "approval": True, **_TIMES},
    }


@dataclass
class Released:
    """The environment, who measures it, and whom its releases ask."""

    environment: Environment
    prometheus: Prometheus
    hooks: Webhooks

    def ops(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.environment.project.ops(*arguments, "--prometheus", self.prometheus.url)

    def started(self, service: str) -> subprocess.Popen[str]:
        """A release of what is declared, carried on in the background."""
        where = ("--prometheus", self.prometheus.url)
        return self.environment.project.started("canary", "start", f"astrbot/{service}", *where)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    folder, traffic = tmp_path_factory.mktemp("gateway-api"), Traffic(NAMESPACE)
    services = (STICKY, TESTED, APPROVED)
    traffic.behaviours |= {name: Behaviour(errors=1) for name in services}
    traffic.behaviours |= {f"{name}-primary": Behaviour() for name in services}
    with (
        webhooks() as hooks,
        measured(traffic, folder) as prometheus,
        prometheus.running(),
        environment(folder, {"mesh": "gateway-api"}, _releases(hooks.url)) as made,
    ):
        made.versions |= dict.fromkeys(services, VERSION)
        made.up()
        yield Released(made, prometheus, hooks)


def nothing_is_left(released: Released, service: str, version: str) -> None:
    made = released.environment
    assert [shares(rule) for rule in made.rules(service)] == [{f"{service}-primary": 100}]
    assert "filters" not in made.rules(service)[0]
    assert (made.replicas(service), made.image(f"{service}-primary")) == (0, version)


def _seen(released: Released, service: str, running: subprocess.Popen[str]) -> list[list[dict[str, Any]]]:
    """The different rules of a route for as long as a command runs, which must succeed."""
    seen: list[list[dict[str, Any]]] = []
    while running.poll() is None:
        rules = released.environment.rules(service)
        if not seen or seen[-1] != rules:
            seen.append(rules)
        time.sleep(0.2)
    printed, _ = running.communicate()
    assert running.returncode == 0, printed
    return seen


def test_a_route_carries_mirror_weights_header_and_cookie_one_after_the_other(released: Released) -> None:
    parents = released.environment.route(STICKY)["spec"]["parentRefs"]
    assert [(one["kind"], one["name"]) for one in parents] == [("Gateway", "entry")]
    seen = _seen(released, STICKY, released.started(STICKY))
    mirrored, *split = [rules for rules in seen if len(rules) > 1 or "filters" in rules[-1]]
    assert [one["requestMirror"]["backendRef"]["name"] for one in mirrored[-1]["filters"]] == [f"{STICKY}-canary"]
    assert [shares(rule) for rule in mirrored] == [{f"{STICKY}-primary": 100}]
    assert [weight_in(STICKY, rules) for rules in split] == [10, 50]
    for rules in split:
        matched, sticky, weighted = rules
        assert shares(matched) == shares(sticky) == {f"{STICKY}-canary": 100}
        ((header,),) = [one["headers"] for one in matched["matches"]]
        assert (header["type"], header["name"], header["value"]) == ("Exact", "canary", "true")
        ((cookie,),) = [one["headers"] for one in sticky["matches"]]
        assert cookie["name"] == "Cookie"
        (given,) = [one for one in weighted["backendRefs"] if one["name"] == f"{STICKY}-canary"]
        (added,) = given["filters"][0]["responseHeaderModifier"]["add"]
        assert cookie["value"].strip(".*") == added["value"].partition(";")[0]
    nothing_is_left(released, STICKY, VERSION)


def test_a_smoke_test_that_refuses_takes_a_version_back_before_anybody_has_seen_it(released: Released) -> None:
    released.hooks.refusing |= {SMOKE}
    done = released.ops("canary", "start", f"astrbot/{TESTED}")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "progressing" not in done.stdout
    nothing_is_left(released, TESTED, "1.0.0")
    body = {"name": TESTED, "namespace": NAMESPACE, "phase": "pre-rollout", "metadata": {"suite": "smoke"}}
    assert released.hooks.asked(SMOKE, TESTED) == [body]
    assert not released.hooks.asked(LOAD, TESTED)


def test_a_load_test_that_refuses_takes_back_what_has_traffic(released: Released) -> None:
    released.hooks.refusing = {LOAD}
    done = released.ops("canary", "start", f"astrbot/{TESTED}")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "progressing: candidate 20 %" in done.stdout
    nothing_is_left(released, TESTED, "1.0.0")


def test_inside_the_cluster_the_service_itself_is_the_parent(released: Released) -> None:
    released.hooks.refusing = set()
    parents = released.environment.route(TESTED)["spec"]["parentRefs"]
    assert [(one["kind"], one["name"]) for one in parents] == [("Service", TESTED)]
    done = released.ops("canary", "start", f"astrbot/{TESTED}")
    assert done.returncode == 0, done.stdout + done.stderr
    nothing_is_left(released, TESTED, VERSION)


def test_watch_shows_both_versions_live_until_the_release_has_ended(released: Released) -> None:
    """An approval is waited for, so that there is something to see; the person who watches is not who approves."""
    carrying = released.started(APPROVED)
    try:
        _until(lambda: weight_in(APPROVED, released.environment.rules(APPROVED)) == 30)
        watching = watch(released.environment.project, f"astrbot/{APPROVED}", released.prometheus.url)
        assert watching.process.poll() is None
        approved = released.ops("canary", "promote", f"astrbot/{APPROVED}")
        assert approved.returncode == 0, approved.stdout + approved.stderr
        assert watching.ended() == 0
    finally:
        carrying.kill()
        carrying.communicate()
    weights = watching.weights()
    assert (weights[0], weights[-1]) == ((70, 30), (100, 0))
    # One request in a hundred fails, and of the candidate's alone; nine in ten take 0.05 s, the others 0.08 s.
    errors, latency = watching.metrics("candidate")
    assert errors == pytest.approx(1, abs=0.2)
    assert 0 < latency <= 0.1
    assert watching.metrics("stable")[0] == 0
    assert watching.lines[-1] == ["promoted"]
    nothing_is_left(released, APPROVED, VERSION)


def _until(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)
