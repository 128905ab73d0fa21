"""How the kubelet asks a service whether it has started, is alive, and is ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import ProbeArgsDict


@dataclass(frozen=True, kw_only=True)
class HttpProbe:
    """An HTTP GET by the kubelet of a port by name; periods and timeouts in seconds, `failures` in consecutive probes.

    With `tcp` it only opens a connection. The defaults of `initial_delay` and `port` are none and `http`.
    """

    path: str
    port: str = "http"
    tcp: bool = False
    initial_delay: int = 0
    period: int
    timeout: int
    failures: int


@dataclass(frozen=True, kw_only=True)
class Probes:
    """The defaults are those of the AstrBot document, section 3.3 (rolling update).

    The start-up probe is the program's own: five minutes for the first answer, during which the liveness probe
    waits, so that a slow start is not killed half-way.
    """

    startup: HttpProbe = HttpProbe(path="/health", period=5, timeout=5, failures=60)
    liveness: HttpProbe = HttpProbe(path="/health", initial_delay=30, period=10, timeout=5, failures=3)
    readiness: HttpProbe = HttpProbe(path="/ready", initial_delay=5, period=5, timeout=3, failures=3)


def probe_spec(probe: HttpProbe, port: str) -> ProbeArgsDict:
    """The field of a container; `port` is the container's name of the probe's port."""
    return {
        **({"tcp_socket": {"port": port}} if probe.tcp else {"http_get": {"path": probe.path, "port": port}}),
        "initial_delay_seconds": probe.initial_delay,
        "period_seconds": probe.period,
        "timeout_seconds": probe.timeout,
        "failure_threshold": probe.failures,
    }
