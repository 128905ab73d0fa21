"""The rule `listener-tls`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.aws_services import listener_tls
from tests.policy.aws_objects import LISTENER, aws
from tests.policy.objects import Props
from tests.policy.rule_tests import RuleTests, Table

_REDIRECT = [{"type": "redirect", "redirect": {"protocol": "HTTPS", "statusCode": "HTTP_301"}}]


def listener(**props: object) -> Props:
    policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    return aws(LISTENER, **{"protocol": "HTTPS", "sslPolicy": policy, "defaultActions": [{"type": "forward"}], **props})


class TestListenerTls(RuleTests):
    table = Table(
        rule=listener_tls,
        compliant={
            "current": listener(),
            "a redirect": listener(protocol="HTTP", defaultActions=_REDIRECT),
            "no HTTP at all": listener(protocol="TCP", sslPolicy=None),
        },
        violations={
            "in the open": (
                listener(protocol="HTTP"),
                "Listener resource: protocol is HTTP; use HTTPS, or redirect to it",
            ),
            "old": (
                listener(sslPolicy="ELBSecurityPolicy-2016-08"),
                "Listener resource: sslPolicy is no current policy; name one of TLS13-1-2 or newer",
            ),
            "left to AWS": (
                listener(sslPolicy=None),
                "Listener resource: sslPolicy is no current policy; name one of TLS13-1-2 or newer",
            ),
        },
        unknown={"the protocol": listener(protocol=UNKNOWN_STRING_VALUE)},
    )
