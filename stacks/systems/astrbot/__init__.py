"""The AstrBot SaaS platform."""

from stacks.systems.astrbot.system import Config

__all__ = ["Config"]
