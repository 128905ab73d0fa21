"""The CloudNativePG `Cluster`: instances, volumes, roles, replication and TLS; its poolers; who may talk to them."""

from __future__ import annotations

from typing import Any

from components.kubernetes.identity import role_annotations
from components.kubernetes.needs import DNS, KUBERNETES_API
from components.kubernetes.network import Flow, Peer, scrapes
from components.kubernetes.pods import container_security_manifest, pod_security_manifest, spread_manifest
from components.kubernetes.quantity import Bytes
from components.kubernetes.scheduling import Priority
from components.stores.postgres.args import OPERATOR_NAMESPACE, PORT, DatabaseArgs, Login
from components.stores.postgres.facts import METRICS_PORT, POOLER_METRICS_PORT
from versions import BARMAN_CLOUD_PLUGIN, PGBOUNCER_IMAGE, POSTGRESQL_CLUSTER, POSTGRESQL_MAJOR

# From this many instances on, a commit waits for one replica and the loss of another still stops nothing.
_QUORUM = 3


def cluster_spec(args: DatabaseArgs) -> dict[str, Any]:
    """The `spec` of the Cluster."""
    return {
        "instances": args.instances,
        "imageCatalogRef": {
            "apiGroup": POSTGRESQL_CLUSTER.group,
            "kind": "ImageCatalog",
            "name": args.cluster_name,
            "major": POSTGRESQL_MAJOR,
        },
        "enableSuperuserAccess": False,
        # The operator's budget keeps the primary where it is until a replica takes over: alone, it keeps its node from
        # ever being drained.
        "enablePDB": args.instances > 1,
        # The exporter is scraped by a PodMonitor of our own; the operator's is deprecated.
        "monitoring": {"enablePodMonitor": False},
        "primaryUpdateStrategy": "unsupervised",
        "primaryUpdateMethod": "switchover" if args.instances > 1 else "restart",
        "bootstrap": _bootstrap(args),
        "managed": {"roles": [_role(args.owner), _second_user(args)]},
        "postgresql": _postgresql(args),
        "priorityClassName": Priority.CRITICAL.class_name(args.scope.environment),
        "resources": args.resources.as_requirements(),
        "storage": _volume(args, args.storage),
        "walStorage": _volume(args, args.wal_storage),
        "affinity": _affinity(args),
        "plugins": [_archiver(args)],
        **_snapshots(args),
        **_other_clusters(args),
        **_service_account(args),
        "inheritedMetadata": {"labels": inherited_labels(args)},
    }


def _bootstrap(args: DatabaseArgs) -> dict[str, Any]:
    database = {
        "database": args.database,
        "owner": args.owner.user,
        "secret": {"name": args.owner.secret_name},
    }
    if args.replication and args.replication.follows:
        return {"recovery": {"source": args.replication.other, **database}}
    if args.recovery is None:
        return {"initdb": {**database, "dataChecksums": True}}
    target = {"targetTime": args.recovery.to}
    return {"recovery": {"source": args.recovery.source, "recoveryTarget": target, **database}}


def _role(login: Login) -> dict[str, Any]:
    """A login role without any privilege but its own; the operator sets its password whenever the Secret changes."""
    return {
        "name": login.user,
        "ensure": "present",
        "login": True,
        "superuser": False,
        "createdb": False,
        "createrole": False,
        "passwordSecret": {"name": login.secret_name},
    }


def _second_user(args: DatabaseArgs) -> dict[str, Any]:
    """The other user of a password's hand-over: a member of the owner, so that it may do what the owner may."""
    return _role(args.logins[1]) | {"inRoles": [args.owner.user], "inherit": True}


def _postgresql(args: DatabaseArgs) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "parameters": args.parameters.as_settings(),
        # The operator's certificates encrypt what comes over the network; anything else is turned away.
        "pg_hba": ["hostnossl all all all reject", "hostssl all all all scram-sha-256"],
    }
    if args.instances >= _QUORUM:
        # `required`: better no write than one that is confirmed and then lost with the primary.
        settings["synchronous"] = {"method": "any", "number": 1, "dataDurability": "required", "failoverQuorum": True}
    return settings


def _volume(args: DatabaseArgs, size: Bytes) -> dict[str, Any]:
    return {"size": str(size)} | ({"storageClass": args.storage_class} if args.storage_class else {})


def _affinity(args: DatabaseArgs) -> dict[str, Any]:
    return {
        "enablePodAntiAffinity": True,
        "topologyKey": "topology.kubernetes.io/zone",
        "podAntiAffinityType": "required" if args.zones_required else "preferred",
    }


def _archiver(args: DatabaseArgs) -> dict[str, Any]:
    return {
        "name": BARMAN_CLOUD_PLUGIN,
        "enabled": True,
        "isWALArchiver": True,
        "parameters": {"barmanObjectName": args.cluster_name, "serverName": args.cluster_name},
    }


def _snapshots(args: DatabaseArgs) -> dict[str, Any]:
    if args.backup.snapshot_class is None:
        return {}
    # Owned by its Backup: it goes with that, and with nothing else.
    snapshot = {"className": args.backup.snapshot_class, "snapshotOwnerReference": "backup"}
    return {"backup": {"volumeSnapshot": snapshot}}


def _other_clusters(args: DatabaseArgs) -> dict[str, Any]:
    """The clusters that this one is restored from or follows, each by the store of its backups."""
    pair = args.replication
    if pair is None:
        # The source's own store may be gone by now; its backups lie in the same bucket, under its name.
        return {"externalClusters": [_archive(args.recovery.source, args.cluster_name)]} if args.recovery else {}
    replica = {"self": pair.local, "primary": pair.primary, "source": pair.other}
    return {
        "externalClusters": [_archive(pair.local, args.cluster_name), _archive(pair.other, pair.other)],
        "replica": replica | ({"promotionToken": pair.token} if pair.token else {}),
    }


def _archive(name: str, store: str) -> dict[str, Any]:
    parameters = {"barmanObjectName": store, "serverName": name}
    return {"name": name, "plugin": {"name": BARMAN_CLOUD_PLUGIN, "parameters": parameters}}


def _service_account(args: DatabaseArgs) -> dict[str, Any]:
    annotations = role_annotations(args.backup.target.role_arn)
    return {"serviceAccountTemplate": {"metadata": {"annotations": annotations}}} if annotations else {}


def inherited_labels(args: DatabaseArgs) -> dict[str, str]:
    """Labels for the operator's own objects, so that one selector finds the system whole."""
    labels = args.scope.labels(args.cluster_name)
    return {key: labels[key] for key in sorted(labels) if key.startswith("platform.io/")}


def recovery_point(args: DatabaseArgs) -> dict[str, str]:
    """The annotation with which a cluster promises how much is lost with it at the most, which a policy holds it to."""
    seconds = args.backup.recovery_point
    return {"platform.io/recovery-point": f"{seconds}s"} if seconds else {}


# The operator asks each instance for its state on this port.
_STATUS_PORT = 8000
Flows = tuple[Flow, ...]


def cluster_flows(args: DatabaseArgs) -> tuple[Flows, Flows]:
    """(ingress, egress) of the instances and the operator's jobs."""
    itself = Flow(peer=Peer(pods=args.cluster_pods), ports=(PORT, _STATUS_PORT))
    operator = Flow(peer=Peer(namespace=OPERATOR_NAMESPACE), ports=(PORT, _STATUS_PORT))
    dump = args.scope.selector(args.dump_name)
    direct = tuple(Flow(peer=Peer(pods=one), ports=(PORT,)) for one in (dump, *args.direct_clients))
    # The instance manager keeps its leader lease at the API server.
    followed = (args.replication.target.flow,) if args.replication else ()
    egress = (itself, DNS, KUBERNETES_API, *args.backup.target.flows, *followed)
    return (itself, operator, *direct, *scrapes(args.monitoring, METRICS_PORT)), egress


def pooler_flows(args: DatabaseArgs) -> tuple[Flows, Flows]:
    """(ingress, egress) of a pooler: applications and Prometheus in, instances out."""
    clients = tuple(Flow(peer=Peer(pods=client), ports=(PORT,)) for client in args.clients)
    instances = Flow(peer=Peer(pods=args.cluster_pods), ports=(PORT,))
    return (*clients, *scrapes(args.monitoring, POOLER_METRICS_PORT)), (instances, DNS, KUBERNETES_API)


# The user of CloudNativePG's PgBouncer image.
_USER_ID = 998


def pooler_spec(args: DatabaseArgs, kind: str) -> dict[str, Any]:
    """The `spec` of the pooler `kind`: rw before the primary, ro before the replicas.

    Transactions share connections, so that hundreds of pods fit `max_connections`; what needs a session of its own
    (advisory locks, LISTEN, migrations) connects to the primary itself.
    """
    return {
        "cluster": {"name": args.cluster_name},
        "type": kind,
        "instances": args.pooler.instances,
        "pgbouncer": {"poolMode": "transaction", "parameters": _parameters(args)},
        "monitoring": {"enablePodMonitor": False},
        "deploymentStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {"metadata": {"labels": _labels(args, kind)}, "spec": _pod(args, kind)},
    }


def _parameters(args: DatabaseArgs) -> dict[str, str]:
    return {
        "max_client_conn": str(args.pooler.max_client_connections),
        "default_pool_size": str(args.pooler.pool_size(args.parameters.max_connections)),
        # The operator's default is `prefer`, which takes what is not encrypted too.
        "client_tls_sslmode": "require",
        "server_tls_sslmode": "verify-ca",
    }


def _labels(args: DatabaseArgs, kind: str) -> dict[str, str]:
    return inherited_labels(args) | {"app.kubernetes.io/name": args.pooler_name(kind)}


def _pod(args: DatabaseArgs, kind: str) -> dict[str, Any]:
    return {
        "priorityClassName": Priority.CRITICAL.class_name(args.scope.environment),
        "securityContext": pod_security_manifest(_USER_ID),
        "topologySpreadConstraints": spread_manifest(args.pooler_pods(kind), strict=args.zones_required),
        "terminationGracePeriodSeconds": 60,
        "containers": [
            {
                "name": "pgbouncer",
                "image": PGBOUNCER_IMAGE,
                "resources": args.pooler.resources.as_requirements(),
                "securityContext": container_security_manifest(),
            }
        ],
    }
