"""Orders: the Rust service of the Prometheus Operator guide, with all that the guide monitors.

The source of every figure is that document; comments name its sections.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stacks.schema.system import SystemConfig
from stacks.system.declaration import Declaration, Route, board_of
from stacks.systems.orders.alerts import RULES
from stacks.systems.orders.services import APPLICATION, SERVICES, STATEFUL

if TYPE_CHECKING:
    from stacks.system.environment_context import EnvironmentContext


DECLARATION = Declaration(
    name="orders",
    title="Orders",
    # Section 8.2: the tag of the image.
    version="v1.0.0",
    services=SERVICES,
    routes=(Route(host="rust-app", service=APPLICATION),),
    rules=RULES,
    boards=board_of(__package__),
)


class Config(SystemConfig):
    """What an environment says of the orders service."""

    declaration = DECLARATION

    def declared(self, args: EnvironmentContext) -> Declaration:
        """The stateful application runs the same image as the other (section 4.2)."""
        image = {"image": f"{args.registry}/{APPLICATION}"}
        services = [one.model_copy(update=image) if one.name == STATEFUL else one for one in SERVICES]
        return replace(self.declaration, services=services)
