"""The rule `postgres-secrets`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.databases import postgres_secrets
from tests.policy.objects import Props, having, judge, shop
from tests.policy.stack_objects import assert_exempt, assert_undecided, made

_RELOAD = {"cnpg.io/reload": "true"}
_SECRET = made("Secret", "login")
_WATCHED = having(_SECRET, "metadata.labels.cnpg~io/reload", "true")


def _external(template: Props | None, **labels: str) -> Props:
    target = {"name": "login"} | ({} if template is None else {"template": template})
    return having(made("ExternalSecret", "login-of-the-store", {"target": target}), "metadata.labels", labels)


_NAMED = {"name": "login"}
_KEY = {**_NAMED, "key": "accessKey"}
_READERS = {
    "of the first login": made("Cluster", "db", {"bootstrap": {"initdb": {"secret": _NAMED}}}),
    "of a role": made("Cluster", "db", {"managed": {"roles": [{"name": "app", "passwordSecret": _NAMED}]}}),
    "of the superuser": made("Cluster", "db", {"superuserSecret": _NAMED}),
    "of another cluster": made("Cluster", "db", {"externalClusters": [{"name": "old", "password": _KEY}]}),
    "of certificates": made("Cluster", "db", {"certificates": {"serverTLSSecret": "login"}}),
    "of a pooler": made("Pooler", "db", {"pgbouncer": {"authQuerySecret": _NAMED}}),
    "of a role of its own": made("DatabaseRole", "db", {"passwordSecret": _NAMED}),
    "of the archive": made("ObjectStore", "db", {"configuration": {"s3Credentials": {"accessKeyId": _KEY}}}),
    "of the archive's authority": made("ObjectStore", "db", {"configuration": {"endpointCA": _KEY}}),
}


@pytest.mark.parametrize("reader", _READERS.values(), ids=list(_READERS))
def test_every_secret_that_a_database_reads_must_be_watched(reader: Props) -> None:
    """An operator that is not told sets the new password with its next look at the cluster, hours later."""
    label = f"{reader['kind']} shop/db"
    assert judge(postgres_secrets, reader, _SECRET) == [
        f"Secret shop/login: metadata.labels.cnpg.io/reload is missing, and {label} reads the Secret; "
        'set it to "true", so that the operator is told of changes'
    ]
    assert judge(postgres_secrets, reader, _WATCHED) == []


def test_of_an_external_secret_the_labels_of_the_secret_count_that_it_makes() -> None:
    """External Secrets copies its own labels only where its target has no template."""
    reader = _READERS["of a role"]
    for wrong, field in (
        (_external({"type": "Opaque"}, **_RELOAD), "spec.target.template.metadata.labels"),
        (_external(None), "metadata.labels"),
    ):
        (found,) = judge(postgres_secrets, reader, wrong)
        assert found.startswith(f"ExternalSecret shop/login-of-the-store: {field}.cnpg.io/reload is missing")
    for right in (_external({"metadata": {"labels": _RELOAD}}), _external(None, **_RELOAD)):
        assert judge(postgres_secrets, reader, right) == []


def test_a_secret_of_another_namespace_or_of_nobody_needs_no_label() -> None:
    assert judge(postgres_secrets, _READERS["of a role"], having(_SECRET, "metadata.namespace", "other")) == []
    assert judge(postgres_secrets, _SECRET) == []


def test_an_exempt_secret_is_let_off() -> None:
    assert_exempt(postgres_secrets, "Secret shop/login", _READERS["of a role"], _SECRET)


def test_a_name_that_is_not_known_yet_is_no_violation() -> None:
    unknown = having(_READERS["of the superuser"], "spec.superuserSecret.name", UNKNOWN_STRING_VALUE)
    assert_undecided(postgres_secrets, unknown, _SECRET)


def test_unrelated_objects_are_ignored() -> None:
    assert judge(postgres_secrets, *shop()) == []
