"""The monitoring of an environment, in a namespace of its own, as far as its tier asks for it."""

from stacks.monitoring.plan import MonitoredSystems
from stacks.monitoring.system import Monitoring

__all__ = ["MonitoredSystems", "Monitoring"]
