"""The rule `volume-types`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE

from policy.rules.host_access import volume_types
from tests.policy.objects import judge, workload
from tests.policy.rule_tests import RuleTests, Table
from tests.policy.test_host_path import mounting

_NFS = mounting({"name": "data", "nfs": {"server": "files", "path": "/"}})
_ALLOWED = ("configMap", "csi", "downwardAPI", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret")


class TestVolumeTypes(RuleTests):
    table = Table(
        rule=volume_types,
        compliant={
            "an emptyDir": workload(),
            **{kind: mounting({"name": "data", kind: {}}) for kind in _ALLOWED},
            "the node's are for another rule": mounting({"name": "run", "hostPath": {"path": "/run"}}),
        },
        violations={
            "a driver with settings": (_NFS, "Deployment shop/api: volume data is a nfs; mount a PersistentVolumeClaim")
        },
        unknown={"the volume": mounting({"name": "data", "nfs": UNKNOWN_OBJECT_VALUE})},
    )


def test_what_is_allowed_can_be_configured() -> None:
    assert judge(volume_types, _NFS, config={"allowed": ["nfs"]}) == []
