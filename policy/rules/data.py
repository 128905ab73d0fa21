"""Data: how much is stored and where, that it stays when what it is in goes, and what is left after a disaster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pulumi_policy.proxy import UnknownValueError

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, pci, resource_rule, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import each, listed
from policy.facts.owners import Owners
from policy.facts.values import at, mapping, quantity, text
from policy.facts.volumes import VOLUME_OWNERS, Volume, volumes
from policy.facts.workloads import WORKLOADS, pod_spec


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


# What a release leaves behind are definitions, and no data.
_RELEASES = ("helm.sh/Release", "helm.sh/Chart")
# More than these names of what is owned tell nobody more.
_NAMED = 3


class ProtectedOwnersConfig(RuleConfig):
    """Nothing to set: an owner that may go with its data needs an exemption that says why."""


@stack_rule(
    About(
        name="protected-owners",
        title="What protected data goes with is protected too",
        description=(
            "The namespace of a protected resource, its storage class and definition, what a protected database cannot "
            "come back without, the key of a protected bucket and the cluster of all of it have the option `protect` "
            "as well. Else a line that is deleted from an environment's file takes the data along, protected or not. "
            "What has `retain_on_delete` alone needs an owner with either of the two: so a preview from memory judges "
            "it, while the Pulumi engine tells policies of `protect` alone."
        ),
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        remediation=(
            "Give the owner the options of `components.kubernetes.objects.kept`, from what declares the data.",
            "Of a namespace: say `protect` in the footprint of what is in it.",
        ),
    ),
    config=ProtectedOwnersConfig,
)
def protected_owners(stack: Stack, config: ProtectedOwnersConfig) -> Iterator[Violation]:
    """Each owner that is less protected than what it owns."""
    owners, unknown = stack.once(Owners), list[UnknownValueError]()
    lacking: dict[tuple[str, str], tuple[Subject, list[Subject]]] = {}
    for owned in filter(_is_kept, stack.subjects):
        try:
            for owner, verb in owners.of(owned):
                if not (owner.protect or (owner.retained and not owned.protect)):
                    lacking.setdefault((owner.urn, verb), (owner, []))[1].append(owned)
        except UnknownValueError as error:
            unknown.append(error)
    for (_, verb), (owner, owned_by_it) in lacking.items():
        yield Violation(
            subject=owner,
            field="protect",
            problem=f"is not set, but it {verb} {_listed(owned_by_it)}",
            fix="set it here too, or deleting this takes the other along",
        )
    if unknown:
        raise unknown[0]


def _is_kept(subject: Subject) -> bool:
    return subject.protect or (subject.retained and subject.object_type not in _RELEASES)


def _listed(subjects: Sequence[Subject]) -> str:
    """`StatefulSet shop/minio, which is protected`, or the first few, those with volumes, and how many more."""
    first = sorted(subjects, key=lambda one: one.object_type not in VOLUME_OWNERS)[:_NAMED]
    named = ", ".join(one.label for one in first)
    more = f" and {len(subjects) - _NAMED} more" if len(subjects) > _NAMED else ""
    how = "protected" if any(one.protect for one in subjects) else "retained"
    return f"{named}{more}, which {'is' if len(subjects) == 1 else 'are'} {how}"


_CLAIM, _STATEFUL_SET = "core/PersistentVolumeClaim", "apps/StatefulSet"


class VolumeBackupConfig(RuleConfig):
    """What shows that a volume is backed up.

    `annotations` and `labels` on the claim (or on the pod template, for Velero) that name a backup or say why none is
    needed: any value but the empty one counts.
    """

    annotations: tuple[str, ...] = ("platform.io/backup", "backup.velero.io/backup-volumes")
    labels: tuple[str, ...] = ("platform.io/backup", "velero.io/include-in-backup")


@stack_rule(
    About(
        name="volume-backup",
        title="Every volume has a backup, or says why it needs none",
        description=(
            "Every PersistentVolumeClaim and volumeClaimTemplate of production carries the annotation "
            "`platform.io/backup` with the backup that covers it, or with the reason why its content can be lost."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        levels={"dev": Level.DISABLED, "test": Level.DISABLED, "staging": Level.ADVISORY},
        frameworks=(pci("9.4.1.1"),),
        remediation=(
            "Back the volume up: a VolumeSnapshot schedule, Velero, or replication to a bucket.",
            "Name that backup in the claim's annotation platform.io/backup, or write there why there is none.",
        ),
    ),
    config=VolumeBackupConfig,
)
def volume_backup(stack: Stack, config: VolumeBackupConfig) -> Iterator[Violation]:
    """Each claim that says nothing of a backup."""
    yield from each(stack.of_type(_CLAIM, _STATEFUL_SET), partial(_uncovered, config))


def _uncovered(config: VolumeBackupConfig, subject: Subject) -> Iterator[Violation]:
    for field, carriers in _claims(subject):
        if not any(_covered(config, carrier) for carrier in carriers):
            yield Violation(
                subject=subject,
                field=f"{field}metadata.annotations.{config.annotations[0] if config.annotations else 'backup'}",
                problem="is missing",
                fix="name the backup that covers the volume, or say why it needs none",
            )


def _claims(subject: Subject) -> Iterator[tuple[str, tuple[Mapping[str, Any], ...]]]:
    """Each claim of an object: its path, and what can say that it is backed up."""
    if subject.object_type == _CLAIM:
        yield "", (subject.props,)
        return
    pods = mapping(at(subject.props, "spec", "template"))
    for index, claim in enumerate(listed(subject.props, "spec", "volumeClaimTemplates")):
        yield f"spec.volumeClaimTemplates[{index}].", (claim, pods)


def _covered(config: VolumeBackupConfig, carrier: Mapping[str, Any]) -> bool:
    annotations, labels = (mapping(at(carrier, "metadata", kind)) for kind in ("annotations", "labels"))
    return any(annotations.get(key) for key in config.annotations) or any(labels.get(key) for key in config.labels)
