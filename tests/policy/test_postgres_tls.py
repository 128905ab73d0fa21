"""The rule `postgres-tls`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.databases import postgres_tls
from tests.policy.objects import Props, judge
from tests.policy.rule_tests import RuleTests, Table
from tests.policy.test_postgres_instances import database

_FIELD = "spec.postgresql"


def _entries(*entries: str) -> Props:
    return database(postgresql={"pg_hba": list(entries)})


def _parameter(name: str, value: str) -> Props:
    return database(postgresql={"parameters": {name: value}})


class TestPostgresTls(RuleTests):
    table = Table(
        rule=postgres_tls,
        compliant={
            "the operator's": database(),
            "TLS and a password": _entries("hostssl all all 10.0.0.0/8 scram-sha-256", "local all all peer"),
            "refused": _entries("host all all 0.0.0.0/0 reject"),
            "TLS 1.2": _parameter("ssl_min_protocol_version", "TLSv1.2"),
        },
        violations={
            **{
                kind: (
                    _entries("local all all peer", f"{kind} all all 10.0.0.0/8 md5"),
                    f"Cluster shop/api: {_FIELD}.pg_hba[1] does without TLS; begin it with hostssl",
                )
                for kind in ("host", "hostnossl", "hostnogssenc")
            },
            "no password": (
                _entries("hostssl all all 10.0.0.0/8 trust"),
                f"Cluster shop/api: {_FIELD}.pg_hba[0] asks for no password; use scram-sha-256",
            ),
            "an old version": (
                _parameter("ssl_min_protocol_version", "TLSv1.1"),
                f"Cluster shop/api: {_FIELD}.parameters.ssl_min_protocol_version is older than TLSv1.2; remove it",
            ),
            "off": (_parameter("ssl", "off"), f"Cluster shop/api: {_FIELD}.parameters.ssl is off; remove it"),
        },
        unknown={"an entry": _entries(UNKNOWN_STRING_VALUE)},
    )


@pytest.mark.parametrize("entry", ["", "# host all all all trust-me"])
def test_lines_that_say_nothing_are_ignored(entry: str) -> None:
    assert judge(postgres_tls, _entries(entry)) == []
