"""The page of network flows shows the table that policies are made from."""

from __future__ import annotations

from components.kubernetes.needs import NEEDS, Need
from paths import ROOT

PAGE = ROOT / "docs" / "network-flows.md"


def _row(name: str, need: Need) -> str:
    ports = ", ".join(map(str, need.flow.ports)) + (" (UDP too)" if "UDP" in need.flow.protocols else "")
    if need.address:
        ports = f"that of the address, else {need.address}"
    return f"| {name} | {ports} | {need.option} | {need.who} | {need.why} |"


def table() -> str:
    """The table as Markdown."""
    head = ["| to | port | with | from | why |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(_row(name, need) for name, need in NEEDS.items())])


def test_the_page_has_every_row_of_the_table() -> None:
    """Whoever opens a firewall between nodes goes by this page."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("<!-- needs -->")
    shown, _, _ = rest.partition("<!-- /needs -->")
    assert shown.strip() == table(), f"write into {PAGE.relative_to(ROOT)}:\n{table()}"
