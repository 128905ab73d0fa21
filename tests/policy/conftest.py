"""Turns the tables of a class of tests on one rule into parameters."""

from __future__ import annotations

from typing import Any

import pytest

pytest.register_assert_rewrite("tests.policy.rule_tests")

from tests.policy.rule_tests import RuleTests  # noqa: E402

# By the parameter of a test, the table that gives its values.
_TABLES = {"compliant": "compliant", "violation": "violations", "unknown": "unknown"}


def pytest_generate_tests(metafunc: Any) -> None:
    """One test for each row of the table that a test method of `RuleTests` names by its parameter."""
    if not metafunc.cls or not issubclass(metafunc.cls, RuleTests):
        return
    for parameter, table in _TABLES.items():
        if parameter in metafunc.fixturenames:
            rows = getattr(metafunc.cls.table, table)
            metafunc.parametrize(parameter, list(rows.values()), ids=list(rows))
