"""The rule `backups-elsewhere`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.backups import backups_elsewhere
from tests.policy.objects import Props, having, judge, shop
from tests.policy.stack_objects import assert_exempt, assert_undecided, made

_PLUGIN = {"name": "barman", "isWALArchiver": True, "parameters": {"barmanObjectName": "archive"}}
_CLUSTER = having(
    made("Cluster", "db", {"plugins": [_PLUGIN]}), "metadata.annotations", {"platform.io/recovery-point": "300s"}
)


def _store(endpoint: str | None) -> Props:
    return made("ObjectStore", "archive", {"configuration": {"endpointURL": endpoint} if endpoint else {}})


@pytest.mark.parametrize(
    "host",
    ["minio", "minio.shop.svc", "minio.shop.svc.cluster.local", "minio.other.svc.example.internal"],
)
def test_an_archive_at_a_service_of_the_cluster_goes_with_it(host: str) -> None:
    """Whoever loses the namespace, the volumes or the region has lost data and backups in one."""
    assert judge(backups_elsewhere, _CLUSTER, _store(f"http://{host}:9000")) == [
        f"ObjectStore shop/archive: spec.configuration.endpointURL leads to {host}, which goes with Cluster shop/db, "
        "of which a loss of 300s is promised; archive to a bucket outside of the cluster: object_storage with kind s3"
    ]


@pytest.mark.parametrize("endpoint", [None, "https://s3.example.com:9000", "https://s3.eu-west-1.amazonaws.com"])
def test_an_archive_elsewhere_keeps_the_promise(endpoint: str | None) -> None:
    assert judge(backups_elsewhere, _CLUSTER, _store(endpoint)) == []


def test_a_cluster_that_promises_nothing_may_archive_anywhere() -> None:
    silent = having(_CLUSTER, "metadata.annotations", {})
    assert judge(backups_elsewhere, silent, _store("http://minio:9000")) == []


def test_a_promise_without_an_archive_is_empty() -> None:
    (found,) = judge(backups_elsewhere, having(_CLUSTER, "spec.plugins.0.isWALArchiver", False), _store(None))
    assert found.startswith("Cluster shop/db: spec.plugins archives no WAL, and 300s of loss are promised")


@pytest.mark.parametrize(("timeout", "kept"), [("10min", False), ("600s", False), ("1min", True), ("5min", True)])
def test_a_file_of_the_log_is_closed_in_the_promised_time(timeout: str, kept: bool) -> None:
    """What was written since the last file is nowhere but on the volumes."""
    cluster = having(_CLUSTER, "spec.postgresql", {"parameters": {"archive_timeout": timeout}})
    assert (judge(backups_elsewhere, cluster, _store(None)) == []) is kept


def test_an_exempt_archive_is_let_off() -> None:
    assert_exempt(backups_elsewhere, "ObjectStore shop/archive", _CLUSTER, _store("http://minio:9000"))


def test_an_endpoint_that_is_not_known_yet_is_no_violation() -> None:
    assert_undecided(backups_elsewhere, _CLUSTER, _store(UNKNOWN_STRING_VALUE))


def test_unrelated_objects_are_ignored() -> None:
    assert judge(backups_elsewhere, *shop()) == []
