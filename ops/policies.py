"""`ops policies`: every rule of the policy pack, as a table, as JSON, or as the page `docs/policies.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from os_errors import naming
from policy.engine.catalogue import TIERS, Entry, catalogue

OK = 0
_INTRODUCTION = """\
# Policies

What every environment must satisfy before it is deployed. Written by `ops policies --write docs/policies.md`; a test
fails where it is not current.

- **Levels**: *mandatory* stops a deployment, *advisory* is a note, *remediate* is repaired by the engine and stops the
  recorded preview, *disabled* is not looked at. `--policy-pack-config FILE` overrides levels and settings rule by rule.
- **Repairs**: the rule can correct the object by itself. **Admission**: the API server refuses it too
  (`components/platform/admission.py`), whoever writes to the cluster.
- **Exemptions** are rows of `policy/engine/settings.py`, with a reason and a last day.
"""


def run(output: str, write: Path | None) -> int:
    """Print the rules, or write the page to a file."""
    entries = catalogue()
    if write is not None:
        with naming(write):
            write.write_text(page(entries))
        return OK
    writers = {"json": _write_json, "markdown": _write_markdown, "text": _write_text}
    writers[output](entries)
    return OK


def page(entries: Sequence[Entry]) -> str:
    """The page: an overview, then each rule with what it wants and how to get there."""
    return "\n".join([_INTRODUCTION, *_overview(entries), "", *(line for one in entries for line in _section(one))])


def _overview(entries: Sequence[Entry]) -> Iterator[str]:
    yield f"| Rule | Severity | {' | '.join(TIERS)} | Judges | Repairs | Admission |"
    yield "|---|---|" + "---|" * (len(TIERS) + 3)
    for one in entries:
        levels = " | ".join(one.levels[tier] for tier in TIERS)
        judges, repairs, admission = ", ".join(one.judges), _yes(one.repairs), _yes(one.at_admission)
        yield f"| [{one.name}](#{one.name}) | {one.severity} | {levels} | {judges} | {repairs} | {admission} |"


def _section(entry: Entry) -> Iterator[str]:
    yield from (f"## {entry.name}", "", f"**{entry.title}.** {entry.description}", "")
    yield from (f"{number}. {step}" for number, step in enumerate(entry.remediation, 1))
    yield ""
    if entry.frameworks:
        yield from (f"Standards: {'; '.join(entry.frameworks)}.", "")
    if entry.settings:
        yield "Settings: " + "; ".join(f"`{name}` ({default})" for name, default in entry.settings.items()) + "."
        yield ""


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _few(names: Sequence[str], most: int = 3) -> str:
    """The names, or the first of many and how many more there are."""
    return (
        ", ".join(names) if len(names) <= most else f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    )


def _write_json(entries: Sequence[Entry]) -> None:
    import json

    json.dump([asdict(one) for one in entries], sys.stdout, indent=2)
    sys.stdout.write("\n")


def _write_markdown(entries: Sequence[Entry]) -> None:
    sys.stdout.write(page(entries))


def _write_text(entries: Sequence[Entry]) -> None:
    from rich.table import Table

    from ops.console import console

    table = Table(title=f"{len(entries)} policies", title_justify="left")
    for heading in ("Rule", "Severity", *TIERS, "Judges", "Standards", "Repairs", "Admission"):
        table.add_column(heading, overflow="fold")
    for one in entries:
        levels = [one.levels[tier] for tier in TIERS]
        standards = ", ".join(one.standards)
        flags = (_yes(one.repairs), _yes(one.at_admission))
        table.add_row(one.name, one.severity, *levels, _few(one.judges), standards, *flags)
    console().print(table)
