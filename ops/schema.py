"""`ops schema`: the JSON Schema of an environment's file, and the page that is made from it."""

from __future__ import annotations

import json
import sys
from typing import Any

from ops.reference.keys import FILE, Keys
from ops.reference.page import page
from os_errors import naming
from paths import ROOT

PAGE = ROOT / "docs" / "configuration.md"


def run(*, write: bool) -> int:
    """Print the schema, or write it and the page to their places in the repository."""
    from stacks.schema.json_schema import document

    found = document()
    if not write:
        sys.stdout.write(as_text(found))
        return 0
    for path, text in ((FILE, as_text(found)), (PAGE, page(Keys(found)))):
        with naming(path):
            path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
    return 0


def as_text(document: dict[str, Any]) -> str:
    """The schema as it stands in the repository."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
