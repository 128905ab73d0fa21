"""What a release is: which share of the traffic a candidate gets when, and what it must hold meanwhile.

An application that is released so has two Deployments. `NAME` is the **candidate**: the one that the program declares,
and that a new version changes. `NAME-primary` is the **stable** one, to which the traffic goes; only a promotion
changes it.
These are Flagger's names and roles; without Flagger `ops canary` does the same with the same objects.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from components.values.model import Model
from components.values.types import Name, Seconds, Url

Strategy = Literal["canary", "blue-green", "ab"]
Mesh = Literal["none", "istio", "gateway-api"]
Controller = Literal["none", "flagger"]
HookType = Literal[
    "confirm-rollout",
    "pre-rollout",
    "rollout",
    "confirm-traffic-increase",
    "confirm-promotion",
    "post-rollout",
    "rollback",
]

# A label of the pods of both Deployments, and of no selector of theirs: what network policies and budgets go by.
APPLICATION_LABEL = "platform.io/application"
# The label by which the two Deployments' pods differ; Flagger takes the first it knows of a Deployment's selector.
TRACK_LABEL = "app.kubernetes.io/name"
# On the object that holds the route: what was declared (the program's), and how far the rollout is (`ops canary`'s).
SPECIFICATION = "platform.io/release"
ROLLOUT = "platform.io/rollout"
# The Gateway of a system's namespace, through which traffic from outside enters the mesh.
GATEWAY_NAME = "entry"
# How to tell the objects of one application to `ops canary`.
APPLICATION = "platform.io/released-application"


def primary_name(name: str) -> str:
    """The name of the stable Deployment and its Service."""
    return f"{name}-primary"


def canary_name(name: str) -> str:
    """The name of the Service in front of the candidate's pods."""
    return f"{name}-canary"


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """What a candidate gets at one moment: `weight` percent of the traffic, the requests that match the release's
    headers (`matched`), and copies of what stable answers (`mirrored`)."""

    weight: int = 0
    matched: bool = False
    mirrored: bool = False

    @property
    def any(self) -> bool:
        """Whether the candidate gets any request."""
        return self.weight > 0 or self.matched or self.mirrored


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric template by name, and the most that it may be, in the template's unit."""

    template: str
    maximum: float


class Cookie(Model):
    """The cookie by which a client stays with the version that it was given."""

    name: Name = Field(description="The name of the cookie.")
    max_age: Seconds = Field(86400, description="How long it lasts.")


class ReleaseWebhook(Model):
    """A webhook of a release; an answer other than 2xx is a refusal."""

    name: Name = Field(description="The name of the webhook.")
    type: HookType = Field(description="The moment of the release at which it is called, in Flagger's words.")
    url: Url = Field(description="The address that is posted to, with Flagger's body.")
    timeout: Seconds = Field(30, description="How long an answer may take.")
    metadata: Mapping[str, str] = Field({}, description="What the body has besides, by key.")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Where traffic from outside enters for a `host`: the `gateway` object, as NAMESPACE/NAME.

    `paths` (prefixes) are the requests to that host that are the application's.
    """

    host: str
    gateway: str
    paths: Sequence[str] = ("/",)

    @property
    def whole_host(self) -> bool:
        """Whether all requests to the host are the application's, so that no route has to name paths."""
        return "/" in self.paths


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How long a request may take in all and at each attempt, in seconds, and how often it is tried again.

    The defaults fit the probes of the AstrBot document (section 3.3): an attempt may take as long as a liveness probe
    (5 s), and all of them as long as a pod that is stopped goes on answering (preStop, 15 s).
    """

    total: int = 15
    attempt: int = 5
    retries: int = 2


@dataclass(frozen=True, kw_only=True)
class Release:
    """How the versions of one application are exchanged.

    `steps` are the candidate's weights in percent, rising (canary). `interval` is the time between two checks in
    seconds, `window` the time that a metric is taken over; after `failures` bad checks the candidate is taken back.
    `checks` is how many must be good before the promotion, for blue-green and ab, which have no steps. `approval` waits
    for `ops canary promote` before it. `maximum_duration` in seconds ends a release that does not come to an end.
    """

    strategy: Strategy
    mesh: Mesh
    controller: Controller
    steps: Sequence[int] = ()
    checks: int = 10
    interval: int = 30
    window: str = "2m"
    failures: int = 1
    metrics: Sequence[Metric] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    cookie: Cookie | None = None
    mirror: bool = False
    approval: bool = False
    webhooks: Sequence[ReleaseWebhook] = ()
    alert: str | None = None
    maximum_duration: int = 3600
    entry: Entry | None = None
    timeouts: Timeouts = Timeouts()

    @property
    def stages(self) -> tuple[Exposure, ...]:
        """What the candidate gets, one after the other; each lasts until a good check at its end."""
        mirrored = (Exposure(mirrored=True),) if self.mirror else ()
        if self.strategy == "blue-green":
            return mirrored + (Exposure(weight=100),) * self.checks
        if self.strategy == "ab":
            return mirrored + (Exposure(matched=True),) * self.checks
        return mirrored + tuple(Exposure(weight=weight, matched=bool(self.headers)) for weight in self.steps)

    @property
    def by_selector(self) -> bool:
        """Whether there is no mesh, so that the Service's selector is all that can be moved."""
        return self.mesh == "none"


def pods_needed(exposure: Exposure, stable: int) -> int:
    """How many ready pods a candidate needs for an exposure beside `stable` pods: its share of them, one at least."""
    return max(1, math.ceil(stable * exposure.weight / 100)) if exposure.any else 0
