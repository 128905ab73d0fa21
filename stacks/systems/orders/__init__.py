"""Orders: the Rust service of the Prometheus Operator guide."""

from stacks.systems.orders.system import Config

__all__ = ["Config"]
