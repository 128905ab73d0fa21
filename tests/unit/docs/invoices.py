"""The system of docs/add-a-system.md, declared as the page says."""

from __future__ import annotations

import re
from pathlib import Path

from paths import ROOT
from tests.unit.docs.reading import blocks

PAGE = ROOT / "docs" / "add-a-system.md"


def declare(folder: Path) -> None:
    """Save what the page shows into a copy of the program that has `docs/runbooks`."""
    (folder / "docs" / "runbooks" / "InvoicesSlow.md").write_text("# InvoicesSlow\n", encoding="utf-8")
    module, field = (block.text for block in blocks(PAGE) if block.language == "python")
    (environment,) = (block.text for block in blocks(PAGE) if block.language == "yaml")
    (folder / "stacks" / "systems" / "invoices.py").write_text(module, encoding="utf-8")
    (folder / "Pulumi.trial.yaml").write_text(environment, encoding="utf-8")
    systems = folder / "stacks" / "systems" / "__init__.py"
    text = systems.read_text(encoding="utf-8")
    first = re.search(r"^    astrbot: .*\n", text, re.MULTILINE)
    assert first, "the fields of Systems have moved: say so on the page"
    systems.write_text(text.replace(first[0], f"{field.rstrip()}\n{first[0]}"), encoding="utf-8")
