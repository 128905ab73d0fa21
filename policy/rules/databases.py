"""PostgreSQL as its operator runs it; with `redis` the only rules that are about one store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from components.kubernetes.operator_kinds import SECRET
from components.stores.postgres.kinds import ARCHIVE, CLUSTER, POOLER, ROLE, SCHEDULE
from policy.engine.model import About, Level, RuleConfig, Severity, Violation, pci, resource_rule, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import each
from policy.facts.references import references
from policy.facts.values import at, items, mapping, text, whole

_OLD_TLS = ("TLSv1", "TLSv1.1")


class PostgresInstancesConfig(RuleConfig):
    """`minimum`: the fewest instances. Three: one may fail while another is being replaced."""

    minimum: int = 3


@resource_rule(
    About(
        name="postgres-instances",
        title="Databases have a standby to fall back on",
        description="A PostgreSQL cluster has three instances or more, which do not share a node.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        levels={"dev": Level.DISABLED, "test": Level.ADVISORY},
        remediation=(
            "Set spec.instances to 3.",
            "Leave affinity.enablePodAntiAffinity on, with podAntiAffinityType required over zones.",
        ),
    ),
    applies_to={CLUSTER},
    config=PostgresInstancesConfig,
)
def postgres_instances(cluster: Subject, config: PostgresInstancesConfig) -> Iterator[Violation]:
    """Too few instances, and instances that may go down together."""
    stated = whole(at(cluster.props, "spec", "instances"))
    instances = 1 if stated is None else stated
    if instances < config.minimum:
        problem = f"is {instances}, below {config.minimum}"
        yield Violation(field="spec.instances", problem=problem, fix=f"set it to {config.minimum} or more")
    if at(cluster.props, "spec", "affinity", "enablePodAntiAffinity") is False:
        yield Violation(field="spec.affinity.enablePodAntiAffinity", problem="is false", fix="remove it")


@resource_rule(
    About(
        name="postgres-superuser",
        title="Nobody logs in as the superuser",
        description="The superuser `postgres` has no password, so that applications cannot use it over the network.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(pci("2.2.2, 8.6.1"),),
        remediation=("Set enableSuperuserAccess to false, and give each application a role of its own.",),
    ),
    applies_to={CLUSTER},
    config=RuleConfig,
)
def postgres_superuser(cluster: Subject, config: RuleConfig) -> Iterator[Violation]:
    """A superuser who can log in over the network. Off is the operator's default."""
    if at(cluster.props, "spec", "enableSuperuserAccess") is True:
        yield Violation(field="spec.enableSuperuserAccess", problem="is true", fix="set it to false")


@resource_rule(
    About(
        name="postgres-tls",
        title="Databases speak TLS only",
        description=(
            "The operator gives every PostgreSQL cluster certificates; no entry of pg_hba lets clients in without "
            "them or without a password, and TLS is not older than 1.2."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(pci("2.2.7, 4.2.1"),),
        remediation=(
            "Begin entries of postgresql.pg_hba with hostssl, and use scram-sha-256 or cert.",
            "Leave ssl_min_protocol_version at the operator's default, TLSv1.3, or set TLSv1.2.",
        ),
    ),
    applies_to={CLUSTER},
    config=RuleConfig,
)
def postgres_tls(cluster: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each entry that lets clients in unencrypted or unasked, and versions of TLS that are broken."""
    field = "spec.postgresql"
    for index, entry in enumerate(items(at(cluster.props, *field.split("."), "pg_hba"))):
        words = text(entry).split()
        if words[:1] in (["host"], ["hostnossl"], ["hostnogssenc"]) and "reject" not in words:
            yield Violation(field=f"{field}.pg_hba[{index}]", problem="does without TLS", fix="begin it with hostssl")
        if "trust" in words:
            yield Violation(field=f"{field}.pg_hba[{index}]", problem="asks for no password", fix="use scram-sha-256")
    parameters = mapping(at(cluster.props, *field.split("."), "parameters"))
    if text(parameters.get("ssl_min_protocol_version")) in _OLD_TLS:
        name = f"{field}.parameters.ssl_min_protocol_version"
        yield Violation(field=name, problem="is older than TLSv1.2", fix="remove it")
    if text(parameters.get("ssl")).lower() in ("off", "false", "no", "0"):
        yield Violation(field=f"{field}.parameters.ssl", problem="is off", fix="remove it")


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
        for schedule in stack.of_type(SCHEDULE)
        if at(schedule.props, "spec", "suspend") is not True
    }
    yield from each(stack.of_type(CLUSTER), partial(_unscheduled, scheduled))


def _unscheduled(scheduled: set[tuple[str, str]], cluster: Subject) -> Iterator[Violation]:
    if (cluster.namespace, text(at(cluster.props, "metadata", "name"))) not in scheduled:
        yield Violation(
            subject=cluster,
            field="its data",
            problem="is backed up by no ScheduledBackup",
            fix="add one whose spec.cluster.name is this cluster",
        )


_EXTERNAL_SECRET = "external-secrets.io/ExternalSecret"


class PostgresSecretsConfig(RuleConfig):
    """`label`: the one by which the operator is told of a Secret's changes; its value does not matter."""

    label: str = "cnpg.io/reload"


@stack_rule(
    About(
        name="postgres-secrets",
        title="The operator is told when a password of a database changes",
        description=(
            "Every Secret that a CloudNativePG object or its archive names bears the label `cnpg.io/reload`, also one "
            "that External Secrets makes (in the template of its target). The operator watches no other Secret: a "
            "rotated password is set in the database when something else makes it look, and until then nobody logs in."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(pci("8.6.3"),),
        remediation=(
            'Give the Secret the label cnpg.io/reload: "true".',
            "Of an ExternalSecret: give it to spec.target.template.metadata.labels.",
        ),
    ),
    config=PostgresSecretsConfig,
)
def postgres_secrets(stack: Stack, config: PostgresSecretsConfig) -> Iterator[Violation]:
    """Each Secret whose changes the operator misses."""
    readers = dict[tuple[str, str], Subject]()
    yield from each(stack.of_type(CLUSTER, ROLE, POOLER, ARCHIVE), partial(_note_readers, readers))
    yield from each(stack.of_type(SECRET, _EXTERNAL_SECRET), partial(_unwatched, config, readers))


def _note_readers(readers: dict[tuple[str, str], Subject], reader: Subject) -> Iterator[Violation]:
    for one in references(reader):
        if one.object_type == SECRET:
            readers.setdefault((reader.namespace, one.name), reader)
    yield from ()


def _unwatched(
    config: PostgresSecretsConfig, readers: Mapping[tuple[str, str], Subject], secret: Subject
) -> Iterator[Violation]:
    path, target = ["metadata", "labels"], mapping(at(secret.props, "spec", "target"))
    if target.get("template") is not None:
        # Only without a template the Secret gets the labels of the ExternalSecret itself.
        path = ["spec", "target", "template", *path]
    name = text(target.get("name")) or text(at(secret.props, "metadata", "name"))
    reader = readers.get((secret.namespace, name))
    if reader and config.label not in mapping(at(secret.props, *path)):
        yield Violation(
            subject=secret,
            field=f"{'.'.join(path)}.{config.label}",
            problem=f"is missing, and {reader.label} reads the Secret",
            fix='set it to "true", so that the operator is told of changes',
        )
