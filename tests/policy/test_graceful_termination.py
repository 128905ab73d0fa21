"""The rule `graceful-termination`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE

from policy.rules.lifecycle import graceful_termination
from tests.policy.objects import having, without, workload
from tests.policy.rule_tests import RuleTests, Table, in_container

_HOOK, _GRACE = "lifecycle.preStop", "spec.template.spec.terminationGracePeriodSeconds"
_FIX = "raise terminationGracePeriodSeconds above it"


def _sleeping(command: str) -> dict[str, object]:
    return {"exec": {"command": ["/bin/sh", "-c", command]}}


def _message(seconds: int, grace: int) -> str:
    problem = f"takes {seconds} s of a grace period of {grace} s"
    return f"Deployment shop/api, container web: lifecycle.preStop {problem}; {_FIX}"


class TestGracefulTermination(RuleTests):
    table = Table(
        rule=graceful_termination,
        compliant={
            "time for both": workload(),
            "a command": in_container("container", _HOOK, _sleeping("sleep 15 && nginx -s quit")),
            "a command that does not sleep": in_container("container", _HOOK, _sleeping("oversleep 900")),
            "no hook": without(having(workload(), _GRACE, 0), "spec.template.spec.containers.0.lifecycle"),
        },
        violations={
            "an action": (in_container("container", _HOOK, {"sleep": {"seconds": 60}}), _message(60, 45)),
            "a command": (in_container("container", _HOOK, _sleeping("sleep 20; sleep 25")), _message(45, 45)),
            "the default": (
                without(in_container("container", _HOOK, _sleeping("sleep 30")), _GRACE),
                _message(30, 30),
            ),
        },
        unknown={"the period": having(workload(), _GRACE, UNKNOWN_NUMBER_VALUE)},
    )
