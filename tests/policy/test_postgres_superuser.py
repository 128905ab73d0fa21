"""The rule `postgres-superuser`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE

from policy.rules.databases import postgres_superuser
from tests.policy.rule_tests import RuleTests, Table
from tests.policy.test_postgres_instances import database

_FIELD = "enableSuperuserAccess"


class TestPostgresSuperuser(RuleTests):
    table = Table(
        rule=postgres_superuser,
        compliant={"off": database(), "off by default": database(enableSuperuserAccess=None)},
        violations={
            "on": (database(enableSuperuserAccess=True), f"Cluster shop/api: spec.{_FIELD} is true; set it to false")
        },
        unknown={"the field": database(enableSuperuserAccess=UNKNOWN_BOOLEAN_VALUE)},
    )
