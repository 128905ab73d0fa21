"""The rule `apparmor`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.kernel import apparmor
from tests.policy.objects import having, workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role

_FIELD = "securityContext.appArmorProfile"
_MESSAGE = f"{_FIELD} confines nothing; remove it or set it to RuntimeDefault"
_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/web"
_OFF, _ON = {_ANNOTATION: "unconfined"}, {_ANNOTATION: "runtime/default"}


class TestAppArmor(RuleTests):
    table = Table(
        rule=apparmor,
        compliant={
            "the runtime's by default": workload(),
            "one of the node's own": in_container("container", _FIELD, {"type": "Localhost"}),
            "an annotation that confines": having(workload(), "spec.template.metadata.annotations", _ON),
        },
        violations={
            **in_every_role(_FIELD, {"type": "Unconfined"}, _MESSAGE),
            "the whole pod": (
                having(workload(), f"spec.template.spec.{_FIELD}", {"type": "Unconfined"}),
                f"Deployment shop/api: {_MESSAGE}",
            ),
            "an annotation of the template": (
                having(workload(), "spec.template.metadata.annotations", _OFF),
                f"Deployment shop/api: annotation {_ANNOTATION} confines nothing; remove it",
            ),
            "an annotation of a pod": (
                having(workload("Pod"), "metadata.annotations", _OFF),
                f"Pod shop/api: annotation {_ANNOTATION} confines nothing; remove it",
            ),
        },
        unknown={"the type": in_container("container", _FIELD, {"type": UNKNOWN_STRING_VALUE})},
        also=frozenset({"controlled-pods"}),
    )
