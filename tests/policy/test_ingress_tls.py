"""The rule `ingress-tls`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE

from policy.rules.exposure import ingress_tls
from tests.policy.objects import Props
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object


def ingress(*hosts: str, tls: object = None) -> Props:
    rules = [{"host": host} for host in hosts]
    return kubernetes_object("networking.k8s.io/v1", "Ingress", spec={"rules": rules, "tls": tls})


def _tls(*hosts: str) -> list[Props]:
    return [{"hosts": list(hosts), "secretName": "tls"}]


class TestIngressTls(RuleTests):
    table = Table(
        rule=ingress_tls,
        compliant={
            "all hosts": ingress("a.example", "b.example", tls=_tls("a.example", "b.example")),
            "a certificate for a domain": ingress("a.shop.example", tls=_tls("*.shop.example")),
        },
        violations={
            "none": (
                ingress("a.example"),
                "Ingress shop/api: spec.tls is missing; list all hosts and a certificate's Secret",
            ),
            "not all hosts": (
                ingress("a.example", "b.example", tls=_tls("a.example")),
                "Ingress shop/api: spec.tls leaves out b.example; list it with a certificate's Secret",
            ),
            "a domain covers one level": (
                ingress("a.b.example", tls=_tls("*.example")),
                "Ingress shop/api: spec.tls leaves out a.b.example; list it with a certificate's Secret",
            ),
        },
        unknown={"the section": ingress("a.example", tls=UNKNOWN_ARRAY_VALUE)},
    )
