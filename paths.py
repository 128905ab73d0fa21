"""Where the project's own files lie, and where it keeps what it makes on this machine."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = "saas-platform"
ROOT = Path(__file__).resolve().parent


def environment_of(stack: str) -> str:
    """The environment of a stack: what is before the dot in `prod.eu`, the cluster `eu` of the environment `prod`."""
    return stack.partition(".")[0]


def state_directory() -> Path:
    """What `up` made and must find again: `.state/` beside this file, or `$SAAS_PLATFORM_STATE`."""
    chosen = os.environ.get("SAAS_PLATFORM_STATE")
    return user_path(chosen) if chosen else ROOT / ".state"


def sandbox_kubeconfig(name: str = "default") -> Path:
    """The kubeconfig of the sandbox `name`; the file is there only while that sandbox exists."""
    return state_directory() / "sandbox" / name / "kubeconfig"


def user_path(text: str) -> Path:
    """A path that a person gave, absolute and with its `~` in full. Raises OSError where nobody knows what that is."""
    try:
        return Path(text).expanduser().resolve()
    except RuntimeError:
        message = f"{text}: this machine does not know where your home folder is.\nSet HOME, and run this again."
        raise OSError(message) from None
