"""The rule `volume-size`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.data import volume_size
from tests.policy.objects import Props, having, judge, without, workload
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_SIZE = "spec.resources.requests.storage"
_FIX = "choose from 1Gi to 2Ti"


def _claim(size: object = "10Gi") -> Props:
    return {"spec": {"storageClassName": "fast", "resources": {"requests": {"storage": size}}}}


def _standing_alone(size: object = "10Gi") -> Props:
    return kubernetes_object("v1", "PersistentVolumeClaim", **_claim(size))


def _set(size: object = "10Gi") -> Props:
    return having(workload("StatefulSet"), "spec.volumeClaimTemplates", [_claim(size)])


def _alertmanager(size: object = "10Gi") -> Props:
    storage = {"volumeClaimTemplate": _claim(size)}
    return kubernetes_object("monitoring.coreos.com/v1", "Alertmanager", spec={"storage": storage})


def _database(**spec: object) -> Props:
    usual = {"instances": 3, "storage": {"size": "10Gi", "storageClass": "fast"}}
    return kubernetes_object("postgresql.cnpg.io/v1", "Cluster", spec={**usual, **spec})


class TestVolumeSize(RuleTests):
    table = Table(
        rule=volume_size,
        compliant={
            "claims": [_standing_alone(), _set(), _alertmanager(), _database()],
            "no volume": [workload("StatefulSet"), kubernetes_object("monitoring.coreos.com/v1", "Alertmanager")],
        },
        violations={
            "too small": (_standing_alone("1Mi"), f"PersistentVolumeClaim shop/api: {_SIZE} is below 1Gi; {_FIX}"),
            "too large": (
                _set("10Ti"),
                f"StatefulSet shop/api: spec.volumeClaimTemplates[0].{_SIZE} is above 2Ti; {_FIX}",
            ),
            "of an operator": (
                _alertmanager("1Mi"),
                f"Alertmanager shop/api: spec.storage.volumeClaimTemplate.{_SIZE} is below 1Gi; {_FIX}",
            ),
            "not stated": (
                without(_standing_alone(), _SIZE),
                f"PersistentVolumeClaim shop/api: {_SIZE} is missing; {_FIX}",
            ),
            "of a database": (
                _database(storage=None),
                f"Cluster shop/api: spec.storage.size is missing; {_FIX}",
                "Cluster shop/api: spec.storage.storageClass is missing; name a storage class",
            ),
            "of a database's log": (
                _database(walStorage={"size": "1Mi", "storageClass": "fast"}),
                f"Cluster shop/api: spec.walStorage.size is below 1Gi; {_FIX}",
            ),
            "whatever class there is": (
                without(_standing_alone(), "spec.storageClassName"),
                "PersistentVolumeClaim shop/api: spec.storageClassName is missing; name a storage class",
            ),
        },
        unknown={"the size": _standing_alone(UNKNOWN_STRING_VALUE)},
    )


def test_the_bounds_can_be_configured() -> None:
    assert judge(volume_size, _standing_alone("1Mi"), config={"minimum": "1Ki"}) == []
    unclassed = without(_standing_alone(), "spec.storageClassName")
    assert judge(volume_size, unclassed, config={"storage_class": False}) == []
