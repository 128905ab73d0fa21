"""The page that leads to a policy rule, followed to the letter: the rule breaks nothing and says what is shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from types import ModuleType
from typing import Any

import pytest

from ops.reports.text import findings_text
from paths import ROOT
from policy.engine.evaluation import Finding, evaluate
from policy.engine.model import ResourceRule, Rule
from policy.engine.settings import Exemption
from tests.policy.objects import judge
from tests.policy.seeding import cluster
from tests.policy.seeding.environment import Seed
from tests.policy.tables import tables
from tests.unit.docs.reading import blocks, text_of
from tests.unit.recordings import ENVIRONMENTS, recorded

PAGE = ROOT / "docs" / "how-to" / "add-a-policy.md"
MODULE = "policy.rules.body_limits"


def shown(language: str) -> list[str]:
    return [block.text for block in blocks(PAGE) if block.language == language]


def executed(text: str, name: str, **known: Any) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": name, **known}
    exec(compile(text, name, "exec"), names)
    return names


@pytest.fixture
def rule(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rule]:
    """The rule of the page, where the page puts it."""
    module = ModuleType(MODULE)
    monkeypatch.setitem(sys.modules, MODULE, module)
    vars(module).update(executed(shown("python")[0], MODULE))
    (found,) = (one for one in vars(module).values() if isinstance(one, ResourceRule))
    yield found


def seed() -> Seed:
    made: Seed = executed(f"(row,) = (\n{shown('python')[2]})", "the seed of the page", **vars(cluster))["row"]
    return made


def found(rule: Rule, exemptions: tuple[Exemption, ...] = ()) -> tuple[Finding, ...]:
    return evaluate(seed().edit(recorded("prod")), rules=[rule], exemptions=exemptions, today=date(2026, 12, 1))


def line(finding: Finding) -> str:
    """The finding as a preview prints it."""
    return str(findings_text([finding]).renderables[1])


def test_the_tests_that_are_shown_pass(rule: Rule) -> None:
    tests = executed(shown("python")[1], "the test of the page")
    functions = [function for name, function in tests.items() if name.startswith("test_")]
    assert functions
    for function in functions:
        function()


def test_the_names_that_the_page_gives_are_those_of_the_rule(rule: Rule) -> None:
    name = rule.about.name
    path = f"policy/rules/{MODULE.rpartition('.')[2]}.py"
    assert f"`{path}`" in text_of(PAGE)
    assert f"`tests/policy/test_{name.replace('-', '_')}.py`" in text_of(PAGE)
    assert f"`from {MODULE} import {name.replace('-', '_')}`" in text_of(PAGE)
    assert seed().rule == name


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_no_environment_violates_it(rule: Rule, stack: str) -> None:
    """An example that stops production is no example."""
    assert evaluate(recorded(stack), rules=[rule], exemptions=()) == ()


def test_no_object_of_the_other_rules_tests_violates_it(rule: Rule) -> None:
    """Whoever follows the page would find tests broken that are not theirs."""
    for table in tables():
        complying = [one if isinstance(one, list) else [one] for one in table.compliant.values()]
        violating = [[one for one in row if not isinstance(one, str)] for row in table.violations.values()]
        for objects in (*complying, *violating):
            assert judge(rule, *objects) == [], table.rule.about.name


def test_the_seed_is_found_as_the_page_says(rule: Rule) -> None:
    (finding,) = found(rule)
    assert (finding.rule, finding.object) == (seed().rule, seed().object)
    assert line(finding) == shown("text")[0].rstrip("\n")


def test_the_exemption_that_is_shown_lets_it_off_as_the_page_says(rule: Rule) -> None:
    rows = executed(shown("python")[3], "the exemption of the page", Exemption=Exemption, date=date)["EXEMPTIONS"]
    (finding,) = found(rule, rows)
    assert not finding.blocks
    assert line(finding) == shown("text")[1].rstrip("\n")
