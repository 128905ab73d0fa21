"""How far what a container may take lies above what is reserved for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policy.frameworks import nsa
from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.quantities import quantity
from policy.subject import Subject
from policy.values import at
from policy.workloads import WORKLOADS, containers

# Where custom resources state the resources of the pods that their operator makes.
_RESOURCES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    **{
        f"monitoring.coreos.com/{kind}": (("spec", "resources"),)
        for kind in ("Alertmanager", "Prometheus", "PrometheusAgent", "ThanosRuler")
    },
    "postgresql.cnpg.io/Cluster": (("spec", "resources"),),
    **dict.fromkeys(
        ("redis.redis.opstreelabs.in/Redis", "redis.redis.opstreelabs.in/RedisCluster"),
        (("spec", "kubernetesConfig", "resources"), ("spec", "redisExporter", "resources")),
    ),
}


class ResourceRatioConfig(RuleConfig):
    """How many times its request a limit may be, of each resource.

    Memory and disk that were promised twice get pods killed: 4 is what the tiers dev and test use, which request 25 %
    of each limit. CPU is only slowed down, and MinIO may use eight times what it needs at rest.
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
