"""What docs/how-to/operators.md says of the versions in which operators are tested."""

from __future__ import annotations

import re

from components.platform.operators.table import OPERATORS
from paths import ROOT
from sandbox import tools
from versions import CHART_PROGRAMS

PAGE = ROOT / "docs" / "how-to" / "operators.md"


def rows() -> dict[str, list[str]]:
    """The cells of the table of what is tested, by the name in its first."""
    table = PAGE.read_text(encoding="utf-8").partition("| operator | deployed |")[2].partition("\n\n")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {name: rest for first, *rest in cells for name in re.findall(r"`([^`]+)`", first)}


def test_the_page_names_the_versions_of_the_operators_that_run_in_tests() -> None:
    """What it says of an older one would be taken for said of the one that is deployed."""
    shown = {name: rest[:2] for name, rest in rows().items() if name in tools.group("operators")}
    assert shown == {name: [CHART_PROGRAMS[name].version] * 2 for name in tools.group("operators")}


def test_an_operator_that_environments_need_is_on_the_page_whether_it_runs_in_tests_or_not() -> None:
    assert {one.name for one in OPERATORS.values() if one.needed} <= rows().keys()
