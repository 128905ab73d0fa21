"""The rule `eks-encryption`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.aws_cluster import eks_encryption
from tests.policy.aws_objects import cluster
from tests.policy.objects import having, without
from tests.policy.rule_tests import RuleTests, Table

_MISSING = "Cluster resource: encryptionConfig does not encrypt secrets; name a KMS key for resources [secrets]"


class TestEksEncryption(RuleTests):
    table = Table(
        rule=eks_encryption,
        compliant={
            "a key": cluster(),
            "a key of this stack": having(cluster(), "encryptionConfig.provider.keyArn", UNKNOWN_STRING_VALUE),
        },
        violations={
            "nothing": (without(cluster(), "encryptionConfig"), _MISSING),
            "no key": (having(cluster(), "encryptionConfig.provider", {}), _MISSING),
            "something else": (having(cluster(), "encryptionConfig.resources", []), _MISSING),
        },
        unknown={"all of it": having(cluster(), "encryptionConfig", UNKNOWN_STRING_VALUE)},
    )
