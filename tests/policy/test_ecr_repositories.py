"""The rule `ecr-repositories`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.aws_services import ecr_repositories
from tests.policy.aws_objects import REPOSITORY, aws
from tests.policy.objects import Props
from tests.policy.rule_tests import RuleTests, Table


def _repository(**props: object) -> Props:
    return aws(
        REPOSITORY,
        **{"imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": True}, **props},
    )


class TestEcrRepositories(RuleTests):
    table = Table(
        rule=ecr_repositories,
        compliant={"safe": _repository(), "but": _repository(imageTagMutability="IMMUTABLE_WITH_EXCLUSION")},
        violations={
            "tags that move": (
                _repository(imageTagMutability="MUTABLE"),
                "Repository resource: imageTagMutability is not IMMUTABLE; set it to IMMUTABLE",
            ),
            "unseen": (
                _repository(imageScanningConfiguration=None),
                "Repository resource: imageScanningConfiguration.scanOnPush is not true; set it to true",
            ),
        },
        unknown={"mutability": _repository(imageTagMutability=UNKNOWN_STRING_VALUE)},
    )
