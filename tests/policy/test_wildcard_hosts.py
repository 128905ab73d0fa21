"""The rule `wildcard-hosts`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.exposure import wildcard_hosts
from tests.policy.objects import Props
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object
from tests.policy.test_gateway_tls import gateway, istio_gateway
from tests.policy.test_ingress_tls import ingress

_FIX = "name the host that is served"
_TLS = [{"hosts": ["*.example"], "secretName": "tls"}]


def _route(*hosts: str) -> Props:
    return kubernetes_object("gateway.networking.k8s.io/v1", "HTTPRoute", spec={"hostnames": list(hosts)})


class TestWildcardHosts(RuleTests):
    table = Table(
        rule=wildcard_hosts,
        compliant={
            "an Ingress": ingress("a.example"),
            "Gateways": [gateway(), istio_gateway(hosts=["shop/a.example"])],
            "a route": _route("a.example"),
            "a route takes the hosts of its gateway": _route(),
        },
        violations={
            "an Ingress for all hosts": (
                ingress("", tls=_TLS),
                f"Ingress shop/api: spec.rules[0].host is missing; {_FIX}",
            ),
            "an Ingress for a domain": (
                ingress("*.example", tls=_TLS),
                f"Ingress shop/api: spec.rules[0].host is *.example; {_FIX}",
            ),
            "a Gateway for all hosts": (
                gateway(hostname=None),
                f"Gateway shop/api: spec.listeners[0].hostname is missing; {_FIX}",
            ),
            "an Istio Gateway for all hosts": (
                istio_gateway(hosts=["shop/*"]),
                f"Gateway shop/api: spec.servers[0].hosts is shop/*; {_FIX}",
            ),
            "a route": (_route("*.example"), f"HTTPRoute shop/api: spec.hostnames is *.example; {_FIX}"),
        },
        unknown={"the host": ingress(UNKNOWN_STRING_VALUE)},
    )
