"""The ports of a service: those that its containers listen on, and those of the Service in front of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ServicePort:
    """A port of the Service: its number, and the name of the container's port that it leads to."""

    port: int
    target: str


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The `container`'s ports by name, and those of the Service where they differ or where there are further ones."""

    container: Mapping[str, int]
    service: Mapping[str, ServicePort] = field(default_factory=dict)

    @property
    def exposed(self) -> dict[str, ServicePort]:
        """The ports of the Service by name: each of the container's, by default under its own number."""
        own = {name: ServicePort(port=number, target=name) for name, number in self.container.items()}
        return own | dict(self.service)

    @property
    def main(self) -> str:
        """The name of the port that callers mean: `http`, or where there is none the first."""
        return "http" if "http" in self.exposed else next(iter(self.exposed))

    def target(self, name: str) -> str:
        """The name of the container's port that a port of the Service leads to."""
        return self.exposed[name].target

    def container_ports(self) -> list[dict[str, Any]]:
        """The `ports` of the container."""
        return [{"name": name, "container_port": port, "protocol": "TCP"} for name, port in self.container.items()]

    def service_ports(self) -> list[dict[str, Any]]:
        """The `ports` of a Service in front of its pods."""
        return [
            {"name": name, "port": one.port, "target_port": one.target, "protocol": "TCP"}
            for name, one in self.exposed.items()
        ]
