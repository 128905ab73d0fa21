"""All rules as one table: what the command line shows, and what `docs/policies.md` is written from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from policy.engine.model import ResourceRule, Rule
from policy.engine.subject import ANY_OBJECT
from policy.facts.workloads import WORKLOADS
from policy.rules import RULES

TIERS = ("dev", "test", "staging", "prod")
_WORKLOADS = "workloads"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A rule in the table; `levels` by tier, `judges` in words, `standards` the short names of the `frameworks`."""

    name: str
    title: str
    description: str
    severity: str
    levels: dict[str, str]
    judges: tuple[str, ...]
    frameworks: tuple[str, ...]
    standards: tuple[str, ...]
    remediation: tuple[str, ...]
    repairs: bool
    at_admission: bool
    settings: dict[str, str]


def catalogue(rules: Sequence[Rule] = RULES) -> tuple[Entry, ...]:
    """All rules, the most severe first, then by name."""
    ordered = sorted(rules, key=lambda rule: (rule.about.severity.rank, rule.about.name))
    return tuple(map(_entry, ordered))


def _entry(rule: Rule) -> Entry:
    about = rule.about
    return Entry(
        name=about.name,
        title=about.title,
        description=about.description,
        severity=about.severity.value,
        levels={tier: about.level_in(tier).value for tier in TIERS},
        judges=_judges(rule),
        frameworks=tuple(map(str, about.frameworks)),
        standards=tuple(dict.fromkeys(framework.short for framework in about.frameworks)),
        remediation=about.remediation,
        repairs=isinstance(rule, ResourceRule) and rule.remedy is not None,
        at_admission=isinstance(rule, ResourceRule) and rule.admission is not None,
        settings={name: _default(field.default) for name, field in rule.config.model_fields.items()},
    )


def _judges(rule: Rule) -> tuple[str, ...]:
    if not isinstance(rule, ResourceRule):
        return ("the stack",)
    if ANY_OBJECT in rule.applies_to:
        return ("every object",)
    workloads = (_WORKLOADS,) if rule.applies_to >= WORKLOADS else ()
    rest = rule.applies_to - WORKLOADS if workloads else rule.applies_to
    return (*workloads, *sorted({name.rpartition("/")[2].rpartition(":")[2] for name in rest}))


def _default(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
