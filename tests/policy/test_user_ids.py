"""The rule `user-ids`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE

from policy.rules.hygiene import user_ids
from tests.policy.objects import Props, having, judge, workload
from tests.policy.rule_tests import RuleTests, Table, in_every_role

_LOW = "is 472, below 10001; name a higher one"


def _pod(field: str, value: object) -> Props:
    return having(workload(), f"spec.template.spec.securityContext.{field}", value)


def _of_each_container(problem: str) -> tuple[str, ...]:
    return tuple(f"Deployment shop/api, {one}: {problem}" for one in ("init container migrate", "container web"))


class TestUserIds(RuleTests):
    table = Table(
        rule=user_ids,
        compliant={
            "the pod's": workload(),
            "the lowest": _pod("runAsUser", 10001),
            "root, which another rule refuses": _pod("runAsUser", 0),
        },
        violations={
            "the image's user": (_pod("runAsUser", 472), *_of_each_container(f"securityContext.runAsUser {_LOW}")),
            "no group": (
                _pod("runAsGroup", None),
                *_of_each_container(
                    "securityContext.runAsGroup is missing; set it to 10001, here or for the whole pod"
                ),
            ),
            **in_every_role("securityContext.runAsUser", 472, f"securityContext.runAsUser {_LOW}"),
        },
        unknown={"the user": _pod("runAsUser", UNKNOWN_NUMBER_VALUE)},
        also=frozenset({"privilege-escalation", "capabilities", "read-only-root", "run-as-non-root"}),
    )


def test_the_lowest_id_can_be_configured() -> None:
    assert judge(user_ids, _pod("runAsUser", 472), config={"minimum": 472}) == []
