"""Probes of a service, and how its pods are exchanged: only what differs from the defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from components.workload import args as components
from components.workload.args import RollingUpdate
from components.workload.types import Delay, HttpPath, Share
from stacks.schema.types import Model, PortName, Problem, Seconds


class Probe(Model):
    """What of a probe differs from the default."""

    path: HttpPath | None = Field(None, description="The path that is asked: by default /health, for readiness /ready.")
    port: PortName | None = Field(None, description="The name of the port that is asked, by default http.")
    tcp: bool | None = Field(
        None,
        description="Whether it asks only whether the port is open: for the liveness of what has one path for "
        "everything.",
    )
    initial_delay: Delay | None = Field(
        None, description="How long it waits at first: by default 30 s for liveness, 5 s for readiness, 0 for start-up."
    )
    period: Seconds | None = Field(
        None, description="How often it asks: by default every 10 s for liveness, every 5 s for the others."
    )
    timeout: Seconds | None = Field(
        None, description="How long an answer may take: by default 3 s for readiness, 5 s for the others."
    )
    failures: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="How many failures in a row count: by default 60 for start-up, 3 for the others."
    )

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """A path that nobody would ask."""
        if data.get("tcp") is True and data.get("path") is not None:
            yield Problem(
                ("path",), "is not asked with 'tcp: true', which only opens a connection; remove one of the two"
            )


class Probes(Model):
    """The probes that differ."""

    startup: Probe = Field(
        Probe(), description="Until it succeeds for the first time, the others wait: by default for five minutes."
    )
    liveness: Probe = Field(Probe(), description="When it fails, the container is started anew.")
    readiness: Probe = Field(Probe(), description="While it fails, the pod gets no requests.")

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
    """How pods are exchanged, where it differs."""

    max_surge: Share | None = Field(None, description="How many pods there may be above the replicas, by default 50%.")
    max_unavailable: Share | None = Field(None, description="How many of the replicas may be missing, by default 25%.")
    drain: Delay | None = Field(
        None,
        description="How long a pod that is to stop goes on answering, by default 15 s; 0 for not at all (of an "
        "image without a shell there is no other way).",
    )
    stop: Seconds | None = Field(None, description="How long its process may take after that, by default 30 s.")

    def as_arguments(self) -> RollingUpdate:
        """All figures, the defaults included."""
        names = {"drain": "drain_seconds", "stop": "stop_seconds"}
        return RollingUpdate(**{names.get(key, key): value for key, value in self if value is not None})
