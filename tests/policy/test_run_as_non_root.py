"""The rule `run-as-non-root`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE

from policy.rules.privilege import run_as_non_root
from tests.policy.objects import having, without, workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role

_POD = "spec.template.spec.securityContext"
_FIELD = "securityContext.runAsNonRoot"
_MESSAGE = f"{_FIELD} is not true; set it to true, here or for the whole pod"
_ROOT = "securityContext.runAsUser is 0; name a user that is not root"
_NEITHER = without(in_container("container", _FIELD, None), f"{_POD}.runAsNonRoot")


class TestRunAsNonRoot(RuleTests):
    table = Table(
        rule=run_as_non_root,
        compliant={
            "a workload": workload(),
            "the pod says it for its containers": in_container("container", _FIELD, None),
            "the containers say it for themselves": without(workload(), f"{_POD}.runAsNonRoot"),
        },
        violations={
            **in_every_role(_FIELD, False, _MESSAGE),
            **in_every_role("securityContext.runAsUser", 0, _ROOT),
            "neither says it": (_NEITHER, f"Deployment shop/api, container web: {_MESSAGE}"),
            "the pod is root": (having(workload(), f"{_POD}.runAsUser", 0.0), f"Deployment shop/api: {_ROOT}"),
        },
        unknown={"the pod's": having(_NEITHER, f"{_POD}.runAsNonRoot", UNKNOWN_BOOLEAN_VALUE)},
    )
