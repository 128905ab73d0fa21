"""The systems of the platform. Each is a module with its configuration model and its component; both are named here.

To add one: write the module beside `astrbot.py`, add a field below and a line to `stacks/environment.py`.
"""

from __future__ import annotations

from stacks.systems.astrbot import AstrBotConfig
from stacks.types import Model


class Systems(Model):
    """The systems of an environment; one that is left out is not deployed."""

    astrbot: AstrBotConfig | None = None
