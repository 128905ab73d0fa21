"""The rule `read-only-root`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE

from policy.rules.privilege import read_only_root
from tests.policy.objects import having, workload
from tests.policy.rule_tests import RuleTests, Table, in_container

_FIELD = "securityContext.readOnlyRootFilesystem"
_MESSAGE = f"{_FIELD} is not true; set it to true and mount an emptyDir where it must write"


class TestReadOnlyRoot(RuleTests):
    table = Table(
        rule=read_only_root,
        compliant={
            "a workload": workload(),
            "a container for debugging may write": in_container("ephemeral container", _FIELD, False),
            "on Windows": having(in_container("container", _FIELD, None), "spec.template.spec.os", {"name": "windows"}),
        },
        violations={
            "writable": (in_container("container", _FIELD, False), f"Deployment shop/api, container web: {_MESSAGE}"),
            "not stated": (
                in_container("init container", _FIELD, None),
                f"Deployment shop/api, init container migrate: {_MESSAGE}",
            ),
        },
        unknown={"the field": in_container("container", _FIELD, UNKNOWN_BOOLEAN_VALUE)},
    )
