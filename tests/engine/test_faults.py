"""An API server that refuses, fails, resets and stops, and two runs at once: each ends honestly, the next converges."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from tests.engine.faulty import DOWN, UP, FaultyEnvironment, faulty_environment, refused_honestly, said
from tests.support.faults import ALWAYS, Answer, Delay, Fault, Gone, Reset, Silence, Turns, every, nth, writes


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyEnvironment]:
    with faulty_environment(tmp_path_factory.mktemp("faults")) as made:
        yield made


@pytest.fixture
def empty(environment: FaultyEnvironment) -> Iterator[FaultyEnvironment]:
    """With nothing deployed, and nothing going wrong yet."""
    environment.server.mend()
    if environment.left():
        environment.ops(*DOWN)
    environment.server.mend()
    yield environment
    environment.server.mend()


def test_what_passes_by_itself_does_not_fail_a_run(empty: FaultyEnvironment) -> None:
    """A busy API server, or one that stops for 20 s, is no reason to end in the middle."""
    server = empty.server
    rules = [
        server.on(writes(), Answer(429, retry_after=1), every(7)),
        server.on(writes(), Delay(3), every(9)),
        server.on(writes(), Silence(20), nth(30)),
    ]
    done = empty.ops(*UP)
    assert done.returncode == 0, said(done)
    assert all(rule.hits for rule in rules), f"something did not go wrong: {said(done)}"
    assert empty.differences() == []
    empty.converge()
    empty.vanish()


@pytest.mark.parametrize(
    ("path", "turns", "fault", "words"),
    [
        pytest.param("", every(15), Answer(409), ["the test says 409"], id="conflicts now and then"),
        # Whoever reads the message must find out which of sixty objects it was.
        pytest.param("/deployments", ALWAYS, Answer(500), ["the test says 500", "rust-app"], id="errors"),
        pytest.param("", every(20), Reset(forwarded=True), ["connection reset|EOF"], id="done and never answered"),
        pytest.param("", nth(30), Gone(5), ["connection re(fused|set)|EOF"], id="connections refused for 5 s"),
    ],
)
def test_a_run_that_fails_says_why_and_the_next_converges(
    empty: FaultyEnvironment, path: str, turns: Turns, fault: Fault, words: list[str]
) -> None:
    """What the failed run made and never heard of must neither be in the way nor be forgotten."""
    rule = empty.server.on(writes(path), fault, turns)
    done = empty.ops(*UP)
    assert rule.hits, f"nothing went wrong: {said(done)}"
    if done.returncode == 0:
        # Who tries again by himself must have got there.
        assert turns != ALWAYS, said(done)
        assert empty.differences() == [], said(done)
    else:
        refused_honestly(done, *words)
    empty.converge()
    empty.vanish()


def test_a_removal_that_fails_does_not_claim_to_be_done(empty: FaultyEnvironment) -> None:
    """What is left and forgotten is in the way of the next environment, and costs money until somebody looks."""
    done = empty.ops(*UP)
    assert done.returncode == 0, said(done)
    refused = empty.server.on(writes(), Answer(500), every(12))
    unheard = empty.server.on(writes(), Reset(forwarded=True), every(15))
    done = empty.ops(*DOWN)
    assert refused.hits and unheard.hits, f"nothing went wrong: {said(done)}"
    if done.returncode == 0:
        assert empty.left() == [], said(done)
    else:
        refused_honestly(done)
    empty.vanish()


def test_a_second_run_is_refused_or_waits_and_says_so(empty: FaultyEnvironment) -> None:
    """Two at once would undo each other's work: `down` removes what `up` still makes."""
    held = empty.server.on(writes(), Delay(20), nth(20))
    first = empty.started(*UP)
    try:
        _until(lambda: bool(held.hits) or first.poll() is not None)
        assert held.hits, f"the first run wrote too little:\n{first.communicate()[0]}"
        for second in (UP, DOWN):
            _is_kept_out(empty, first, second)
        printed, _ = first.communicate(timeout=120)
        assert first.returncode == 0, printed
        assert empty.differences() == []
    finally:
        _end(first)
    empty.converge()
    empty.vanish()


def _is_kept_out(environment: FaultyEnvironment, first: subprocess.Popen[str], command: tuple[str, ...]) -> None:
    """While the first run is at work, the command changes nothing and is refused, or waits for its end and says so."""
    assert first.poll() is None, "the first run was over: nothing was shown"
    done = environment.ops(*command)
    if done.returncode == 0:
        assert re.search(r"\bwait", done.stdout + done.stderr, re.I), said(done)
        return
    refused_honestly(done, "another|at work|in progress|lock")
    assert first.poll() is None, "it was refused only when nothing was in its way any more"
    assert not [one for one in environment.server.writes if one.method == "DELETE"]


def _until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
        time.sleep(0.1)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
        process.communicate()
