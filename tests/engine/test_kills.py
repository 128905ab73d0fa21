"""`kill -9` between any two writes of `up` and of `down`: of all of a run, or of one of its processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.faulty import DOWN, UP, FaultyEnvironment, faulty_environment
from tests.support.killing import AtWrite, Victim

# How much of the run lies before the write at which it is killed, who dies, and whether the write was done.
MOMENTS = [
    (0.0, Victim.ALL, True),
    (0.1, Victim.ALL, False),
    (0.2, Victim.LEADER, True),
    (0.3, Victim.ALL, True),
    (0.4, Victim.ENGINE, True),
    (0.5, Victim.ALL, False),
    (0.6, Victim.PROVIDER, True),
    (0.7, Victim.GROUP, True),
    (0.8, Victim.ALL, True),
    (0.9, Victim.ENGINE, False),
]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyEnvironment]:
    with faulty_environment(tmp_path_factory.mktemp("kills")) as made:
        yield made


@pytest.mark.parametrize(("share", "victim", "forwarded"), MOMENTS)
def test_killed_at_any_write_of_up_and_then_of_down_the_next_run_knows_everything(
    environment: FaultyEnvironment, share: float, victim: Victim, forwarded: bool
) -> None:
    """What a killed run made or removed, and its state has not heard of, must neither be in the way nor be missing."""
    server, turn = environment.server, environment.turn(share)
    server.mend()
    killed = environment.kill(*UP, moment=AtWrite(server, turn, forwarded), victim=victim)
    assert killed.struck, f"it ended before write {turn}:\n{killed.output}"
    assert killed.status != 0, killed.output
    environment.converge()

    server.mend()
    killed = environment.kill(*DOWN, moment=AtWrite(server, turn, forwarded), victim=victim)
    assert killed.struck, f"it ended before write {turn}:\n{killed.output}"
    assert killed.status != 0, killed.output
    if MOMENTS.index((share, victim, forwarded)) % 3 == 0:
        # Both ways: some find their way out and not back.
        environment.converge()
    environment.vanish()
