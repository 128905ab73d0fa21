"""The rule `alert-runbooks`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules import alerts
from policy.rules.alerts import alert_runbooks
from tests.policy.objects import Props, having, judge, shop, without
from tests.policy.stack_objects import assert_exempt, assert_undecided, made

_ALERT = "spec.groups.0.rules.0"
_WHERE = "PrometheusRule shop/api, alert Down"


@pytest.fixture(autouse=True)
def runbooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs" / "runbooks").mkdir(parents=True)
    (tmp_path / "docs" / "runbooks" / "down.md").touch()
    monkeypatch.setattr(alerts, "_ROOT", tmp_path)


def _rules(url: str = "https://runbooks.saas-platform.com/down") -> Props:
    annotations = {"summary": "s", "description": "d", "runbook_url": url}
    alert = {"alert": "Down", "expr": "up == 0", "labels": {"severity": "critical"}, "annotations": annotations}
    return made("PrometheusRule", spec={"groups": [{"name": "g", "rules": [alert, {"record": "r", "expr": "1"}]}]})


@pytest.mark.parametrize(
    "url",
    [
        "https://runbooks.saas-platform.com/down",
        "https://runbooks.saas-platform.com/down#cause",
        "https://git.example/blob/main/docs/runbooks/down.md",
        "https://runbooks.prometheus-operator.dev/anything",
    ],
)
def test_an_alert_with_all_that_it_needs_has_no_violation(url: str) -> None:
    assert judge(alert_runbooks, _rules(url)) == []


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("labels.severity", "is missing; set it to one of critical, warning, info"),
        ("annotations.summary", "is missing; say in a line what is wrong"),
        ("annotations.description", "is missing; say what it means for users"),
        ("annotations.runbook_url", "is missing; link the page that says what to do"),
    ],
)
def test_what_an_alert_lacks_is_named(path: str, problem: str) -> None:
    assert judge(alert_runbooks, without(_rules(), f"{_ALERT}.{path}")) == [f"{_WHERE}: {path} {problem}"]


def test_a_severity_that_no_route_knows_is_named() -> None:
    changed = having(_rules(), f"{_ALERT}.labels.severity", "urgent")
    message = "labels.severity is none that notifications are routed by; set it to one of critical, warning, info"
    assert judge(alert_runbooks, changed) == [f"{_WHERE}: {message}"]
    assert judge(alert_runbooks, changed, config={"severities": ["urgent"]}) == []


@pytest.mark.parametrize(
    "url", ["https://runbooks.saas-platform.com/gone", "https://git.example/docs/runbooks/gone.md"]
)
def test_a_runbook_that_nobody_wrote_is_named(url: str) -> None:
    message = "annotations.runbook_url leads to no page: there is no docs/runbooks/gone.md; write it"
    assert judge(alert_runbooks, _rules(url)) == [f"{_WHERE}: {message}"]


def test_where_runbooks_are_can_be_configured(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "down.md").touch()
    config: dict[str, Any] = {"directory": "pages", "base_urls": ["https://wiki.example/"]}
    assert judge(alert_runbooks, _rules("https://wiki.example/down"), config=config) == []


def test_an_exempt_object_is_let_off() -> None:
    assert_exempt(alert_runbooks, "PrometheusRule shop/api", without(_rules(), f"{_ALERT}.labels.severity"))


def test_a_link_that_is_not_known_yet_is_no_violation() -> None:
    assert_undecided(alert_runbooks, having(_rules(), f"{_ALERT}.annotations.runbook_url", UNKNOWN_STRING_VALUE))


def test_unrelated_objects_are_ignored() -> None:
    assert judge(alert_runbooks, *shop()) == []
