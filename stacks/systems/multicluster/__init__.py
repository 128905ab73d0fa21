"""The multi-cluster manager."""

from stacks.systems.multicluster.system import Config

__all__ = ["Config"]
