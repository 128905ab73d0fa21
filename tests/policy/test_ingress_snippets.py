"""The rule `ingress-snippets`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE

from policy.rules.hygiene import ingress_snippets
from tests.policy.objects import Props, having, judge
from tests.policy.rule_tests import RuleTests, Table
from tests.policy.test_ingress_tls import ingress

_INGRESS = ingress("a.example", tls=[{"hosts": ["a.example"], "secretName": "tls"}])
_NGINX = "nginx.ingress.kubernetes.io"


def _annotated(name: str) -> Props:
    return having(_INGRESS, "metadata.annotations", {f"{_NGINX}/{name}": "text"})


class TestIngressSnippets(RuleTests):
    table = Table(
        rule=ingress_snippets,
        compliant={"none": _INGRESS, "a setting": _annotated("limit-rpm")},
        violations={
            name: (
                _annotated(name),
                f"Ingress shop/api: metadata.annotations.{_NGINX}/{name} is configuration; remove it",
            )
            for name in ("configuration-snippet", "server-snippet", "auth-snippet", "modsecurity-snippet")
        },
        unknown={"the annotations": having(_INGRESS, "metadata.annotations", UNKNOWN_OBJECT_VALUE)},
    )


@pytest.mark.parametrize("name", ["server-alias", "auth-tls-error-page"])
def test_settings_that_were_written_out_unescaped_are_named_too(name: str) -> None:
    assert len(judge(ingress_snippets, _annotated(name))) == 1
