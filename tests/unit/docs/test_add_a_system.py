"""The page that leads to a system of one's own, followed to the letter in a copy of the program."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.docs.invoices import PAGE, declare
from tests.unit.docs.program import copy_program, previewed
from tests.unit.docs.reading import blocks


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("program")
    copy_program(folder)
    declare(folder)
    return previewed(folder, "trial")


def test_it_takes_less_than_sixty_lines_of_python() -> None:
    code = [block.text for block in blocks(PAGE) if block.language == "python"]
    assert sum(len(text.rstrip("\n").splitlines()) for text in code) < 60


def test_the_system_has_a_database_a_canary_and_its_alert_without_a_finding(preview: dict[str, Any]) -> None:
    """A page that has grown old is found out by its readers."""
    assert preview["findings"] == []
    made = {
        (body["kind"], body["metadata"]["name"])
        for body in (one["inputs"] for one in preview["resources"])
        if body.get("metadata", {}).get("namespace") == "invoices"
    }
    wanted = {
        ("Deployment", "invoices-api"),
        ("Deployment", "invoices-api-primary"),
        ("VirtualService", "invoices-api"),
        ("Cluster", "postgresql-cluster"),
        ("PrometheusRule", "invoices-alerts"),
        ("NetworkPolicy", "default-deny"),
        ("ResourceQuota", "quota"),
    }
    assert wanted - made == set()
    assert "ScheduledBackup" in {kind for kind, _ in made}
