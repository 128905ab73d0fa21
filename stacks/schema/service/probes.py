"""Probes of a service: only what differs from the defaults, which are others for each of the three."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from components.workload.args import HttpProbe, Probes
from components.workload.types import Delay, HttpPath
from stacks.schema.types import Model, PortName, Problem, Seconds


class ProbeConfig(Model):
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

    def contradictions(self) -> Iterable[Problem]:
        """A path that nobody would ask."""
        if self.tcp and self.path is not None:
            yield Problem(
                ("path",), "is not asked with 'tcp: true', which only opens a connection; remove one of the two"
            )


class ProbesConfig(Model):
    """The probes that differ."""

    startup: ProbeConfig = Field(
        ProbeConfig(), description="Until it succeeds for the first time, the others wait: by default for five minutes."
    )
    liveness: ProbeConfig = Field(ProbeConfig(), description="When it fails, the container is started anew.")
    readiness: ProbeConfig = Field(ProbeConfig(), description="While it fails, the pod gets no requests.")

    def as_arguments(self) -> Probes:
        """All probes, the defaults included."""
        default = Probes()
        return Probes(
            startup=_changed(default.startup, self.startup),
            liveness=_changed(default.liveness, self.liveness),
            readiness=_changed(default.readiness, self.readiness),
        )


def _changed(default: HttpProbe, probe: ProbeConfig) -> HttpProbe:
    return replace(default, **probe.model_dump(exclude_none=True))
