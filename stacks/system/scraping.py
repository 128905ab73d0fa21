"""Where Prometheus reads the metrics of a service: of itself, or in a mesh by its proxy."""

from __future__ import annotations

from collections.abc import Iterable

from components.monitoring.monitors import Endpoint
from stacks.schema.service.ports import all_ports
from stacks.schema.service.service import Service


def metrics(service: Service) -> list[Endpoint]:
    """What Prometheus scrapes of a service: where it says, or its port `metrics` if it has one, else `http`."""
    return [one.as_endpoint() for one in service.read_metrics]


def scraped_directly(service: Service, *, in_mesh: bool) -> list[Endpoint]:
    """The endpoints that Prometheus asks itself: in a mesh those on ports that serve nothing but metrics.

    Such ports pass by the proxy, and so keep their paths and intervals. What stands on the port of the requests is
    behind mutual TLS, where Prometheus has no part: its proxy serves that with its own metrics.
    """
    return [one for one in metrics(service) if not in_mesh or _apart(service, one)]


def merged_metrics(service: Service) -> Endpoint | None:
    """The endpoint that the proxy of the service's pods serves with its own metrics; it can be one alone."""
    return next((one for one in metrics(service) if not _apart(service, one)), None)


def _apart(service: Service, endpoint: Endpoint) -> bool:
    return container_port(service, endpoint.port) in ports_beside_main(service)


def container_port(service: Service, name: str) -> int:
    """The number of the container's port behind a port of the Service."""
    return service.ports[all_ports(service.ports, service.service_ports).target(name)]


def scraped_ports(services: Iterable[Service]) -> list[int]:
    """The containers' ports that Prometheus reads the metrics of these services from, in order."""
    return sorted({container_port(service, one.port) for service in services for one in metrics(service)})


def ports_beside_main(service: Service) -> list[int]:
    """The containers' ports but for the one that callers mean."""
    ports = all_ports(service.ports, service.service_ports)
    return [number for name, number in service.ports.items() if name != ports.target(ports.main)]
