"""The AstrBot SaaS platform: services behind a gateway, a manager, and a chat-bot instance for every tenant.

The source of every figure is the AstrBot deployment and operations document; comments name its sections.
"""

from stacks.systems.astrbot.config import AstrBotConfig
from stacks.systems.astrbot.system import AstrBot

__all__ = ["AstrBot", "AstrBotConfig"]
