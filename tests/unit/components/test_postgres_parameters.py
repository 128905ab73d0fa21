"""The parameters of PostgreSQL fit the memory that an instance has, or are refused with what would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.kubernetes.quantity import Bytes
from components.stores.postgres.args import PoolerArgs
from components.stores.postgres.parameters import RESERVED_CONNECTIONS, PostgresParameters, postgres_size
from stacks.schema.tiers import TIERS

MEMORY = Bytes.parse("2Gi")


def test_the_documents_parameters_fit_the_documents_memory() -> None:
    """Section 2.2 gives both; a check that refuses them checks something else."""
    assert list(PostgresParameters().problems(MEMORY)) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (
            {"shared_buffers": "1Gi"},
            "shared_buffers 1Gi is more than 40 % of the memory 2Gi: use about a quarter, 512Mi",
        ),
        ({"effective_cache_size": "4Gi"}, "effective_cache_size 4Gi must lie between"),
        ({"effective_cache_size": "128Mi"}, "effective_cache_size 128Mi must lie between"),
        ({"work_mem": "16Mi"}, "200 connections x work_mem 16Mi"),
        ({"maintenance_work_mem": "1Gi"}, "3 autovacuum workers x maintenance_work_mem 1Gi"),
        ({"wal_buffers": "32Mi"}, "wal_buffers 32Mi must lie between 32Ki and a WAL segment"),
        ({"wal_buffers": "1Ki"}, "wal_buffers 1Ki must lie between"),
        ({"work_mem": "1Ki"}, "work_mem 1Ki is below PostgreSQL's minimum of 64Ki"),
    ],
)
def test_what_does_not_fit_is_named_with_what_would(changes: dict[str, str], named: str) -> None:
    """An instance that needs more than its limit is killed under load, and never in a test."""
    parameters = PostgresParameters(**{name: Bytes.parse(text) for name, text in changes.items()})  # type: ignore[arg-type]
    problems = list(parameters.problems(MEMORY))
    assert len(problems) == 1, problems
    assert named in problems[0]


def test_connections_that_are_all_reserved_are_refused() -> None:
    """No application could connect."""
    (problem,) = PostgresParameters(max_connections=RESERVED_CONNECTIONS).problems(MEMORY)
    assert "leaves none to the applications" in problem


@pytest.mark.parametrize("target", [0.0, 1.5])
def test_a_checkpoint_target_that_is_no_fraction_is_refused(target: float) -> None:
    """The server would not start."""
    (problem,) = PostgresParameters(checkpoint_completion_target=target).problems(MEMORY)
    assert "between 0 and 1" in problem


@given(st.integers(min_value=1, max_value=2**40))
def test_sizes_mean_the_same_to_postgresql(amount: int) -> None:
    """`256Mi` is no size to PostgreSQL, and its units are of 1024."""
    text = postgres_size(Bytes(amount))
    number, unit = (text[:-2], text[-2:]) if text[-2:] in ("GB", "MB", "kB") else (text[:-1], text[-1:])
    assert int(number) * {"GB": 1024**3, "MB": 1024**2, "kB": 1024, "B": 1}[unit] == amount


@pytest.mark.parametrize("tier", sorted(TIERS))
def test_all_poolers_together_never_ask_for_more_connections_than_there_are(tier: str) -> None:
    """Two pools a pooler, while a password is handed over: the last pod would be told that all slots are taken."""
    row = TIERS[tier].database  # type: ignore[index]
    size = PoolerArgs(instances=row.poolers).pool_size(row.parameters.max_connections)
    kinds = 1  # The pooler for readers opens its connections to other instances.
    assert size * 2 * row.poolers * kinds <= row.parameters.max_connections - RESERVED_CONNECTIONS


@pytest.mark.parametrize("tier", sorted(TIERS))
def test_the_parameters_of_every_tier_fit_its_memory(tier: str) -> None:
    """An override is checked at configuration time; the tiers' own figures are checked here."""
    row = TIERS[tier].database  # type: ignore[index]
    assert list(row.parameters.problems(row.memory_limit)) == []
