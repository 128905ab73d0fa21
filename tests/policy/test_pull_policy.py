"""The rule `pull-policy`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.images import pull_policy
from tests.policy.objects import judge, without, workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role

_NONE = without(workload(), "spec.template.spec.initContainers.0.imagePullPolicy")
_FIX = "set it to IfNotPresent"


class TestPullPolicy(RuleTests):
    table = Table(
        rule=pull_policy,
        compliant={"stated": workload()},
        violations={
            **in_every_role("imagePullPolicy", None, f"imagePullPolicy is missing; {_FIX}"),
            **in_every_role("imagePullPolicy", "Always", f"imagePullPolicy is Always; {_FIX}"),
            **in_every_role("imagePullPolicy", "Never", f"imagePullPolicy is Never; {_FIX}"),
        },
        unknown={"the policy": in_container("container", "imagePullPolicy", UNKNOWN_STRING_VALUE)},
        repairs={
            "an init container": (_NONE, workload()),
            "a cron job": (
                without(workload("CronJob"), "spec.jobTemplate.spec.template.spec.containers.0.imagePullPolicy"),
                workload("CronJob"),
            ),
        },
    )


def test_tenants_who_share_nodes_can_be_made_to_show_their_credentials_every_time() -> None:
    assert len(judge(pull_policy, workload(), config={"allowed": ["Always"]})) == 2
