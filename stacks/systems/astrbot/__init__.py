"""The AstrBot SaaS platform: services behind a gateway, a manager, and a chat-bot instance for every tenant.

The source of every figure is the AstrBot deployment and operations document; comments name its sections.
"""

from stacks.blueprint.config import TenantsConfig
from stacks.systems.astrbot.declaration import DECLARATION


class AstrBotConfig(TenantsConfig):
    """What an environment says of the platform."""

    declaration = DECLARATION


Config = AstrBotConfig
