"""The tables of all rules that have one, from the test modules beside this one."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.policy.objects import Props
from tests.policy.rule_tests import RuleTests, Table


@cache
def tables() -> tuple[Table, ...]:
    """One for each rule on Kubernetes objects, by the name of its module."""
    return tuple(_tables())


def _tables() -> Iterator[Table]:
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if "(RuleTests)" in path.read_text():
            module = importlib.import_module(f"tests.policy.{path.stem}")
            for value in vars(module).values():
                if isinstance(value, type) and issubclass(value, RuleTests) and value is not RuleTests:
                    yield value.table


def complying() -> tuple[list[Props], ...]:
    """Small stacks to which the rule that they were made for has no objection."""
    stacks = (one for table in tables() for one in table.compliant.values())
    return tuple(one if isinstance(one, list) else [one] for one in stacks)
