"""The rule `seccomp`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.kernel import seccomp
from tests.policy.objects import having, without, workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role

_POD = "spec.template.spec.securityContext"
_FIELD = "securityContext.seccompProfile"
_FIX = "set it to {type: RuntimeDefault}, here or for the whole pod"
_NONE = without(workload(), f"{_POD}.seccompProfile")
_RUNTIME_DEFAULT = {"type": "RuntimeDefault"}


class TestSeccomp(RuleTests):
    table = Table(
        rule=seccomp,
        compliant={
            "a workload": workload(),
            "a profile of the node's own": in_container("container", _FIELD, {"type": "Localhost"}),
            "on Windows": having(_NONE, "spec.template.spec.os", {"name": "windows"}),
        },
        violations={
            **in_every_role(_FIELD, {"type": "Unconfined"}, f"{_FIELD} filters nothing; {_FIX}"),
            "none": (
                _NONE,
                f"Deployment shop/api, init container migrate: {_FIELD} is missing; {_FIX}",
                f"Deployment shop/api, container web: {_FIELD} is missing; {_FIX}",
            ),
        },
        unknown={"the type": in_container("container", _FIELD, {"type": UNKNOWN_STRING_VALUE})},
        repairs={
            "none": (_NONE, workload()),
            "no context at all": (
                without(workload("Pod"), "spec.securityContext"),
                having(workload("Pod"), "spec.securityContext", {"seccompProfile": _RUNTIME_DEFAULT}),
            ),
        },
    )
