"""CloudLens: what the cloud costs, over several providers."""

from stacks.systems.cloudlens.system import Config

__all__ = ["Config"]
