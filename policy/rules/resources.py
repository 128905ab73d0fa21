"""What a container may take and what is reserved for it; who is scheduled first when there is not room for all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from policy.engine import cel
from policy.engine.model import About, Level, RuleConfig, Severity, Violation, nsa, resource_rule
from policy.engine.subject import Subject
from policy.facts.kinds import KINDS, PRIORITISED
from policy.facts.values import at, quantity
from policy.facts.workloads import RUN_TO_COMPLETION, WORKLOADS, containers, pod_spec, priority_class_name

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


# Where custom resources state the resources of the pods that their operator makes.
_RESOURCES = {name: one.resources for name, one in KINDS.items() if one.resources}


class ResourceRatioConfig(RuleConfig):
    """How many times its request a limit may be, of each resource.

    Memory and disk that were promised twice get pods killed: 4 is what the tiers dev and test use, which request 25 %
    of each limit. CPU is only slowed down, and a store of buckets may use eight times what it needs at rest.
    """

    cpu: float = 8
    memory: float = 4
    ephemeral_storage: float = 4


@resource_rule(
    About(
        name="resource-ratio",
        title="Limits stay near requests",
        description=(
            "The limit of a container is no more than some times its request, so that pods which all use what they "
            "may do not ask for many times what their node has."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(nsa("Network separation and hardening: resource policies"),),
        remediation=(
            "Raise the request to what the container uses on an ordinary day.",
            "Or lower the limit to what it has ever used.",
        ),
    ),
    applies_to={*WORKLOADS, *_RESOURCES},
    config=ResourceRatioConfig,
)
def resource_ratio(owner: Subject, config: ResourceRatioConfig) -> Iterator[Violation]:
    """Each limit that is too far above its request."""
    bounds = {"cpu": config.cpu, "memory": config.memory, "ephemeral-storage": config.ephemeral_storage}
    for container, field, resources in _stated(owner):
        for name, most in bounds.items():
            ratio = _ratio(at(resources, "limits", name), at(resources, "requests", name))
            if ratio > most:
                yield Violation(
                    container=container,
                    field=f"{field}.limits.{name}",
                    problem=f"is {ratio:.3g} times the request, more than {most:g} times",
                    fix="raise the request or lower the limit",
                )


def _stated(owner: Subject) -> Iterator[tuple[str, str, Any]]:
    """(container, field, what stands there): each statement of resources."""
    if owner.object_type in WORKLOADS:
        for container in containers(owner):
            yield container.label, "resources", container.props.get("resources")
    for path in _RESOURCES.get(owner.object_type, ()):
        yield "", ".".join(path), at(owner.props, *path)


def _ratio(limit: Any, request: Any) -> float:
    """How many times the request the limit is; 0 where either is missing, which `resource-limits` tells."""
    most, least = quantity(limit), quantity(request)
    # Rounded: 0.1 + 0.2 is not to be a violation.
    return round(most / least, 6) if most and least else 0


# One environment of a developer has nobody to compete with; test shows what prod would say.
_PRODUCTION_LIKE = {"dev": Level.DISABLED, "test": Level.ADVISORY}


class PriorityClassConfig(RuleConfig):
    """`reserved`: classes that are Kubernetes' own."""

    reserved: tuple[str, ...] = ("system-cluster-critical", "system-node-critical")


@resource_rule(
    About(
        name="priority-class",
        title="Pods say how important they are",
        description=(
            "Every long-running workload, also one of an operator, names a priority class: without one all are equal, "
            "and a batch job can keep the database from being scheduled again after a node is lost."
        ),
        severity=Severity.LOW,
        level=Level.MANDATORY,
        levels=_PRODUCTION_LIKE,
        remediation=("Make a few PriorityClasses for the platform and name one in priorityClassName.",),
    ),
    applies_to={*(WORKLOADS - RUN_TO_COMPLETION), *PRIORITISED},
    config=PriorityClassConfig,
)
def priority_class(owner: Subject, config: PriorityClassConfig) -> Iterator[Violation]:
    """Pods without a class, and pods that pass for a part of Kubernetes."""
    field, name = priority_class_name(owner)
    has_pods = owner.object_type in PRIORITISED or bool(pod_spec(owner))
    if has_pods and (not name or name in config.reserved):
        problem = f"is {name}" if name else "is missing"
        yield Violation(field=field, problem=problem, fix="name a class of the platform")
