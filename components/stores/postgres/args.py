"""What a database is told: plain values, all known before anything is registered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope
from components.kubernetes.network import Peer
from components.kubernetes.quantity import Bytes
from components.monitoring.catalogue import SOURCES
from components.platform.credentials import Credential
from components.stores.backups import BackupTarget
from components.stores.postgres.archiver import archiver
from components.stores.postgres.parameters import RESERVED_CONNECTIONS, PostgresParameters

PORT = 5432
OPERATOR_NAMESPACE = "cnpg-system"
DUMP_NAME = "postgresql-backup"
# CloudNativePG 1.30, internal/controller/cluster_predicates.go (hasReloadLabelSet): the operator is told of changes of
# the Secrets that bear this label, and of no other that it has not made itself.
WATCHED = {"cnpg.io/reload": "true"}
# A hand-over of the password has two users connected at a time, and a pooler keeps a pool for each.
_USERS = 2
POOLER = ContainerResources.of("100m", "1", "64Mi", "128Mi")
DUMP = ContainerResources.of("250m", "1", "256Mi", "512Mi")


@dataclass(frozen=True, kw_only=True)
class PoolerArgs:
    """PgBouncer in front of the primary and, where there are replicas, in front of them: `instances` pods each.

    The document has no pooler; a PgBouncer takes one core at the most, and 2 kB a client connection.
    """

    instances: int
    resources: ContainerResources = POOLER
    max_client_connections: int = 1000

    def pool_size(self, max_connections: int) -> int:
        """Connections that each pooler may open for a user: all poolers and users together fit `max_connections`."""
        return max(1, (max_connections - RESERVED_CONNECTIONS) // (self.instances * _USERS))


@dataclass(frozen=True, kw_only=True)
class BackupArgs:
    """Base backups and WAL by the Barman Cloud plugin, and a logical dump a day.

    `retention_days` for base backups and the WAL they need; `dump_retention_days` is the document's 7 (section 6.1).
    `schedule` has CloudNativePG's six fields (seconds first), `dump_schedule` Kubernetes' five, both in UTC; the
    document dumps at 02:00. `dump_space` is the volume on which a dump is written before it is uploaded, and
    `wal_parallel` how many WAL files are archived at a time, which the archiver's memory follows.
    `recovery_point` is how many seconds of writes may be lost at the most with the cluster: None promises nothing.
    With `snapshot_class` (a VolumeSnapshotClass) the volumes are snapshotted as well, by `snapshot_schedule`.
    """

    target: BackupTarget
    retention_days: int
    schedule: str = "0 0 1 * * *"
    dump_schedule: str = "0 2 * * *"
    dump_retention_days: int = 7
    dump_space: Bytes
    dump_resources: ContainerResources = DUMP
    wal_parallel: int = 1
    recovery_point: int | None = None
    snapshot_class: str | None = None
    snapshot_schedule: str = "0 0 4 * * *"

    @property
    def archiver(self) -> ContainerResources:
        """What the Barman Cloud plugin's container in each instance may take."""
        return archiver(self.wal_parallel)


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """A cluster that begins as the cluster `source` was at the time `to` (RFC 3339), from its base backups and WAL."""

    source: str
    to: str


@dataclass(frozen=True, kw_only=True)
class ReplicationArgs:
    """A pair of clusters in two regions, each of which archives to a bucket of its own and can read the other's.

    `local` and `other` are their names, `primary` the one of them that writes; `target` is where the other archives.
    `token` is what the other printed when it was demoted.
    """

    local: str
    other: str
    primary: str
    target: BackupTarget
    token: str | None = None

    @property
    def follows(self) -> bool:
        """Whether this cluster only repeats what the other writes."""
        return self.primary != self.local


@dataclass(frozen=True, kw_only=True)
class Login:
    """A user of the database, the Secret of its login (keys `username` and `password`), and its password."""

    user: str
    secret_name: str
    password: Credential


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """A PostgreSQL cluster of `instances`, each with a volume of `storage` and one of `wal_storage`.

    `clients` are the label selectors of the pods that may connect, through the poolers; `direct_clients` of those that
    need a session of their own (migrations), `monitoring` is who reads the metrics. `zones_required` makes instances of
    one cluster refuse to share a zone. Of the two `logins` the first owns the data, the second may do what it may;
    `active_login` is the one that the applications use. The rules of `alerts` are about all clusters of a namespace, so
    that only one of them brings them; those are left out that read what none of `metric_sources` tells. `protect`
    keeps the cluster, and what it cannot come back without, from deletion.
    """

    scope: Scope
    cluster_name: str
    database: str
    logins: tuple[Login, Login]
    active_login: int = 0
    instances: int
    resources: ContainerResources
    storage: Bytes
    wal_storage: Bytes
    storage_class: str | None
    parameters: PostgresParameters
    pooler: PoolerArgs
    backup: BackupArgs
    clients: Sequence[Mapping[str, str]] = field(default=())
    direct_clients: Sequence[Mapping[str, str]] = field(default=())
    extensions: Sequence[str] = ()
    monitoring: Peer | None = None
    zones_required: bool = False
    protect: bool = False
    alerts: bool = True
    metric_sources: Collection[str] = frozenset(SOURCES)
    recovery: Recovery | None = None
    replication: ReplicationArgs | None = None

    def __post_init__(self) -> None:
        for problem in self.parameters.problems(self.resources.memory_limit):
            raise ValueError(problem)

    def pooler_name(self, kind: str) -> str:
        """The name of a pooler, which is also that of its Service; `kind` is rw or ro."""
        return f"{self.cluster_name}-pooler-{kind}"

    @property
    def owner(self) -> Login:
        """The user that owns the data; migrations and dumps use it."""
        return self.logins[0]

    @property
    def login(self) -> Login:
        """The user that the applications use at present."""
        return self.logins[self.active_login]

    @property
    def writes(self) -> bool:
        """Whether it takes writes: a cluster that follows another does not."""
        return self.replication is None or not self.replication.follows

    @property
    def pooler_kinds(self) -> tuple[str, ...]:
        """A pooler for readers has nowhere to go without a replica."""
        return ("rw", "ro") if self.instances > 1 else ("rw",)

    @property
    def host(self) -> str:
        """The DNS name by which applications write: the pooler in front of the primary."""
        return self.scope.host(self.pooler_name("rw"))

    @property
    def read_host(self) -> str:
        """The DNS name by which applications may read a little behind; that of `host` without a replica."""
        return self.scope.host(self.pooler_name(self.pooler_kinds[-1]))

    @property
    def direct_host(self) -> str:
        """The DNS name of the primary itself, for what needs a session: the operator makes `-rw`, `-ro` and `-r`."""
        return self.scope.host(f"{self.cluster_name}-rw")

    @property
    def cluster_pods(self) -> dict[str, str]:
        """The selector of everything that the operator makes of the cluster: instances, their jobs, poolers."""
        return {"cnpg.io/cluster": self.cluster_name}

    @property
    def instance_pods(self) -> dict[str, str]:
        """The selector of the instances alone, which serve metrics; the operator's jobs do not."""
        return self.cluster_pods | {"cnpg.io/podRole": "instance"}

    def pooler_pods(self, kind: str) -> dict[str, str]:
        """The selector of a pooler's pods, by the label that the operator gives them."""
        return {"cnpg.io/poolerName": self.pooler_name(kind)}

    @property
    def pods(self) -> tuple[dict[str, str], ...]:
        """The selectors of the pods that applications connect to."""
        return tuple(self.pooler_pods(kind) for kind in self.pooler_kinds)

    @property
    def dump_name(self) -> str:
        """The name of the CronJob of the logical dump, section 6.1."""
        return DUMP_NAME

    def footprint(self) -> Footprint:
        """Instances and one more that joins while another is replaced, and poolers and one more each."""
        instances = self.instances + 1
        data = Footprint.of(instances, self.resources, volumes=instances, storage=self.storage, protect=self.protect)
        archivers = replace(Footprint.of(instances, self.backup.archiver), pods=0)
        wal = Footprint(volumes=instances, storage=self.wal_storage * instances)
        poolers = Footprint.of(len(self.pooler_kinds) * (self.pooler.instances + 1), self.pooler.resources)
        return data + archivers + wal + poolers
