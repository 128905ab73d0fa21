"""Where the sandbox keeps what it builds and what it remembers."""

from __future__ import annotations

import os
import re
from pathlib import Path

from paths import user_path

from .errors import SandboxError

REPOSITORY = Path(__file__).resolve().parent.parent
MODULES = Path(__file__).resolve().parent / "modules"
STAGES = Path(__file__).resolve().parent / "stages"
# A folder for each store of data, with what plays its operator.
STORES = REPOSITORY / "components" / "stores"

# A name becomes a folder and part of command lines, so it is as narrow as a Kubernetes name.
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


def cache_root() -> Path:
    """The folder of built tools: SAAS_PLATFORM_CACHE, or saas-platform in the user's cache folder.

    Raises OSError where it is in the user's home, of which nothing is known.
    """
    chosen = os.environ.get("SAAS_PLATFORM_CACHE")
    if chosen:
        return user_path(chosen) / "sandbox"
    return user_path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "saas-platform" / "sandbox"


def state_root() -> Path:
    """The folder of all sandboxes' state: SAAS_PLATFORM_STATE, or .state in the repository."""
    chosen = os.environ.get("SAAS_PLATFORM_STATE")
    base = user_path(chosen) if chosen else REPOSITORY / ".state"
    return base / "sandbox"


def state_folder(name: str, root: Path | None = None) -> Path:
    """The folder of one sandbox below `root` (default: `state_root()`). It is not created here."""
    if not _NAME.fullmatch(name):
        raise SandboxError(
            f"The name {name!r} does not fit a sandbox.\n"
            "Use 1 to 40 lower-case letters, digits and hyphens, beginning and ending with a letter or digit."
        )
    return (root.resolve() if root else state_root()) / name
