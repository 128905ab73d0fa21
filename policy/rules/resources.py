"""What a container may take: requests and limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from policy import cel
from policy.frameworks import nsa
from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.subject import Subject
from policy.values import at
from policy.workloads import WORKLOADS, containers

Resource = Literal["cpu", "memory", "ephemeral-storage"]
_ALL: tuple[Resource, ...] = ("cpu", "memory", "ephemeral-storage")
_ZERO = re.compile(r"(?=\.?0)0*\.?0*([eE][+-]?[0-9]+|[A-Za-z]*)")
_PURPOSE = {
    "requests": "set it to what the container needs at rest, which is what the scheduler reserves",
    "limits": "set it to the most that the container may use before others on its node suffer",
}


class ResourceLimitsConfig(RuleConfig):
    """Which requests and which limits every container must state."""

    requests: tuple[Resource, ...] = _ALL
    limits: tuple[Resource, ...] = _ALL


@resource_rule(
    About(
        name="resource-limits",
        title="Containers state requests and limits",
        description=(
            "Every container, init containers too, requests CPU, memory and ephemeral storage and limits them: one "
            "without can starve or evict whatever else runs on its node."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(nsa("Network separation and hardening: resource policies"),),
        remediation=(
            "Measure the container at rest and under load.",
            "Set resources.requests to the former and resources.limits to the latter, for cpu, memory and "
            "ephemeral-storage.",
            "Do the same for init containers, which run before any other.",
        ),
    ),
    applies_to=WORKLOADS,
    config=ResourceLimitsConfig,
    admission=cel.RESOURCE_LIMITS,
)
def resource_limits(workload: Subject, config: ResourceLimitsConfig) -> Iterator[Violation]:
    """Each request and each limit that a container of the workload lacks."""
    for container in containers(workload):
        for bound, resources in (("requests", config.requests), ("limits", config.limits)):
            for resource in resources:
                problem = _problem(at(container.props, "resources", bound, resource))
                if problem:
                    field = f"resources.{bound}.{resource}"
                    yield Violation(container=container.label, field=field, problem=problem, fix=_PURPOSE[bound])


def _problem(quantity: Any) -> str | None:
    """What is wrong with a quantity, if anything. A bound of nothing satisfies the API server and bounds nothing."""
    if quantity is None or quantity == "":
        return "is missing"
    return "is zero" if _ZERO.fullmatch(str(quantity)) else None
