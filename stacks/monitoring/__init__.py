"""The monitoring of an environment, in a namespace of its own, as far as its tier asks for it."""

from stacks.monitoring.plan import Surroundings
from stacks.monitoring.system import Monitoring

__all__ = ["Monitoring", "Surroundings"]
