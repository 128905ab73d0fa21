"""The component of Redis, one server or a cluster, with one interface."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, ServiceAccount

from components.kubernetes.certificates import Authority, AuthorityArgs
from components.kubernetes.needs import DNS
from components.kubernetes.network import Flow, Peer, allow, scrapes
from components.kubernetes.objects import checksum, config_map, custom_resource
from components.monitoring.monitors import POD_ORDINAL, Endpoint, pod_monitor
from components.monitoring.rules import prometheus_rule
from components.platform.credentials import SecretBundle, SecretBundleArgs
from components.stores.redis.alerts import RULES, presence_rules
from components.stores.redis.args import KEY, OPERATOR_NAMESPACE, PORT, CacheArgs, acl_file, read_at_start
from components.stores.redis.facts import METRICS_PORT
from components.stores.redis.spec import redis_cluster_spec, redis_spec
from versions import REDIS, REDIS_CLUSTER

# Redis Cluster's own traffic between its nodes: the port plus 10000.
_BUS_PORT = 16379
# Under which the operator looks in the ConfigMap; it includes the file after its own.
_CONFIGURATION_KEY = "redis-additional.conf"


class Cache(pulumi.ComponentResource):
    """Redis with users, exporter, alerts and network policy; a cluster has disruption budgets, and TLS if asked for.

    Outputs: `host` (of the server or the leaders), `port`, `secret_name` (keys `password`, the operator's, and
    `user.acl`).
    """

    host: str
    port: int = PORT
    secret_name: str

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:cache:Cache", name, {}, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)
        needs = [self._secret(child), self._configuration(child), self._account(child), *self._certificate(child)]
        for pods in args.pods:
            self._network_policy(pods, child)
            self._monitor(pods, child)
        self._rules(child)
        self._servers(pulumi.ResourceOptions(parent=self, depends_on=needs))
        self.host, self.secret_name = args.host, args.secret_name
        self.register_outputs({"host": self.host, "port": PORT, "secret_name": self.secret_name})

    def _secret(self, opts: pulumi.ResourceOptions) -> SecretBundle:
        args = self._args
        bundle = SecretBundleArgs(
            scope=args.scope,
            secret_name=args.secret_name,
            component=args.name,
            plain={},
            secret={"password": args.password},
            composed={KEY: acl_file(args)},
            store=args.store,
        )
        return SecretBundle(f"{self._name}-secret", bundle, opts)

    def _configuration(self, opts: pulumi.ResourceOptions) -> ConfigMap:
        data = {_CONFIGURATION_KEY: self._args.settings.as_configuration()}
        return config_map(self._name, scope=self._args.scope, config_name=self._args.name, data=data, opts=opts)

    def _account(self, opts: pulumi.ResourceOptions) -> ServiceAccount:
        metadata = self._args.scope.metadata(self._args.name, self._args.account)
        # The operator's pods say nothing of it, and it cannot be told to: what the account says holds.
        return ServiceAccount(self._name, metadata=metadata, automount_service_account_token=False, opts=opts)

    def _certificate(self, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
        args = self._args
        if not args.tls:
            return []
        authority = AuthorityArgs(
            scope=args.scope, component=args.name, secret_name=args.tls_secret_name, hosts=args.certificate_hosts
        )
        return [Authority(f"{self._name}-tls", authority, opts)]

    def _monitor(self, pods: dict[str, str], opts: pulumi.ResourceOptions) -> None:
        pod_monitor(
            f"{self._name}-{pods['role']}",
            scope=self._args.scope,
            component=pods["app"],
            selector=pods,
            endpoints=[Endpoint(port="redis-exporter", relabelings=POD_ORDINAL)],
            opts=opts,
        )

    def _rules(self, opts: pulumi.ResourceOptions) -> None:
        scope = self._args.scope
        present = presence_rules({pods["app"]: self._args.shards for pods in self._args.pods})
        rules = RULES.plus(present).within(scope.namespace, system=scope.system)
        prometheus_rule(self._name, scope=scope, component=self._args.name, rules=rules, opts=opts)

    def _network_policy(self, pods: dict[str, str], opts: pulumi.ResourceOptions) -> None:
        args = self._args
        among = args.pods if args.kind == "cluster" else ()
        itself = [Flow(peer=Peer(pods=other), ports=(PORT, _BUS_PORT)) for other in among]
        operator = Flow(peer=Peer(namespace=OPERATOR_NAMESPACE), ports=(PORT,))
        clients = [Flow(peer=Peer(pods=client), ports=(PORT,)) for client in args.clients]
        allow(
            f"{self._name}-{pods['role']}",
            scope=args.scope,
            component=pods["app"],
            pods=pods,
            ingress=(*itself, operator, *clients, *scrapes(args.monitoring, METRICS_PORT)),
            egress=(*itself, DNS),
            opts=opts,
        )

    def _servers(self, opts: pulumi.ResourceOptions) -> None:
        args = self._args
        clustered = args.kind == "cluster"
        kind = REDIS_CLUSTER if clustered else REDIS
        # A Redis has no status to wait for: its clients' own readiness is what tells.
        wait = {"pulumi.com/waitFor": "jsonpath={.status.state}=Ready"} if clustered else {}
        # The operator looks at neither ConfigMap nor Secret, but passes annotations on to the pods: other settings or
        # rights restart them, one after the other.
        metadata = args.scope.metadata(args.name, annotations={**wait, **checksum(read_at_start(args))})
        spec = redis_cluster_spec(args) if clustered else redis_spec(args)
        custom_resource(self._name, kind, metadata=metadata, spec=spec, opts=opts)
