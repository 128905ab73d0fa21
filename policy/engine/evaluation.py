"""The pack's findings on a recorded graph: the same rule functions as in the Pulumi engine, on proxies like its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pulumi_policy.proxy import UnknownValueError

from policy.engine.model import Level, ResourceRule, Rule, RuleConfig, Severity, Violation
from policy.engine.proxies import proxied
from policy.engine.settings import EXEMPTIONS, Exemption, Exemptions, Settings, tier_of_graph
from policy.engine.subject import STACK, Stack, Subject
from policy.facts.credentials import concealed_all, confidential_texts
from policy.rules import RULES

if TYPE_CHECKING:
    from datetime import date

    from graph.model import Graph, Resource


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A violation of one rule by one object. `exemption` is the one that holds for it, if any."""

    rule: str
    severity: Severity
    level: Level
    urn: str
    object: str
    message: str
    remediation: tuple[str, ...]
    exemption: Exemption | None = None

    @property
    def blocks(self) -> bool:
        """Whether it stops a deployment. What Pulumi could repair does too: nothing else does the repair."""
        return self.exemption is None and self.level in (Level.MANDATORY, Level.REMEDIATE)


def evaluate(
    graph: Graph,
    *,
    settings: Settings | None = None,
    exemptions: Sequence[Exemption] = EXEMPTIONS,
    today: date | None = None,
    rules: Sequence[Rule] = RULES,
) -> tuple[Finding, ...]:
    """All findings on a graph, the most severe first, then by object, rule and message.

    `settings` are by default those of the graph's tier with nothing configured; `today` decides which exemptions have
    expired. Secrets are masked before any rule sees them. Raises what `Settings` raises for invalid settings.
    """
    settings = settings or Settings(tier_of_graph(graph))
    stack = stack_of(graph, settings.tier)
    let_off = Exemptions.of(exemptions, settings.tier, today)
    found = (finding for rule in rules for finding in _findings(rule, stack, settings, let_off))
    return tuple(sorted(found, key=lambda one: (one.severity.rank, one.object, one.rule, one.message)))


def stack_of(graph: Graph, tier: str | None) -> Stack:
    """The graph as rules see it: inputs, and the stack's outputs, behind the engine's proxies; secrets masked."""
    values = [graph.outputs if resource.type == STACK else resource.inputs for resource in graph]
    known = confidential_texts(values)
    return Stack(tuple(_subject(one, value, known) for one, value in zip(graph, values, strict=True)), tier)


def _subject(resource: Resource, values: Mapping[str, Any], known: frozenset[str]) -> Subject:
    props, holds_secret = concealed_all(values, known)
    return Subject(
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        props=proxied(props),
        parent=resource.parent,
        protect=bool(resource.options.get("protect")),
        retained=bool(resource.options.get("retain_on_delete")),
        holds_secret=holds_secret,
        dependencies=resource.dependencies,
    )


def _findings(rule: Rule, stack: Stack, settings: Settings, exemptions: Exemptions) -> Iterator[Finding]:
    level, config = settings.level(rule), settings.config(rule)
    if level is Level.DISABLED:
        return
    for subject, check in _checks(rule, stack, config):
        try:
            for violation in check():
                yield _finding(rule, level, violation.subject or subject, violation, exemptions)
        except UnknownValueError as error:
            yield _undecided(rule, subject, error)


def _checks(
    rule: Rule, stack: Stack, config: RuleConfig
) -> Iterator[tuple[Subject, Callable[[], Iterable[Violation]]]]:
    """What there is to run for a rule, each with the resource that it concerns."""
    if isinstance(rule, ResourceRule):
        yield from ((subject, partial(rule.check, subject, config)) for subject in rule.subjects(stack))
    else:
        yield stack.root, partial(rule.check, stack, config)


def _finding(rule: Rule, level: Level, subject: Subject, violation: Violation, exemptions: Exemptions) -> Finding:
    exemption, note = exemptions.ruling(rule.about.name, subject.label)
    return _report(rule, level, subject, violation.message(subject) + note, exemption)


def _undecided(rule: Rule, subject: Subject, error: UnknownValueError) -> Finding:
    """What cannot be judged yet: a note, as the engine has it."""
    return _report(rule, Level.ADVISORY, subject, f"{subject.label}: not judged yet: {error.message}", None)


def _report(rule: Rule, level: Level, subject: Subject, message: str, exemption: Exemption | None) -> Finding:
    return Finding(
        rule=rule.about.name,
        severity=rule.about.severity,
        level=level,
        urn=subject.urn,
        object=subject.label,
        message=message,
        remediation=rule.about.remediation,
        exemption=exemption,
    )
