"""The rules as CrossGuard policies, for the Pulumi engine.

The engine runs checks on several threads at once: a rule keeps nothing between calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pulumi_policy as crossguard
from pulumi_policy.policy import ReportViolation

from policy.engine.analysis import Policies, read_once, stack_of, subject_of
from policy.engine.model import ResourceRule, Rule, RuleConfig, StackRule, Violation
from policy.engine.settings import EXEMPTIONS, Exemption, Exemptions
from policy.engine.subject import Subject
from policy.facts.values import editable
from policy.rules import RULES

NAME = "saas-platform"
_EXEMPTIONS_POLICY = "exemptions"
_RULES = {rule.about.name: rule for rule in RULES}


def serve(tier: str | None) -> None:
    """Serve the pack until the engine ends the process, with the levels of a tier until the engine names another."""
    pack = Policies(policies(tier), _judges)
    read_once(tier, pack, policies)
    crossguard.PolicyPack(
        NAME,
        pack,
        # Every policy states its own level; one that did not would stop the deployment.
        enforcement_level=crossguard.EnforcementLevel.MANDATORY,
        display_name="SaaS platform",
    )


def _judges(name: str, subject: Subject) -> bool:
    rule = _RULES.get(name)
    return isinstance(rule, ResourceRule) and rule.judges(subject)


def policies(
    tier: str | None,
    *,
    rules: Sequence[Rule] = RULES,
    exemptions: Sequence[Exemption] = EXEMPTIONS,
    today: date | None = None,
) -> list[crossguard.Policy]:
    """The rules as policies with the levels of a tier, and one more that shows the exemptions."""
    let_off = Exemptions.of(exemptions, tier, today)
    made = [
        _resource_policy(rule, tier, let_off) if isinstance(rule, ResourceRule) else _stack_policy(rule, tier, let_off)
        for rule in rules
    ]
    return [*made, _exemptions_policy(tier, let_off)]


def _resource_policy(rule: ResourceRule[Any], tier: str | None, exemptions: Exemptions) -> crossguard.Policy:
    def validate(args: crossguard.ResourceValidationArgs, report: ReportViolation) -> None:
        subject = subject_of(args)
        if rule.judges(subject):
            violations = rule.check(subject, _configured(rule, args.get_config()))
            _report(rule, subject, violations, exemptions, report)

    def remediate(args: crossguard.ResourceValidationArgs) -> Mapping[str, Any] | None:
        subject = replace(subject_of(args), props=editable(args.props))
        # Who is let off a rule is not rewritten by it either.
        if rule.remedy is None or not rule.judges(subject) or exemptions.ruling(rule.about.name, subject.label)[0]:
            return None
        rule.remedy(subject, _configured(rule, args.get_config()))
        return subject.props if subject.props != editable(args.props) else None

    remedy: Any = remediate if rule.remedy else None
    return crossguard.ResourceValidationPolicy(validate=validate, remediate=remedy, **_declaration(rule, tier))


def _stack_policy(rule: StackRule[Any], tier: str | None, exemptions: Exemptions) -> crossguard.Policy:
    def validate(args: crossguard.StackValidationArgs, report: ReportViolation) -> None:
        stack = stack_of(args, tier)
        violations = rule.check(stack, _configured(rule, args.get_config()))
        _report(rule, stack.root, violations, exemptions, report)

    return crossguard.StackValidationPolicy(validate=validate, **_declaration(rule, tier))


def _configured(rule: Rule, values: Mapping[str, Any]) -> RuleConfig:
    """The settings of a rule; those of most are the defaults, which need not be made anew for each resource."""
    config: RuleConfig = rule.config.model_validate(values) if values else _default(rule.config)  # type: ignore[arg-type]
    return config


@cache
def _default(config: type[RuleConfig]) -> RuleConfig:
    return config.default()


def _report(
    rule: Rule, default: Subject, violations: Iterable[Violation], exemptions: Exemptions, report: ReportViolation
) -> None:
    for violation in violations:
        subject = violation.subject or default
        exemption, note = exemptions.ruling(rule.about.name, subject.label)
        if exemption is None:
            report(violation.message(subject) + note, subject.urn or None)


def _exemptions_policy(tier: str | None, exemptions: Exemptions) -> crossguard.Policy:
    """Shows which objects of the stack are let off, and why: a policy's violation can only be reported or not."""

    def validate(args: crossguard.StackValidationArgs, report: ReportViolation) -> None:
        subjects = {subject.label: subject for subject in stack_of(args, tier).subjects} if exemptions.rows else {}
        for row in exemptions.rows:
            if row.object in subjects:
                verdict = row.fault(exemptions.today) or f"exempt {row}"
                report(f"{row.object}: {row.rule}: {verdict}", subjects[row.object].urn)

    return crossguard.StackValidationPolicy(
        name=_EXEMPTIONS_POLICY,
        display_name="Exemptions",
        description="Objects that are let off a rule, with the reason and the last day.",
        enforcement_level=crossguard.EnforcementLevel.ADVISORY,
        validate=validate,
    )


def _declaration(rule: Rule, tier: str | None) -> dict[str, Any]:
    about = rule.about
    first = about.frameworks[0] if about.frameworks else None
    return {
        "name": about.name,
        "display_name": about.title,
        "description": about.description,
        "enforcement_level": crossguard.EnforcementLevel(about.level_in(tier).value),
        "severity": crossguard.Severity(about.severity.value),
        # CrossGuard knows one framework a policy: the first; all of them are tags.
        "framework": first and crossguard.PolicyComplianceFramework(first.name, first.version, first.reference),
        "tags": [str(framework) for framework in about.frameworks],
        "remediation_steps": "\n".join(f"{number}. {step}" for number, step in enumerate(about.remediation, 1)),
        "config_schema": _schema(rule.config),  # type: ignore[arg-type]
    }


@cache
def _schema(config: type[RuleConfig]) -> crossguard.PolicyConfigSchema:
    schema = config.model_json_schema()
    return crossguard.PolicyConfigSchema(schema.get("properties", {}), schema.get("required"))
