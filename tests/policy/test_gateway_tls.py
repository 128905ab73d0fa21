"""The rule `gateway-tls`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.exposure import gateway_tls
from tests.policy.objects import Props
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object


def gateway(**listener: object) -> Props:
    certificate = {"certificateRefs": [{"name": "tls"}]}
    usual = {"name": "https", "port": 443, "protocol": "HTTPS", "hostname": "a.example", "tls": certificate}
    return kubernetes_object("gateway.networking.k8s.io/v1", "Gateway", spec={"listeners": [{**usual, **listener}]})


def istio_gateway(**server: object) -> Props:
    port = {"number": 443, "name": "https", "protocol": "HTTPS"}
    usual = {"port": port, "hosts": ["a.example"], "tls": {"mode": "SIMPLE", "credentialName": "tls"}}
    return kubernetes_object("networking.istio.io/v1", "Gateway", spec={"servers": [{**usual, **server}]})


_PLAIN = {"number": 80, "name": "http", "protocol": "HTTP"}


class TestGatewayTls(RuleTests):
    table = Table(
        rule=gateway_tls,
        compliant={
            "HTTPS": gateway(),
            "TLS that is passed on": gateway(protocol="TLS", tls={"mode": "Passthrough"}),
            "a port for the redirect": gateway(port=80, protocol="HTTP", tls=None),
            "Istio": istio_gateway(),
            "Istio's redirect": istio_gateway(port=_PLAIN, tls={"httpsRedirect": True}),
        },
        violations={
            "plain HTTP": (
                gateway(port=8080, protocol="HTTP", tls=None),
                "Gateway shop/api: spec.listeners[0].protocol is not encrypted; use HTTPS",
            ),
            "no certificate": (
                gateway(tls={}),
                "Gateway shop/api: spec.listeners[0].tls has no certificate; name one in certificateRefs",
            ),
            "Istio in the open": (
                istio_gateway(port=_PLAIN, tls=None),
                "Gateway shop/api: spec.servers[0].port is not encrypted; use HTTPS, or tls.httpsRedirect",
            ),
            "Istio without a mode": (
                istio_gateway(tls={}),
                "Gateway shop/api: spec.servers[0].tls has no mode; use SIMPLE and a credentialName",
            ),
        },
        unknown={
            "a listener's protocol": gateway(protocol=UNKNOWN_STRING_VALUE),
            "a server's protocol": istio_gateway(port={"protocol": UNKNOWN_STRING_VALUE}),
        },
    )
