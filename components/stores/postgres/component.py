"""The component of a PostgreSQL database, its logins, and what Prometheus scrapes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.kubernetes.naming import Scope
from components.kubernetes.network import allow
from components.kubernetes.objects import custom_resource, kept
from components.kubernetes.scheduling import disruption_budget
from components.monitoring.monitors import Endpoint, pod_monitor
from components.monitoring.rules import prometheus_rule
from components.platform.credentials import ExternalStore, SecretBundle, SecretBundleArgs
from components.stores.postgres import backup
from components.stores.postgres.alerts import RULES, presence_rules
from components.stores.postgres.args import PORT, WATCHED, DatabaseArgs, Login
from components.stores.postgres.cluster import cluster_flows, cluster_spec, pooler_flows, pooler_spec, recovery_point
from versions import (
    BACKUP_OBJECT_STORE,
    POSTGRESQL_CLUSTER,
    POSTGRESQL_DATABASE,
    POSTGRESQL_IMAGE,
    POSTGRESQL_IMAGE_CATALOG,
    POSTGRESQL_MAJOR,
    POSTGRESQL_POOLER,
    POSTGRESQL_SCHEDULED_BACKUP,
)
from versions import CustomResource as Kind

# The name of the operator's container ports, of instances and poolers alike.
_ENDPOINTS = (Endpoint(port="metrics"),)


def monitors(name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions) -> None:
    """A PodMonitor of the instances, one of each pooler, and the PrometheusRule."""
    scope, component = args.scope, args.cluster_name
    pod_monitor(name, scope=scope, component=component, selector=args.instance_pods, endpoints=_ENDPOINTS, opts=opts)
    for kind in args.pooler_kinds:
        pod_monitor(
            f"{name}-pooler-{kind}",
            scope=scope,
            component=args.pooler_name(kind),
            selector=args.pooler_pods(kind),
            endpoints=_ENDPOINTS,
            opts=opts,
        )
    if not args.alerts:
        return
    poolers = [args.pooler_name(kind) for kind in args.pooler_kinds]
    rules = RULES.plus(presence_rules(component, args.instances, poolers, args.dump_name))
    known = rules.with_sources(args.metric_sources).within(scope.namespace, system=scope.system)
    prometheus_rule(name, scope=scope, component=component, rules=known, opts=opts)


class Database(pulumi.ComponentResource):
    """A PostgreSQL cluster with poolers, backups, network policies and monitors; `DatabaseLogins` come before it.

    Outputs: `host` (of the pooler before the primary), `read_host` (before the replicas), `port`, `database`,
    `secret_name` (of the login that applications use; keys `username` and `password`).
    """

    host: str
    read_host: str
    port: int = PORT
    database: str
    secret_name: str

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:database:Database", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        # Without its image or its archive a cluster starts no instance anew.
        self._kept = kept(args.protect, self._child)
        needs = [self._image_catalog(), *self._object_stores()]
        self._network_policies()
        cluster = self._cluster(needs)
        if args.writes:
            self._database(cluster)
        self._poolers(cluster)
        self._backup_schedule(cluster)
        monitors(name, args, self._child)
        self.host, self.read_host = args.host, args.read_host
        self.database, self.secret_name = args.database, args.login.secret_name
        self.register_outputs({"host": self.host, "port": PORT, "database": self.database})

    def _custom(
        self, suffix: str, kind: Kind, name: str, spec: dict[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> CustomResource:
        args = self._args
        return custom_resource(
            f"{self._name}-{suffix}" if suffix else self._name,
            kind,
            metadata={"name": name, "namespace": args.scope.namespace, "labels": args.scope.labels(args.cluster_name)},
            spec=spec,
            opts=opts or self._child,
        )

    def _image_catalog(self) -> CustomResource:
        """One place for the server's image: an upgrade of the major version is a change here, seen by the operator."""
        images = [{"major": POSTGRESQL_MAJOR, "image": POSTGRESQL_IMAGE}]
        return self._custom("images", POSTGRESQL_IMAGE_CATALOG, self._args.cluster_name, {"images": images}, self._kept)

    def _object_stores(self) -> list[CustomResource]:
        args = self._args
        spec = backup.object_store_spec(args, args.backup.target)
        stores = [self._custom("store", BACKUP_OBJECT_STORE, args.cluster_name, spec, self._kept)]
        if pair := args.replication:
            spec = backup.object_store_spec(args, pair.target)
            stores.append(self._custom("other-store", BACKUP_OBJECT_STORE, pair.other, spec, self._kept))
        return stores

    def _network_policies(self) -> None:
        args, scope = self._args, self._args.scope
        ingress, egress = cluster_flows(args)
        allow(
            self._name,
            scope=scope,
            component=args.cluster_name,
            pods=args.cluster_pods,
            excluding={"cnpg.io/podRole": "pooler"},
            ingress=ingress,
            egress=egress,
            opts=self._child,
        )
        for kind in args.pooler_kinds:
            name, (inward, outward) = args.pooler_name(kind), pooler_flows(args)
            pods = args.pooler_pods(kind)
            allow(
                f"{self._name}-pooler-{kind}",
                scope=scope,
                component=name,
                pods=pods,
                ingress=inward,
                egress=outward,
                opts=self._child,
            )

    def _cluster(self, needs: list[Any]) -> CustomResource:
        args = self._args
        return custom_resource(
            self._name,
            POSTGRESQL_CLUSTER,
            metadata={
                "name": args.cluster_name,
                "namespace": args.scope.namespace,
                "labels": args.scope.labels(args.cluster_name),
                "annotations": {"pulumi.com/waitFor": "condition=Ready", **recovery_point(args)},
            },
            spec=cluster_spec(args),
            opts=pulumi.ResourceOptions.merge(self._kept, pulumi.ResourceOptions(depends_on=needs)),
        )

    def _database(self, cluster: CustomResource) -> None:
        args = self._args
        spec: dict[str, Any] = {
            "name": args.database,
            "owner": args.owner.user,
            "cluster": {"name": args.cluster_name},
            # Taking the object away must not take the data away.
            "databaseReclaimPolicy": "retain",
            **({"extensions": [{"name": one} for one in args.extensions]} if args.extensions else {}),
        }
        name = f"{args.cluster_name}-{args.database.replace('_', '-')}"
        self._custom("database", POSTGRESQL_DATABASE, name, spec, self._after(cluster))

    def _poolers(self, cluster: CustomResource) -> None:
        for kind in self._args.pooler_kinds:
            spec, name = pooler_spec(self._args, kind), self._args.pooler_name(kind)
            self._custom(f"pooler-{kind}", POSTGRESQL_POOLER, name, spec, self._after(cluster))
            if self._args.pooler.instances > 1:
                self._budget(kind)

    def _budget(self, kind: str) -> None:
        """CloudNativePG makes budgets of its instances, and none of a pooler."""
        name, scope = self._args.pooler_name(kind), self._args.scope
        disruption_budget(
            f"{self._name}-pooler-{kind}",
            metadata=scope.metadata(name, name),
            pods=self._args.pooler_pods(kind),
            opts=self._child,
        )

    def _backup_schedule(self, cluster: CustomResource) -> None:
        args = self._args
        spec = backup.scheduled_backup_spec(args)
        self._custom("backup", POSTGRESQL_SCHEDULED_BACKUP, args.cluster_name, spec, self._after(cluster))
        if args.backup.snapshot_class:
            spec, name = backup.snapshot_schedule_spec(args), f"{args.cluster_name}-snapshot"
            self._custom("snapshot", POSTGRESQL_SCHEDULED_BACKUP, name, spec, self._after(cluster))

    def _after(self, cluster: CustomResource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=[cluster])


class DatabaseLogins(pulumi.ComponentResource):
    """A Secret for each login, of type `kubernetes.io/basic-auth`, as the operator reads it. Outputs: none.

    With `protect` they are kept from deletion as their database is.
    """

    def __init__(
        self,
        name: str,
        *,
        scope: Scope,
        component: str,
        logins: Sequence[Login],
        store: ExternalStore | None,
        protect: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("platform:database:DatabaseLogins", name, {}, opts)
        for login in logins:
            args = SecretBundleArgs(
                scope=scope,
                secret_name=login.secret_name,
                component=component,
                type="kubernetes.io/basic-auth",
                plain={"username": login.user},
                secret={"password": login.password},
                labels=WATCHED,
                store=store,
                protect=protect,
            )
            SecretBundle(f"{name}-{login.secret_name}", args, pulumi.ResourceOptions(parent=self))
        self.register_outputs({})
