"""Production, seeded with one violation of each kind: each is found, and nothing else is.

One at a time they are seeded into production with AstrBot and basic monitoring alone, and all together into the whole
of it.
"""

from __future__ import annotations

from functools import cache, reduce

import pytest

from policy.engine.evaluation import Finding, evaluate
from policy.engine.settings import Exemption
from policy.rules import RULES
from tests.policy.objects import TODAY
from tests.policy.seeding import cloud, cluster, operators, workloads
from tests.policy.seeding.environment import Seed, environment, found, production

SEEDS: tuple[Seed, ...] = (*workloads.SEEDS, *cluster.SEEDS, *operators.SEEDS, *cloud.SEEDS)


def test_every_rule_has_a_violation_here() -> None:
    assert sorted(seed.rule for seed in SEEDS) == sorted(rule.about.name for rule in RULES)


def test_the_environment_complies_before_anything_is_seeded() -> None:
    assert found(environment()) == frozenset()
    assert found(production()) == frozenset()


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.rule)
def test_a_seeded_violation_is_found_and_nothing_else(seed: Seed) -> None:
    assert frozenset((one.rule, one.object) for one in _with_exemption(seed.rule)) == seed.findings
    assert all(seed.implied.values()), "what else is found needs a reason"


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.rule)
def test_an_exemption_lets_off_that_object_alone(seed: Seed) -> None:
    findings = [one for one in _with_exemption(seed.rule) if one.rule == seed.rule]
    assert {one.object for one in findings if one.exemption} == {seed.object}
    assert [one.object for one in findings if not one.exemption] == []


@cache
def _with_exemption(rule: str) -> tuple[Finding, ...]:
    """All findings on the seeded environment. What is let off is found too, so that one judgement serves both tests."""
    (seed,) = (one for one in SEEDS if one.rule == rule)
    row = Exemption(rule=seed.rule, object=seed.object, reason="r", expires=TODAY)
    return evaluate(seed.edit(environment()), exemptions=[row], today=TODAY)


def test_all_violations_together_are_found_together() -> None:
    # One fault must not hide another, nor make one.
    whole = found(reduce(lambda graph, seed: seed.edit(graph), SEEDS, production()))
    assert whole == frozenset().union(*(seed.findings for seed in SEEDS))
