"""Ports of a Service that are not the containers' own, and where a service tells its metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from components.monitoring.monitors import Endpoint
from components.workload.args import Ports, ServicePort
from components.workload.types import HttpPath
from stacks.schema.types import Model, PortName, Problem, Seconds

# As the components' own default: nobody waits longer for an answer.
_MOST_TIMEOUT = 10
_METRICS_PORT = "metrics"


class MetricsEndpoint(Model):
    """Where Prometheus reads metrics."""

    port: PortName = Field("http", description="The port of the Service, by name.")
    path: HttpPath = Field("/metrics", description="The path that tells the metrics.")
    interval: Seconds | None = Field(
        None, description="How often they are read; by default as often as the environment's `monitoring` says."
    )

    def as_endpoint(self) -> Endpoint:
        """The same for a monitor."""
        if self.interval is None:
            return Endpoint(port=self.port, path=self.path)
        timeout = min(self.interval, _MOST_TIMEOUT)
        return Endpoint(port=self.port, path=self.path, interval=f"{self.interval}s", timeout=f"{timeout}s")


def service_ports(declared: Mapping[str, int | ServicePort]) -> dict[str, ServicePort]:
    """What the component is told: a bare number is that of the Service for the container's port of the same name."""
    return {
        name: one if isinstance(one, ServicePort) else ServicePort(port=one, target=name)
        for name, one in declared.items()
    }


def all_ports(ports: Mapping[str, int], declared: Mapping[str, int | ServicePort]) -> Ports:
    """The ports of a service's containers and of its Service."""
    return Ports(container=ports, service=service_ports(declared))


def default_metrics(ports: Mapping[str, int], declared: Mapping[str, int | ServicePort]) -> MetricsEndpoint:
    """Where a service tells metrics that does not say: its port `metrics` if it has one, else the main one."""
    every = all_ports(ports, declared)
    return MetricsEndpoint(port=_METRICS_PORT if _METRICS_PORT in every.exposed else every.main)


def port_problems(data: Mapping[str, Any]) -> Iterable[Problem]:
    """Ports that clash, lead nowhere, or are missing, in the raw keys of a service."""
    ports = data.get("ports", {"http": 8000})
    if not isinstance(ports, Mapping):
        return
    if "http" not in ports and not _probes_name_ports(data):
        yield Problem(("ports",), "needs a port named 'http', the one that is probed and called")
    yield from _taken(ports, "ports")
    service_ports = data.get("service_ports")
    declared = service_ports if isinstance(service_ports, Mapping) else {}
    for name, one in declared.items():
        target = one.get("target") if isinstance(one, Mapping) else name
        if isinstance(target, str) and target not in ports:
            place = ("service_ports", str(name), *(("target",) if isinstance(one, Mapping) else ()))
            message = f"there is no port {target!r} that it could lead to; ports are: {', '.join(map(str, ports))}"
            yield Problem(place, message, one if not isinstance(one, Mapping) else target)
    numbers = {name: one.get("port") if isinstance(one, Mapping) else one for name, one in declared.items()}
    others = {name: number for name, number in ports.items() if name not in declared}
    yield from _taken({**others, **numbers}, "service_ports", only=declared)
    yield from _unknown_ports(data, list(dict.fromkeys([*ports, *declared])))


def _probes_name_ports(data: Mapping[str, Any]) -> bool:
    """Whether each probe says which port it asks, so that none has to bear the usual name."""
    probes = data.get("probes")
    named = [probes.get(one) for one in ("startup", "liveness", "readiness")] if isinstance(probes, Mapping) else []
    return bool(named) and all(isinstance(one, Mapping) and one.get("port") for one in named)


def _taken(numbers: Mapping[Any, Any], key: str, only: Mapping[Any, Any] | None = None) -> Iterable[Problem]:
    """Names that have the number of an earlier one; `only` are those that are asked about."""
    names: dict[str, Any] = {}
    for name, number in numbers.items():
        # YAML may have the number as text too, which is the same port.
        first = names.setdefault(str(number), name)
        if first != name and (only is None or name in only):
            yield Problem((key, str(name)), f"port {number} is taken by {first!r} of the same service", number)


def _unknown_ports(data: Mapping[str, Any], names: list[Any]) -> Iterable[Problem]:
    probes, metrics = data.get("probes"), data.get("metrics")
    entries: list[tuple[tuple[str | int, ...], Any]] = []
    if isinstance(probes, Mapping):
        entries += [(("probes", str(name)), one) for name, one in probes.items()]
    if isinstance(metrics, (list, tuple)):
        entries += [(("metrics", index), one) for index, one in enumerate(metrics)]
    for path, entry in entries:
        port = entry.get("port", "http") if isinstance(entry, Mapping) else None
        if isinstance(port, str) and port not in names:
            message = f"there is no port {port!r}; ports are: {', '.join(map(str, names))}"
            yield Problem((*path, "port"), message, port)
