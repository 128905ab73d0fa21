"""What the document expects to pay, in yuan (CNY) a month: its chapter on cost, as data.

No price here is asked of anybody: they are the document's own estimates, for its own sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Item:
    """A line of the estimate: `amount` of `size`, and from `least` to `most` yuan a month for all of them together."""

    name: str
    size: str
    amount: int = 1
    least: int
    most: int

    @classmethod
    def fixed(cls, name: str, size: str, price: int, amount: int = 1) -> Item:
        """One with a single price."""
        return cls(name=name, size=size, amount=amount, least=price, most=price)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Lines that the document adds up."""

    name: str
    items: Sequence[Item]

    @property
    def least(self) -> int:
        """The sum of the lowest prices."""
        return sum(item.least for item in self.items)

    @property
    def most(self) -> int:
        """The sum of the highest prices."""
        return sum(item.most for item in self.items)


_SERVER = "2 CPU, 4 GB"
# Everything on machines of one's own.
SELF_HOSTED: Sequence[Group] = (
    Group(
        name="Kubernetes cluster",
        items=(
            Item.fixed("Master nodes", _SERVER, 500, amount=3),
            Item.fixed("Worker nodes", "4 CPU, 8 GB", 1500, amount=3),
        ),
    ),
    Group(
        name="Observability",
        items=(
            Item.fixed("Prometheus", _SERVER, 300),
            Item.fixed("Jaeger", _SERVER, 300),
            Item.fixed("Loki", _SERVER, 300),
            Item.fixed("Grafana", "1 CPU, 2 GB", 150),
        ),
    ),
    Group(name="Storage", items=(Item.fixed("Volumes", "100 GB", 200),)),
)
# The same from a cloud provider. Its third line, Grafana Cloud (free, or from 49 USD), is an alternative to the second.
MANAGED: Sequence[Group] = (
    Group(
        name="Managed services",
        items=(
            Item(name="Kubernetes cluster", size="managed", least=1000, most=2000),
            Item(name="Application performance monitoring", size="managed", least=500, most=1000),
        ),
    ),
)


def table(title: str, groups: Sequence[Group]) -> str:
    """The estimate as a table in Markdown, with the sums."""
    lines = [f"| {title} | size | CNY a month |", "|---|---|---|"]
    for group in groups:
        for item in group.items:
            size = f"{item.amount} x ({item.size})" if item.amount > 1 else item.size
            lines.append(f"| {item.name} | {size} | {_price(item.least, item.most)} |")
        if len(groups) > 1:
            lines.append(f"| *{group.name}* | | *{_price(group.least, group.most)}* |")
    least, most = (sum(getattr(group, end) for group in groups) for end in ("least", "most"))
    return "\n".join([*lines, f"| **Total** | | **{_price(least, most)}** |"])


def _price(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"
