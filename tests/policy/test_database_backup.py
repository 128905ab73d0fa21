"""The rule `database-backup`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.databases import database_backup
from tests.policy.objects import Props, having, judge, shop
from tests.policy.stack_objects import assert_exempt, assert_undecided, made

_CLUSTER = made("Cluster", "orders", {"instances": 3})
_SCHEDULE = made("ScheduledBackup", "nightly", {"schedule": "0 0 3 * * *", "cluster": {"name": "orders"}})
_MISSING = (
    "Cluster shop/orders: its data is backed up by no ScheduledBackup; add one whose spec.cluster.name is this cluster"
)


def test_a_cluster_that_a_schedule_names_has_no_violation() -> None:
    assert judge(database_backup, _CLUSTER, _SCHEDULE) == []


@pytest.mark.parametrize(
    "schedule",
    [
        having(_SCHEDULE, "spec.cluster.name", "other"),
        having(_SCHEDULE, "metadata.namespace", "other"),
        having(_SCHEDULE, "spec.suspend", True),
    ],
    ids=["of another cluster", "in another namespace", "suspended"],
)
def test_a_schedule_that_does_not_run_for_the_cluster_is_none(schedule: Props) -> None:
    assert judge(database_backup, _CLUSTER, schedule) == [_MISSING]


def test_a_cluster_without_a_schedule_is_named() -> None:
    assert judge(database_backup, _CLUSTER) == [_MISSING]


def test_an_exempt_cluster_is_let_off() -> None:
    assert_exempt(database_backup, "Cluster shop/orders", _CLUSTER)


def test_a_name_that_is_not_known_yet_is_no_violation() -> None:
    assert_undecided(database_backup, having(_CLUSTER, "metadata.name", UNKNOWN_STRING_VALUE), _SCHEDULE)
    assert_undecided(database_backup, _CLUSTER, having(_SCHEDULE, "spec.cluster.name", UNKNOWN_STRING_VALUE))


def test_unrelated_objects_are_ignored() -> None:
    assert judge(database_backup, *shop()) == []
