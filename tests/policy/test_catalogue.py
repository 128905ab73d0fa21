"""`ops policies` and the page that it writes."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from ops.commands import app
from ops.policies import page
from paths import ROOT
from policy.engine.catalogue import TIERS, catalogue
from policy.rules import RULES


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["policies", *arguments], env={"COLUMNS": "240"})
    assert result.exit_code == 0, result.output
    return result.output


def test_the_page_in_the_repository_is_current() -> None:
    written = (ROOT / "docs" / "policies.md").read_text()
    assert written == page(catalogue()), "run: python -m ops policies --write docs/policies.md"


def test_every_rule_has_its_line_and_its_section_on_the_page() -> None:
    lines = page(catalogue()).splitlines()
    for rule in RULES:
        name = rule.about.name
        assert sum(line.startswith(f"| [{name}](#{name}) | ") for line in lines) == 1
        assert f"## {name}" in lines
        assert all(any(line.endswith(step) for line in lines) for step in rule.about.remediation)


def test_the_table_shows_every_rule() -> None:
    printed = _run()
    assert f"{len(RULES)} policies" in printed
    assert "Severity" in printed


def test_the_json_is_complete_and_says_what_each_rule_does() -> None:
    entries = {one["name"]: one for one in json.loads(_run("--output", "json"))}
    assert entries.keys() == {rule.about.name for rule in RULES}
    privileged = entries["privileged"]
    assert (privileged["severity"], privileged["at_admission"], privileged["repairs"]) == ("critical", True, False)
    assert set(privileged["levels"]) == set(TIERS)
    assert privileged["judges"] == ["workloads"]


def test_markdown_is_the_page_and_write_puts_it_into_a_file(tmp_path: Path) -> None:
    target = tmp_path / "policies.md"
    _run("--write", str(target))
    assert target.read_text() == _run("--output", "markdown")
