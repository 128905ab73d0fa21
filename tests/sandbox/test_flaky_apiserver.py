"""The proxy in front of the API server: unnoticed while nothing is to go wrong, and each fault does what it says."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.sandbox.cluster import Cluster, listed, thing
from tests.support.faults import Answer, Call, Delay, Gone, Reset, Silence, Which, every, nth, requests, writes
from tests.support.flaky_apiserver import FlakyApiServer
from tests.support.killing import AtWrite, run_and_kill

CONFIG_MAPS = writes("/configmaps")


@dataclass
class Proxied:
    """kubectl through the proxy, and the cluster behind it."""

    server: FlakyApiServer
    cluster: Cluster
    program: Path

    def command(self, *arguments: str) -> list[str]:
        options = [f"--kubeconfig={self.server.kubeconfig}", f"--namespace={self.cluster.namespace}"]
        return [str(self.program), *options, *arguments]

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        command = self.command(*arguments)
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)

    def create(self, name: str, **literals: str) -> subprocess.CompletedProcess[str]:
        return self.run("create", "configmap", name, *(f"--from-literal={key}={one}" for key, one in literals.items()))

    def names(self) -> list[str]:
        """The ConfigMaps that are there, without the one that every namespace gets."""
        found = [one["metadata"]["name"] for one in self.cluster.get("configmaps")["items"]]
        return [name for name in found if name != "kube-root-ca.crt"]


@pytest.fixture(scope="module")
def server(control_plane: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlakyApiServer]:
    with FlakyApiServer.of(control_plane, tmp_path_factory.mktemp("flaky")) as server:
        yield server


@pytest.fixture
def proxied(server: FlakyApiServer, cluster: Cluster, control_plane: Sandbox) -> Iterator[Proxied]:
    yield Proxied(server, cluster, control_plane.kubectl)
    server.mend()


def _config_maps(count: int) -> str:
    return json.dumps(listed(tuple(thing("v1", "ConfigMap", f"map-{one}", data={"a": "1"}) for one in range(count))))


def test_what_is_asked_through_it_is_done_and_recorded(proxied: Proxied) -> None:
    applied = proxied.run("apply", "-f", "-", stdin=_config_maps(3))
    assert applied.returncode == 0, applied.stderr
    found = json.loads(proxied.run("get", "configmap", "map-1", "-o", "json").stdout)
    assert found["data"] == {"a": "1"}
    # Large enough for several chunks, and the answer is compressed.
    assert proxied.run("get", "--raw", "/openapi/v2").stdout.startswith('{"swagger"')
    assert proxied.run("delete", "configmap", "map-0").returncode == 0
    assert proxied.names() == ["map-1", "map-2"]
    made = [(one.method, one.status, one.served) for one in proxied.server.writes]
    assert made == [("POST", 201, 201)] * 3 + [("DELETE", 200, 200)]
    assert all(one.agent.startswith("kubectl/") for one in proxied.server.writes)


def test_dry_runs_and_questions_are_no_writes(proxied: Proxied) -> None:
    """The n-th write would be another one whenever the engine asks more before it begins."""
    assert proxied.run("apply", "--server-side", "--dry-run=server", "-f", "-", stdin=_config_maps(1)).returncode == 0
    assert proxied.run("auth", "can-i", "create", "pods").stdout == "yes\n"
    asked = {(one.method, one.is_write) for one in proxied.server.exchanges}
    assert asked >= {("PATCH", False), ("POST", False)}
    assert not proxied.server.writes


def test_a_watch_shows_each_change_at_once_and_ends_with_its_client(proxied: Proxied) -> None:
    """Events that wait in the proxy would make every wait of the engine last until its end."""
    before = _watches(proxied.cluster)
    command = proxied.command("get", "configmaps", "--watch", "--output-watch-events", "-o", "name")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert "kube-root-ca.crt" in process.stdout.readline()
        for name in ("first", "second"):
            proxied.cluster.run("create", "configmap", name)
            begin = time.monotonic()
            assert name in process.stdout.readline()
            assert time.monotonic() - begin < 3
        assert _watches(proxied.cluster) == before + 1
    finally:
        process.kill()
        process.communicate()
    deadline = time.monotonic() + 10
    while _watches(proxied.cluster) > before:
        assert time.monotonic() < deadline, "the API server still has the watch"
        time.sleep(0.2)


@pytest.mark.parametrize(("status", "words"), [(409, "Conflict"), (500, "InternalError"), (503, "ServiceUnavailable")])
def test_an_answer_is_the_apis_own_kind_and_the_server_never_hears(proxied: Proxied, status: int, words: str) -> None:
    rule = proxied.server.on(CONFIG_MAPS, Answer(status), nth(2))
    done = [proxied.create(name).returncode for name in ("one", "two", "three")]
    assert done == [0, 1, 0]
    assert proxied.names() == ["one", "three"]
    assert [(one.status, one.served) for one in proxied.server.writes] == [(201, 201), (status, None), (201, 201)]
    assert rule.hits == [proxied.server.writes[1]]
    proxied.server.on(CONFIG_MAPS, Answer(status))
    # Of what it creates kubectl does not pass on the word.
    assert f"Error from server ({words})" in proxied.run("delete", "configmap", "one").stderr


def test_every_so_many_requests_means_each_of_those_and_no_other(proxied: Proxied) -> None:
    proxied.server.on(CONFIG_MAPS, Answer(409), every(3))
    done = [proxied.create(f"map-{one}").returncode for one in range(1, 8)]
    assert done == [0, 0, 1, 0, 0, 1, 0]


def test_too_many_requests_are_tried_again_after_the_seconds_that_the_answer_names(proxied: Proxied) -> None:
    """Without the header clients give up at once, and the test would be one of errors."""
    proxied.server.on(CONFIG_MAPS, Answer(429, retry_after=1), nth(1))
    assert proxied.create("patient").returncode == 0
    refused, served = proxied.server.writes
    assert (refused.status, served.status) == (429, 201)
    assert 1 <= served.at - refused.at < 4


def test_a_reset_before_it_is_forwarded_leaves_nothing(proxied: Proxied) -> None:
    proxied.server.on(CONFIG_MAPS, Reset(), nth(1))
    done = proxied.create("lost")
    assert done.returncode == 1
    assert "connection reset by peer" in done.stderr
    assert proxied.names() == []


def test_a_reset_after_it_is_forwarded_leaves_an_object_of_which_the_client_never_heard(proxied: Proxied) -> None:
    proxied.server.on(CONFIG_MAPS, Reset(forwarded=True), nth(1))
    done = proxied.create("made")
    assert done.returncode == 1
    assert "connection reset by peer" in done.stderr
    assert proxied.names() == ["made"]
    (made,) = proxied.server.writes
    assert (made.served, made.status) == (201, None)


def test_a_delay_holds_one_request_back_and_no_other(proxied: Proxied) -> None:
    rule = proxied.server.on(CONFIG_MAPS, Delay(3), nth(1))
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(proxied.create, "slow")
        _until_asked(proxied, CONFIG_MAPS)
        assert _healthy(proxied)
        assert rule.hits[0].served is None, "it has been forwarded already"
        assert slow.result().returncode == 0
    assert proxied.names() == ["slow"]


def test_silence_answers_nobody_until_it_ends_and_then_everybody(proxied: Proxied) -> None:
    rule = proxied.server.on(CONFIG_MAPS, Silence(), nth(1))
    with ThreadPoolExecutor() as threads:
        first = threads.submit(proxied.create, "first")
        _until_asked(proxied, CONFIG_MAPS)
        other = proxied.run("get", "--raw", "/readyz", "--request-timeout=1s")
        assert other.returncode == 1
        assert "timeout" in other.stderr.lower() or "deadline" in other.stderr.lower(), other.stderr
        assert not first.done()
        proxied.server.go_on()
        assert first.result().returncode == 0
    assert len(rule.hits) == 1
    assert proxied.names() == ["first"]


def test_a_server_that_was_stopped_by_the_test_goes_on_when_told(proxied: Proxied) -> None:
    proxied.server.stop()
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(proxied.create, "waited")
        time.sleep(1)
        assert not waiting.done()
        assert proxied.names() == []
        proxied.server.go_on()
        assert waiting.result().returncode == 0


def test_a_server_that_is_gone_refuses_connections_and_comes_back_at_its_address(proxied: Proxied) -> None:
    proxied.server.on(CONFIG_MAPS, Gone(), nth(1))
    assert "connection reset by peer" in proxied.create("early").stderr
    assert "refused" in proxied.run("get", "--raw", "/readyz").stderr
    proxied.server.go_on()
    assert proxied.create("late").returncode == 0
    assert proxied.names() == ["late"]


@pytest.mark.parametrize("forwarded", [True, False])
def test_nothing_passes_while_a_test_is_called(proxied: Proxied, forwarded: bool) -> None:
    """A kill between two writes is only that if no third slips through."""
    passed: list[int] = []

    def look(_: object) -> None:
        before = len(proxied.server.exchanges)
        time.sleep(1)
        passed.append(len(proxied.server.exchanges) - before)

    proxied.server.on(CONFIG_MAPS, Call(look, forwarded), nth(2))
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(proxied.create, [f"map-{one}" for one in range(4)]))
    assert [one.returncode for one in done] == [0] * 4
    assert passed == [0]


@pytest.mark.parametrize(("forwarded", "made"), [(True, 3), (False, 2)])
def test_a_command_is_killed_between_two_writes_exactly(proxied: Proxied, forwarded: bool, made: int) -> None:
    file = proxied.server.kubeconfig.with_name("maps.json")
    file.write_text(_config_maps(6))
    moment = AtWrite(proxied.server, 3, forwarded)
    ended = run_and_kill(proxied.command("apply", "-f", str(file)), moment, timeout=30)
    assert (ended.struck, ended.status, ended.left) == (True, -9, ())
    assert proxied.names() == [f"map-{one}" for one in range(made)]


def test_a_mistake_in_a_tests_function_fails_the_test(control_plane: Sandbox, tmp_path: Path) -> None:
    """In the proxy's thread nobody would see it."""

    def mistaken(_: object) -> None:
        raise LookupError("a mistake")

    with pytest.raises(LookupError, match="a mistake"), FlakyApiServer.of(control_plane, tmp_path) as server:
        server.on(requests(path="/readyz"), Call(mistaken))
        command = [str(control_plane.kubectl), f"--kubeconfig={server.kubeconfig}", "get", "--raw", "/readyz"]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_it_ends_with_its_connections_and_its_thread(control_plane: Sandbox, tmp_path: Path) -> None:
    """A watch that nobody ends, or a silence, must not keep a test from ending."""
    before = set(threading.enumerate())
    with FlakyApiServer.of(control_plane, tmp_path) as server:
        command = [str(control_plane.kubectl), f"--kubeconfig={server.kubeconfig}", "get", "namespaces", "--watch"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        server.stop()
        begin = time.monotonic()
    try:
        assert time.monotonic() - begin < 5
        assert set(threading.enumerate()) == before
        # kubectl notices that its watch has ended, and asks again where nobody is.
        assert process.wait(30) is not None
    finally:
        process.kill()
        process.communicate()


def _until_asked(proxied: Proxied, which: Which) -> None:
    deadline = time.monotonic() + 20
    while not any(map(which, proxied.server.exchanges)):
        assert time.monotonic() < deadline, "kubectl did not get that far"
        time.sleep(0.05)


def _healthy(proxied: Proxied) -> bool:
    """Whether the server says so: without kubectl, which takes its time to start."""
    cluster = json.loads(proxied.server.kubeconfig.read_text())["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    with urllib.request.urlopen(f"{cluster['server']}/readyz", timeout=5, context=context) as answer:
        return bool(answer.read() == b"ok")


def _watches(cluster: Cluster) -> int:
    """How many watches of one namespace's ConfigMaps the API server has, by its own count."""
    text = cluster.run("get", "--raw", "/metrics")
    lines = [one for one in text.splitlines() if one.startswith("apiserver_longrunning_requests{")]
    mine = [one for one in lines if 'resource="configmaps"' in one and 'scope="namespace"' in one]
    return sum(int(one.rpartition(" ")[2]) for one in mine)
