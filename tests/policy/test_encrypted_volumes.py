"""The rule `encrypted-volumes`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.aws_storage import encrypted_volumes
from tests.policy.aws_objects import DATABASE, VOLUME, aws, launch_template
from tests.policy.objects import having
from tests.policy.rule_tests import RuleTests, Table

_FIX = "is not true; set it to true"
_EBS = "blockDeviceMappings.0.ebs.encrypted"


class TestEncryptedVolumes(RuleTests):
    table = Table(
        rule=encrypted_volumes,
        compliant={
            "a volume": aws(VOLUME, encrypted=True),
            "a database": aws(DATABASE, storageEncrypted=True),
            "a launch template": launch_template(),
            "one with a device that is no volume": having(launch_template(), "blockDeviceMappings", [{"noDevice": ""}]),
        },
        violations={
            "a volume": (aws(VOLUME), f"Volume resource: encrypted {_FIX}"),
            "a database": (aws(DATABASE, storageEncrypted=False), f"Instance resource: storageEncrypted {_FIX}"),
            "a launch template": (
                having(launch_template(), _EBS, "false"),
                f"LaunchTemplate resource: blockDeviceMappings[0].ebs.encrypted {_FIX}",
            ),
        },
        unknown={"whether": aws(VOLUME, encrypted=UNKNOWN_STRING_VALUE)},
        also=frozenset({"rds-protection"}),
    )
