"""What every rule has to have, and how its declaration becomes a CrossGuard policy."""

from __future__ import annotations

import re
from pathlib import Path

import pulumi_policy as crossguard
import pytest

from policy.engine.model import Level, ResourceRule, Rule
from policy.engine.pack import policies
from policy.engine.subject import ANY_OBJECT
from policy.rules import RULES

_IDS = [rule.about.name for rule in RULES]
_every_rule = pytest.mark.parametrize("rule", RULES, ids=_IDS)


def test_no_two_rules_have_the_same_name() -> None:
    assert len(set(_IDS)) == len(_IDS)


@_every_rule
def test_a_rule_has_a_name_in_kebab_case_that_the_engine_does_not_reserve(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", rule.about.name)
    assert rule.about.name not in ("all", "exemptions")


@_every_rule
def test_a_rule_says_what_it_wants_and_how_to_get_there(rule: Rule) -> None:
    about = rule.about
    assert about.title
    assert about.description.endswith(".")
    assert about.remediation
    assert all(step.endswith(".") for step in about.remediation)


@_every_rule
def test_a_rule_stops_a_deployment_to_production(rule: Rule) -> None:
    # Pulumi's own default is advisory: a rule that left its level out would stop nothing.
    assert rule.about.level_in("prod") in (Level.MANDATORY, Level.REMEDIATE)
    assert rule.about.level_in(None) == rule.about.level_in("prod")
    assert set(rule.about.levels) <= {"dev", "test", "staging", "prod"}


@_every_rule
def test_a_rule_has_tests_of_its_own(rule: Rule) -> None:
    assert (Path(__file__).parent / f"test_{rule.about.name.replace('-', '_')}.py").is_file()


@_every_rule
def test_a_rules_settings_all_have_defaults_and_a_schema_that_the_engine_understands(rule: Rule) -> None:
    schema = rule.config.model_json_schema()
    assert "$defs" not in schema
    assert "required" not in schema
    assert rule.config.__doc__


@_every_rule
def test_only_a_rule_that_can_repair_has_the_level_remediate(rule: Rule) -> None:
    levels = {rule.about.level, *rule.about.levels.values()}
    assert Level.REMEDIATE not in levels or (isinstance(rule, ResourceRule) and rule.remedy)


@_every_rule
def test_a_rule_on_objects_names_their_types(rule: Rule) -> None:
    if isinstance(rule, ResourceRule):
        assert rule.applies_to
        assert all("/" in name or ":" in name for name in rule.applies_to - {ANY_OBJECT})


@pytest.mark.parametrize("tier", ["dev", "prod", None])
def test_a_policy_carries_all_that_the_rule_declares(tier: str | None) -> None:
    for rule, policy in zip(RULES, policies(tier), strict=False):
        about = rule.about
        assert (policy.name, policy.display_name, policy.description) == (about.name, about.title, about.description)
        assert policy.enforcement_level == crossguard.EnforcementLevel(about.level_in(tier).value)
        assert policy.severity == crossguard.Severity(about.severity.value)
        assert policy.tags == [str(framework) for framework in about.frameworks]
        assert policy.remediation_steps and policy.remediation_steps.startswith(f"1. {about.remediation[0]}")
        assert policy.config_schema and set(policy.config_schema.properties) == set(rule.config.model_fields)


@_every_rule
def test_the_defaults_of_a_rules_settings_are_valid(rule: Rule) -> None:
    """They are used without being validated, which would cost every preview a validator for each rule."""
    assert rule.config.default() == rule.config.model_validate({})
