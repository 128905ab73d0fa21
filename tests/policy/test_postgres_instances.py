"""The rule `postgres-instances`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE

from policy.rules.databases import postgres_instances
from tests.policy.objects import Props, judge
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object


def database(**spec: object) -> Props:
    usual = {
        "instances": 3,
        "enableSuperuserAccess": False,
        "imageName": "ghcr.io/cloudnative-pg/postgresql:17.11-standard-trixie",
        "storage": {"size": "10Gi", "storageClass": "fast"},
    }
    return kubernetes_object("postgresql.cnpg.io/v1", "Cluster", spec={**usual, **spec})


class TestPostgresInstances(RuleTests):
    table = Table(
        rule=postgres_instances,
        compliant={"three": database(), "apart": database(affinity={"enablePodAntiAffinity": True})},
        violations={
            "too few": (database(instances=2), "Cluster shop/api: spec.instances is 2, below 3; set it to 3 or more"),
            "one by default": (
                database(instances=None),
                "Cluster shop/api: spec.instances is 1, below 3; set it to 3 or more",
            ),
            "together": (
                database(affinity={"enablePodAntiAffinity": False}),
                "Cluster shop/api: spec.affinity.enablePodAntiAffinity is false; remove it",
            ),
        },
        unknown={"the number": database(instances=UNKNOWN_NUMBER_VALUE)},
    )


def test_the_number_can_be_configured() -> None:
    assert judge(postgres_instances, database(instances=2), config={"minimum": 2}) == []
