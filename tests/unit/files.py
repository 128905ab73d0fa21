"""Files that commands wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def read_yaml(path: Path) -> Any:
    """The document of a file, by libyaml: a whole environment takes seconds otherwise."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
