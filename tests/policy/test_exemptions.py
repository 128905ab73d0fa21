"""Exemptions: who is let off a rule, and what happens when that no longer holds."""

from __future__ import annotations

from datetime import date, timedelta

import pulumi_policy as crossguard
import pytest

from policy.engine.pack import policies
from policy.engine.settings import EXEMPTIONS, MAXIMUM_DAYS, Exemption, Exemptions
from policy.rules import RULES
from policy.rules.lifecycle import probes
from policy.rules.network import network_policy
from tests.policy.objects import TODAY, default_deny, judge, stack_arguments, without, workload

_VIOLATING = without(workload(), "spec.template.spec.containers.0.livenessProbe")
_MESSAGE = (
    "Deployment shop/api, container web: livenessProbe is missing; add one, so that a process that hangs is restarted"
)


def _exemption(
    rule: str = "probes",
    label: str = "Deployment shop/api",
    reason: str = "the supplier's next release has it",
    days: int = 30,
    tiers: frozenset[str] | None = None,
) -> Exemption:
    return Exemption(rule=rule, object=label, reason=reason, expires=TODAY + timedelta(days=days), tiers=tiers)


def test_an_exempt_object_has_no_violation() -> None:
    assert judge(probes, _VIOLATING, exemptions=[_exemption()]) == []


def test_an_exemption_holds_on_its_last_day() -> None:
    assert judge(probes, _VIOLATING, exemptions=[_exemption(days=0)]) == []


@pytest.mark.parametrize(
    ("exemption", "fault"),
    [
        (_exemption(days=-1), "its exemption expired on 2026-06-30"),
        (_exemption(reason=" "), "its exemption gives no reason"),
        (_exemption(days=MAXIMUM_DAYS + 1), "its exemption lasts until 2027-07-03: more than 366 days"),
    ],
    ids=["expired", "without a reason", "for too long"],
)
def test_an_exemption_that_does_not_hold_is_a_violation_that_says_why(exemption: Exemption, fault: str) -> None:
    assert judge(probes, _VIOLATING, exemptions=[exemption]) == [f"{_MESSAGE} ({fault})"]


@pytest.mark.parametrize(
    "exemption",
    [_exemption(rule="network-policy"), _exemption(label="Deployment shop/web"), _exemption(tiers=frozenset({"dev"}))],
    ids=["for another rule", "for another object", "for another tier"],
)
def test_an_exemption_lets_nothing_else_off(exemption: Exemption) -> None:
    assert judge(probes, _VIOLATING, exemptions=[exemption]) == [_MESSAGE]


def test_where_the_tier_is_unknown_an_exemption_for_one_tier_does_not_hold() -> None:
    assert Exemptions.of([_exemption(tiers=frozenset({"dev"}))], None, TODAY).rows == ()


def test_a_rule_across_objects_exempts_the_object_that_it_names() -> None:
    exemption = _exemption(rule="network-policy")
    assert judge(network_policy, default_deny(), workload(), exemptions=[exemption]) == []


def test_an_annotation_on_the_object_exempts_nobody() -> None:
    # Whoever can write the object could let themselves off.
    changed = without(workload(), "spec.template.spec.containers.0.livenessProbe")
    changed["metadata"]["annotations"] = {"policy.platform.io/exempt": "probes: trust me until 2027-01-31"}
    assert judge(probes, changed) == [_MESSAGE]


def test_the_engine_shows_each_exempt_object_of_the_stack_with_its_reason() -> None:
    rows = [_exemption(), _exemption(rule="resource-limits", days=-1), _exemption(label="Deployment shop/absent")]
    *_, shown = policies("prod", exemptions=rows, today=TODAY)
    messages: list[str] = []

    def report(message: str, urn: str | None = None) -> None:
        messages.append(message)

    assert isinstance(shown, crossguard.StackValidationPolicy)
    shown.validate(stack_arguments(workload()), report)
    assert messages == [
        "Deployment shop/api: probes: exempt until 2026-07-31: the supplier's next release has it",
        "Deployment shop/api: resource-limits: its exemption expired on 2026-06-30",
    ]


def test_every_exemption_in_force_names_a_rule_and_gives_a_reason() -> None:
    names = {rule.about.name for rule in RULES}
    for exemption in EXEMPTIONS:
        assert exemption.rule in names
        assert exemption.fault(date.today()) is None, exemption
