"""What is left after a disaster: backups of databases and of volumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from policy.frameworks import pci
from policy.inventory import each, listed
from policy.model import About, Level, RuleConfig, Severity, Violation, stack_rule
from policy.subject import Stack, Subject
from policy.values import at, mapping, text

_CLUSTER, _SCHEDULE = "postgresql.cnpg.io/Cluster", "postgresql.cnpg.io/ScheduledBackup"
_CLAIM, _STATEFUL_SET = "core/PersistentVolumeClaim", "apps/StatefulSet"


class DatabaseBackupConfig(RuleConfig):
    """Nothing to set: a database that needs no backup needs an exemption that says why."""


@stack_rule(
    About(
        name="database-backup",
        title="Every PostgreSQL cluster has a scheduled backup",
        description=(
            "Every CloudNativePG Cluster of production is named by a ScheduledBackup that is not suspended. Replicas "
            "are no backup: they repeat a wrong DELETE within a second."
        ),
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        levels={"dev": Level.DISABLED, "test": Level.DISABLED, "staging": Level.ADVISORY},
        frameworks=(pci("9.4.1.1"),),
        remediation=(
            "Make an ObjectStore (barmancloud.cnpg.io/v1) with retentionPolicy; name it in the Cluster's plugins.",
            "Make a ScheduledBackup with `method: plugin` and `cluster.name` of the Cluster.",
            "Restore it once into a scratch namespace; an untried backup is a hope.",
        ),
    ),
    config=DatabaseBackupConfig,
)
def database_backup(stack: Stack, config: DatabaseBackupConfig) -> Iterator[Violation]:
    """Each cluster that no schedule names."""
    scheduled = {
        (schedule.namespace, text(at(schedule.props, "spec", "cluster", "name")))
        for schedule in stack.of_type(_SCHEDULE)
        if at(schedule.props, "spec", "suspend") is not True
    }
    yield from each(stack.of_type(_CLUSTER), partial(_unscheduled, scheduled))


def _unscheduled(scheduled: set[tuple[str, str]], cluster: Subject) -> Iterator[Violation]:
    if (cluster.namespace, text(at(cluster.props, "metadata", "name"))) not in scheduled:
        yield Violation(
            subject=cluster,
            field="its data",
            problem="is backed up by no ScheduledBackup",
            fix="add one whose spec.cluster.name is this cluster",
        )


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
