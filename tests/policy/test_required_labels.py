"""The rule `required-labels`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE

from policy.rules.metadata import required_labels
from tests.policy.objects import LABELS, Props, having, judge, namespace, service_account, shop, without, workload
from tests.policy.rule_tests import RuleTests, Table, repaired

_POD = "spec.template.metadata.labels"


def _key(label: str) -> str:
    return label.replace(".", "~")


def _bare() -> Props:
    changed = without(workload(), f"metadata.labels.{_key('app.kubernetes.io/managed-by')}")
    return without(changed, f"{_POD}.{_key('platform.io/system')}")


class TestRequiredLabels(RuleTests):
    table = Table(
        rule=required_labels,
        compliant={
            "a stack": shop(),
            "a namespace": having(namespace(), "metadata.labels", dict(LABELS)),
            "a release": {"kind": "Release", "name": "a"},
        },
        violations={
            **{
                label: (
                    without(workload("Pod"), f"metadata.labels.{_key(label)}"),
                    f"Pod shop/api: metadata.labels.{label} is missing; add it",
                )
                for label in LABELS
            },
            "of the pods": (
                without(workload("CronJob"), f"spec.jobTemplate.{_POD}.{_key('platform.io/system')}"),
                f"CronJob shop/api: spec.jobTemplate.{_POD}.platform.io/system is missing; add it",
            ),
        },
        unknown={"the labels": having(workload(), "metadata.labels", UNKNOWN_OBJECT_VALUE)},
        repairs={"what follows from the object": (_bare(), workload())},
        also=frozenset({"controlled-pods"}),
    )


def test_the_labels_can_be_configured() -> None:
    config = {"labels": ["team"]}
    assert judge(required_labels, service_account(), config=config) == [
        "ServiceAccount shop/api: metadata.labels.team is missing; add it"
    ]


def test_what_only_the_author_knows_is_not_made_up() -> None:
    unlabelled = without(service_account(), "metadata.labels")
    labels = repaired(required_labels, unlabelled)["metadata"]["labels"]
    assert labels == {"app.kubernetes.io/name": "api", "app.kubernetes.io/managed-by": "pulumi"}
