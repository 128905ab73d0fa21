"""Probes of a service, and how its pods are exchanged: only what differs from the defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from components.workload import args as components
from components.workload.args import RollingUpdate
from stacks.schema.service.types import Delay, HttpPath, Share
from stacks.schema.types import Model, PortName, Problem, Seconds


class Probe(Model):
    """What of a probe differs from the default; `port` is the name of a port, `failures` consecutive ones.

    `tcp` asks whether the port is open, and nothing more: for the liveness of what has one path for everything.
    """

    path: HttpPath | None = None
    port: PortName | None = None
    tcp: bool | None = None
    initial_delay: Delay | None = None
    period: Seconds | None = None
    timeout: Seconds | None = None
    failures: Annotated[int, Field(ge=1, le=1000)] | None = None

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """A path that nobody would ask."""
        if data.get("tcp") is True and data.get("path") is not None:
            yield Problem(
                ("path",), "is not asked with 'tcp: true', which only opens a connection; remove one of the two"
            )


class Probes(Model):
    """The probes that differ; see `components.workload.args` for the defaults."""

    startup: Probe = Probe()
    liveness: Probe = Probe()
    readiness: Probe = Probe()

    def as_arguments(self) -> components.Probes:
        """All probes, the defaults included."""
        default = components.Probes()
        return components.Probes(
            startup=_changed(default.startup, self.startup),
            liveness=_changed(default.liveness, self.liveness),
            readiness=_changed(default.readiness, self.readiness),
        )


def _changed(default: components.HttpProbe, probe: Probe) -> components.HttpProbe:
    return replace(default, **probe.model_dump(exclude_none=True))


class Rollout(Model):
    """How pods are exchanged, where it differs: numbers or shares of pods, and times.

    `drain` is how long a pod that is to stop goes on answering, 0 for not at all (of an image without a shell there is
    no other way); `stop` how long its process may take after that.
    """

    max_surge: Share | None = None
    max_unavailable: Share | None = None
    drain: Delay | None = None
    stop: Seconds | None = None

    def as_arguments(self) -> RollingUpdate:
        """All figures, the defaults included."""
        names = {"drain": "drain_seconds", "stop": "stop_seconds"}
        return RollingUpdate(**{names.get(key, key): value for key, value in self if value is not None})
