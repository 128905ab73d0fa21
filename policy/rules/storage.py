"""How much is stored, and where."""

from __future__ import annotations

from collections.abc import Iterator

from policy.inventory import listed
from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.quantities import quantity
from policy.subject import Subject
from policy.values import at, text
from policy.volumes import VOLUME_OWNERS, Volume, volumes
from policy.workloads import WORKLOADS, pod_spec


class VolumeSizeConfig(RuleConfig):
    """The smallest and the largest volume, as quantities, and whether each must name its storage class."""

    minimum: str = "1Gi"
    maximum: str = "2Ti"
    storage_class: bool = True


@resource_rule(
    About(
        name="volume-size",
        title="Volumes have a sensible size and a storage class",
        description=(
            "A persistent volume is of a size that somebody meant, since it can grow and never shrink, and names its "
            "class: the default differs from cluster to cluster, and with it speed, encryption and what happens at "
            "deletion."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=(
            "Set the size to what is stored in a year and the reserve that the alerts on it assume.",
            "Name a storage class that encrypts and can expand.",
        ),
    ),
    applies_to=VOLUME_OWNERS,
    config=VolumeSizeConfig,
)
def volume_size(owner: Subject, config: VolumeSizeConfig) -> Iterator[Violation]:
    """Each volume that is out of bounds, and each that takes whatever class there is."""
    for volume in volumes(owner):
        problem = _out_of_bounds(volume, config)
        if problem:
            fix = f"choose from {config.minimum} to {config.maximum}"
            yield Violation(field=volume.size_field, problem=problem, fix=fix)
        if config.storage_class and not text(volume.storage_class):
            yield Violation(field=volume.class_field, problem="is missing", fix="name a storage class")


def _out_of_bounds(volume: Volume, config: VolumeSizeConfig) -> str:
    size = quantity(volume.size)
    if volume.size is None:
        return "is missing"
    if size is None:
        return ""
    if size < (quantity(config.minimum) or 0):
        return f"is below {config.minimum}"
    return f"is above {config.maximum}" if size > (quantity(config.maximum) or size) else ""


@resource_rule(
    About(
        name="scratch-limits",
        title="Scratch volumes are bounded",
        description="An emptyDir has a sizeLimit: without one a pod can fill the disk or the memory of its node.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=("Set emptyDir.sizeLimit, and for `medium: Memory` count it into the container's memory.",),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
)
def scratch_limits(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each emptyDir that may grow without end."""
    for index, volume in enumerate(listed(pod_spec(workload), "volumes")):
        if volume.get("emptyDir") is not None and not at(volume, "emptyDir", "sizeLimit"):
            name = text(volume.get("name")) or f"#{index + 1}"
            yield Violation(field=f"volume {name}", problem="has no sizeLimit", fix="set it")
