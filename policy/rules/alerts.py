"""Who is woken, and what they find: alerts and their runbooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import each, listed
from policy.facts.values import at, mapping, text

_ROOT = Path(__file__).resolve().parents[2]
_SEVERITIES = ("critical", "warning", "info")


class AlertRunbooksConfig(RuleConfig):
    """Where runbooks are.

    `directory` is relative to the repository; a page there is `<name>.md`. `base_urls` are the addresses under which
    those pages are published: below one of them, the last part of a link is the page's name. Links elsewhere are not
    followed.
    """

    directory: str = "docs/runbooks"
    base_urls: tuple[str, ...] = ("docs/runbooks/", "https://runbooks.saas-platform.com/")
    severities: tuple[str, ...] = _SEVERITIES


@stack_rule(
    About(
        name="alert-runbooks",
        title="Every alert says how bad it is, what happens, and what to do",
        description=(
            "Every alert of a PrometheusRule has a severity, a summary, a description and a link to a runbook page "
            "that exists. Who is woken at night must not have to guess."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=(
            "Set labels.severity, and annotations.summary, description and runbook_url of the alert.",
            "Write the page docs/runbooks/<name>.md: what it means, how to find the cause, how to end it.",
        ),
    ),
    config=AlertRunbooksConfig,
)
def alert_runbooks(stack: Stack, config: AlertRunbooksConfig) -> Iterator[Violation]:
    """Everything that an alert lacks."""
    yield from each(stack.of_type("monitoring.coreos.com/PrometheusRule"), partial(_judged, config))


def _judged(config: AlertRunbooksConfig, rules: Subject) -> Iterator[Violation]:
    for group in listed(rules.props, "spec", "groups"):
        for alert in listed(group, "rules"):
            name = text(alert.get("alert"))
            for field, problem, fix in _faults(alert, config) if name else ():
                yield Violation(subject=rules, container=f"alert {name}", field=field, problem=problem, fix=fix)


def _faults(alert: Mapping[str, Any], config: AlertRunbooksConfig) -> Iterator[tuple[str, str, str]]:
    severity = at(alert, "labels", "severity")
    allowed = ", ".join(config.severities)
    if not severity:
        yield "labels.severity", "is missing", f"set it to one of {allowed}"
    elif severity not in config.severities:
        yield "labels.severity", "is none that notifications are routed by", f"set it to one of {allowed}"
    annotations = mapping(alert.get("annotations"))
    for key, purpose in (("summary", "say in a line what is wrong"), ("description", "say what it means for users")):
        if not text(annotations.get(key)).strip():
            yield f"annotations.{key}", "is missing", purpose
    yield from _runbook_faults(text(annotations.get("runbook_url")), config)


def _runbook_faults(url: str, config: AlertRunbooksConfig) -> Iterator[tuple[str, str, str]]:
    if not url:
        yield "annotations.runbook_url", "is missing", "link the page that says what to do"
        return
    base = next((base for base in config.base_urls if base in url), None)
    if base is None:
        return
    page = f"{url.partition(base)[2].partition('#')[0].strip('/').removesuffix('.md')}.md"
    if not (_ROOT / config.directory / page).is_file():
        yield "annotations.runbook_url", f"leads to no page: there is no {config.directory}/{page}", "write it"
