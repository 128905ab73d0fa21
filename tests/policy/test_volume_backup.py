"""The rule `volume-backup`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE

from policy.rules.data import volume_backup
from tests.policy.objects import Props, having, judge, shop
from tests.policy.stack_objects import assert_exempt, assert_undecided, made

_CLAIM = made("PersistentVolumeClaim", "data", {})
_TEMPLATE = {"metadata": {"name": "data"}, "spec": {}}
_SET = made("StatefulSet", "db", {"template": {"metadata": {}}, "volumeClaimTemplates": [_TEMPLATE]})
_FIX = "platform.io/backup is missing; name the backup that covers the volume, or say why it needs none"


@pytest.mark.parametrize(
    "covered",
    [
        having(_CLAIM, "metadata.annotations", {"platform.io/backup": "velero nightly"}),
        having(_CLAIM, "metadata.labels", {"velero.io/include-in-backup": "true"}),
        having(_SET, "spec.volumeClaimTemplates.0.metadata.annotations", {"platform.io/backup": "none: a cache"}),
        having(_SET, "spec.template.metadata.annotations", {"backup.velero.io/backup-volumes": "data"}),
        having(_SET, "spec.volumeClaimTemplates", []),
    ],
)
def test_a_volume_that_names_its_backup_has_no_violation(covered: Props) -> None:
    assert judge(volume_backup, covered) == []


@pytest.mark.parametrize("empty", [None, {}, {"platform.io/backup": ""}])
def test_a_volume_that_names_none_is_named(empty: Props | None) -> None:
    bare = _CLAIM if empty is None else having(_CLAIM, "metadata.annotations", empty)
    message = f"PersistentVolumeClaim shop/data: metadata.annotations.{_FIX}"
    assert judge(volume_backup, bare) == [message]


def test_each_template_of_a_stateful_set_is_judged() -> None:
    two = having(_SET, "spec.volumeClaimTemplates", [_TEMPLATE, _TEMPLATE])
    assert judge(volume_backup, two) == [
        f"StatefulSet shop/db: spec.volumeClaimTemplates[{index}].metadata.annotations.{_FIX}" for index in (0, 1)
    ]


def test_the_annotation_can_be_configured() -> None:
    own = having(_CLAIM, "metadata.annotations", {"k8up.io/backup": "true"})
    assert judge(volume_backup, own, config={"annotations": ["k8up.io/backup"]}) == []


def test_an_exempt_claim_is_let_off() -> None:
    assert_exempt(volume_backup, "PersistentVolumeClaim shop/data", _CLAIM)


def test_annotations_that_are_not_known_yet_are_no_violation() -> None:
    assert_undecided(volume_backup, having(_CLAIM, "metadata.annotations", UNKNOWN_OBJECT_VALUE))


def test_unrelated_objects_are_ignored() -> None:
    assert judge(volume_backup, *shop()) == []
