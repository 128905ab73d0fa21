"""An environment's file as commands change it: people's comments, quotes and order stay."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from os_errors import naming


def read(path: Path) -> Any:
    """The document, a mapping that `write` gives back with all that it had."""
    return _yaml().load(path.read_text(encoding="utf-8"))


def write(path: Path, document: Any) -> None:
    """Write a document that `read` gave."""
    text = io.StringIO()
    _yaml().dump(document, text)
    temporary = path.with_suffix(".new")
    with naming(path):
        temporary.write_text(text.getvalue(), encoding="utf-8")
    # Complete, or not at all: a half-written file would keep everybody from deploying.
    temporary.replace(path)


def _yaml() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
