"""The rule `capabilities`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE

from policy.rules.privilege import capabilities
from tests.policy.objects import having, judge, workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role

_FIELD = "securityContext.capabilities"
_LACKS = f"{_FIELD}.drop lacks ALL; set it to [ALL]"
_BIND = {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}


class TestCapabilities(RuleTests):
    table = Table(
        rule=capabilities,
        compliant={
            "a workload": workload(),
            "the one that may be added": in_container("container", _FIELD, _BIND),
            "on Windows": having(in_container("container", _FIELD, {}), "spec.template.spec.os", {"name": "windows"}),
        },
        violations={
            **in_every_role(_FIELD, None, _LACKS),
            **in_every_role(_FIELD, {"drop": ["NET_RAW"]}, _LACKS),
            **in_every_role(f"{_FIELD}.add", ["NET_RAW"], f"{_FIELD}.add has NET_RAW; add none but NET_BIND_SERVICE"),
        },
        unknown={"what is dropped": in_container("container", f"{_FIELD}.drop", UNKNOWN_ARRAY_VALUE)},
    )


def test_what_may_be_added_can_be_configured() -> None:
    message = f"Deployment shop/api, container web: {_FIELD}.add has NET_BIND_SERVICE; add none"
    changed = in_container("container", _FIELD, _BIND)
    assert judge(capabilities, changed, config={"allowed": []}) == [message]
