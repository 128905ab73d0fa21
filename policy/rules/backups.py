"""Where PostgreSQL's backups go: out of the cluster that they are to outlive, where somebody was promised so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from urllib.parse import urlsplit

from components.stores.postgres.kinds import ARCHIVE, CLUSTER
from policy.engine.model import About, Level, RuleConfig, Severity, Violation, pci, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import each, listed
from policy.facts.values import at, duration, mapping, text

# CloudNativePG's own, in seconds (1.30, pkg/postgres/configuration.go).
_ARCHIVE_TIMEOUT = 300


class BackupsElsewhereConfig(RuleConfig):
    """`annotation`: the one by which a Cluster promises how much may be lost with it (a time such as 300s)."""

    annotation: str = "platform.io/recovery-point"


@stack_rule(
    About(
        name="backups-elsewhere",
        title="A promised recovery point does not lie in the cluster that is lost",
        description=(
            "A PostgreSQL cluster with the annotation `platform.io/recovery-point` (the tier's `recovery_point`) "
            "archives to an object store outside of the cluster that it runs in, and closes its WAL files in that "
            "time. Backups beside the data go with the data: with the namespace, the volumes, the region."
        ),
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        frameworks=(pci("9.4.1.1"),),
        remediation=(
            "Say object_storage: {kind: s3} of the system, with a bucket for backups in another region.",
            "Or promise nothing: set overrides.database.recovery_point to null.",
        ),
    ),
    config=BackupsElsewhereConfig,
)
def backups_elsewhere(stack: Stack, config: BackupsElsewhereConfig) -> Iterator[Violation]:
    """Each archive of a cluster with a promise that goes with it, and each that comes too late."""
    stores = {(one.namespace, text(at(one.props, "metadata", "name"))): one for one in stack.of_type(ARCHIVE)}
    yield from each(stack.of_type(CLUSTER), partial(_lost, config, stores))


def _lost(
    config: BackupsElsewhereConfig, stores: Mapping[tuple[str, str], Subject], cluster: Subject
) -> Iterator[Violation]:
    promised = text(mapping(at(cluster.props, "metadata", "annotations")).get(config.annotation))
    if not promised:
        return
    archivers = [one for one in listed(cluster.props, "spec", "plugins") if one.get("isWALArchiver") is True]
    if not archivers:
        problem = f"archives no WAL, and {promised} of loss are promised at the most"
        yield Violation(subject=cluster, field="spec.plugins", problem=problem, fix="add the Barman Cloud plugin")
    for archiver in archivers:
        store = stores.get((cluster.namespace, text(at(archiver, "parameters", "barmanObjectName"))))
        host = _host(store) if store else ""
        if store and _in_cluster(host):
            yield Violation(
                subject=store,
                field="spec.configuration.endpointURL",
                problem=f"leads to {host}, which goes with {cluster.label}, of which a loss of {promised} is promised",
                fix="archive to a bucket outside of the cluster: object_storage with kind s3",
            )
    yield from _too_late(cluster, promised)


def _too_late(cluster: Subject, promised: str) -> Iterator[Violation]:
    field = "spec.postgresql.parameters.archive_timeout"
    stated = text(at(cluster.props, *field.split(".")))
    timeout = duration(stated.replace("min", "m")) if stated else _ARCHIVE_TIMEOUT
    if (timeout or 0) > (duration(promised) or 0):
        problem = f"is {stated or '5min by default'}, longer than the {promised} that are promised"
        yield Violation(subject=cluster, field=field, problem=problem, fix="lower it, or promise less")


def _host(store: Subject) -> str:
    endpoint = text(at(store.props, "spec", "configuration", "endpointURL"))
    return urlsplit(endpoint).hostname or "" if endpoint else ""


def _in_cluster(host: str) -> bool:
    """Whether a host is one of cluster DNS: a Service's name, with or without its namespace and what follows."""
    labels = host.split(".")
    return bool(host) and (len(labels) == 1 or "svc" in labels[1:] or host.endswith(".cluster.local"))
