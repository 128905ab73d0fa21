"""The telemetry worked out before anything is registered: every server's arguments, its credentials, and the quota."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope
from components.kubernetes.network import Flow, Peer
from components.kubernetes.quantity import Bytes
from components.monitoring.grafana import NAME as GRAFANA
from components.telemetry import alloy, collector, fluent_bit, jaeger, loki, names, tempo
from components.telemetry.base import ACCESS_KEY, DATA, SECRET_KEY, Bucket, Neighbours
from components.telemetry.pipelines import Sampling
from components.workload.server_pods import ServerArgs, Volume
from stacks.schema.operators import sizing
from stacks.schema.telemetry import InBucket, LogsConfig, TracesConfig
from stacks.system.environment_context import EnvironmentContext
from stacks.system.flows import MONITORING_NAMESPACE, PROMETHEUS
from stacks.telemetry.formats import FORMATS

LOGIN_SECRET = "elasticsearch-login"
_LOKI_SECRET, _TEMPO_SECRET = "loki-object-storage", "tempo-object-storage"
# Of a store whose old data is in a bucket, what is not there yet.
_BESIDE_BUCKET = Bytes.parse("20Gi")
_POSITIONS = Bytes.parse("1Gi")


@dataclass(frozen=True, kw_only=True)
class TelemetryPlan:
    """The servers, ready to be run. `secrets` are the keys of each Secret with the credential behind each; `read` are
    the namespaces whose pods' lines are read."""

    scope: Scope
    servers: Sequence[ServerArgs]
    secrets: Mapping[str, Mapping[str, str]]
    read: Sequence[str]

    def footprint(self) -> Footprint:
        """The most that the namespace may take."""
        return sum((one.footprint() for one in self.servers), Footprint())

    def largest(self) -> ContainerResources:
        """What no container of the namespace exceeds."""
        return ContainerResources.largest([one.resources for one in self.servers])


@dataclass(frozen=True, kw_only=True)
class _Figures:
    """What follows from the tier, for all servers."""

    args: EnvironmentContext
    scope: Scope
    replicas: int
    days: int
    storage: Bytes

    def volume(self, size: Bytes, backup: str, *, protect: bool = False) -> Volume:
        return Volume(size=size, path=DATA, storage_class=self.args.tier.storage_class, backup=backup, protect=protect)

    def neighbours(self, *, senders: Sequence[Peer] = (), readers: Sequence[Peer] = ()) -> Neighbours:
        return Neighbours(scope=self.scope, monitoring=PROMETHEUS, senders=senders, readers=readers)

    def within(self, server: str) -> Peer:
        return Peer(pods=self.scope.selector(server))

    @property
    def grafana(self) -> Peer:
        return Peer(namespace=MONITORING_NAMESPACE, pods=self.args.scope(MONITORING_NAMESPACE).selector(GRAFANA))


def plan(
    args: EnvironmentContext,
    scope: Scope,
    logs: LogsConfig,
    traces: TracesConfig,
    systems: Sequence[str],
    *,
    operators: Sequence[str] = (),
) -> TelemetryPlan:
    """Work out everything. Lines of `systems` go where `logs` says; those of the platform's own pods, and of the
    namespaces of the `operators`, where all do.
    """
    figures = sizing(args.tier, args.ingress_class, args.routing)
    known = _Figures(
        args=args, scope=scope, replicas=figures.replicas, days=figures.retention_days, storage=figures.storage
    )
    namespaces = [*systems, *operators, MONITORING_NAMESPACE, scope.namespace]
    lines = {store: [one for one in namespaces if logs.store(one) == store] for store in ("loki", "elasticsearch")}
    servers, secrets = _log_servers(known, logs, lines, traces)
    if traces.kind != "none":
        made, keys = _trace_servers(known, traces, systems, to_loki=bool(lines["loki"]))
        servers, secrets = [*servers, *made], {**secrets, **keys}
    return TelemetryPlan(
        scope=scope, servers=servers, secrets=secrets, read=sorted({*lines["loki"], *lines["elasticsearch"]})
    )


_Servers = tuple[list[ServerArgs], dict[str, Mapping[str, str]]]


def _log_servers(
    known: _Figures, logs: LogsConfig, lines: Mapping[str, Sequence[str]], traces: TracesConfig
) -> _Servers:
    servers: list[ServerArgs] = []
    secrets: dict[str, Mapping[str, str]] = {}
    if lines["loki"]:
        server, keys = _loki(known, logs, traces)
        servers.append(server)
        secrets |= keys
    if lines["elasticsearch"]:
        server, keys = _fluent_bit(known, logs)
        servers.append(server)
        secrets |= keys
    if servers:
        servers.append(_alloy(known, lines))
    return servers, secrets


def _alloy(known: _Figures, lines: Mapping[str, Sequence[str]]) -> ServerArgs:
    backup = "none: without it, lines that are still on the nodes are read again"
    return alloy.alloy(
        alloy.AlloyArgs(
            scope=known.scope,
            replicas=known.replicas,
            loki={namespace: FORMATS.get(namespace, ()) for namespace in lines["loki"]},
            elasticsearch=lines["elasticsearch"],
            environment=known.args.environment,
            cluster=known.args.environment,
            volume=known.volume(_POSITIONS, backup),
            neighbours=known.neighbours(),
            zones_required=known.args.tier.zones_required,
        )
    )


def _loki(known: _Figures, logs: LogsConfig, traces: TracesConfig) -> tuple[ServerArgs, dict[str, Mapping[str, str]]]:
    bucket, keys = _bucket(logs.storage, _LOKI_SECRET, "loki")
    senders = [known.within(alloy.NAME)]
    if traces.kind != "none":
        senders.append(known.within(names.COLLECTOR))
    # Three hold each line, and two are enough to take one.
    replicas = 3 if bucket and known.replicas > 1 else 1
    server = loki.loki(
        loki.LokiArgs(
            scope=known.scope,
            replicas=replicas,
            retention_days=logs.retention_days or known.days,
            volume=_store_volume(known, bucket),
            bucket=bucket,
            neighbours=known.neighbours(senders=senders, readers=[known.grafana]),
            zones_required=known.args.tier.zones_required,
        )
    )
    return server, keys


def _fluent_bit(known: _Figures, logs: LogsConfig) -> tuple[ServerArgs, dict[str, Mapping[str, str]]]:
    assert logs.elasticsearch is not None, "the configuration says that it is there where it is used"
    secret = LOGIN_SECRET if known.args.store else None
    keys = {"username": "elasticsearch-username", "password": "elasticsearch-password"}
    target = fluent_bit.ElasticsearchTarget(url=logs.elasticsearch.url, index=logs.elasticsearch.index, secret=secret)
    server = fluent_bit.fluent_bit(
        fluent_bit.FluentBitArgs(
            scope=known.scope,
            replicas=known.replicas,
            target=target,
            environment=known.args.environment,
            cluster=known.args.environment,
            neighbours=known.neighbours(senders=[known.within(alloy.NAME)]),
            zones_required=known.args.tier.zones_required,
        )
    )
    return server, {secret: keys} if secret else {}


def _trace_servers(known: _Figures, traces: TracesConfig, systems: Sequence[str], *, to_loki: bool) -> _Servers:
    bucket, keys = _bucket(traces.storage, _TEMPO_SECRET, "tempo")
    writer = collector.SAMPLER if known.replicas > 1 else collector.NAME
    store = (tempo.tempo if traces.kind == "tempo" else jaeger.jaeger)(
        tempo.TraceStoreArgs(
            scope=known.scope,
            # A tenth of what logs are kept: a trace is looked at while its alert is fresh.
            retention_days=traces.retention_days or max(1, known.days // 10),
            volume=_store_volume(known, bucket),
            bucket=bucket,
            neighbours=known.neighbours(senders=[known.within(writer)], readers=[known.grafana]),
        )
    )
    return [store, *_collectors(known, traces, systems, store, to_loki=to_loki)], keys


def _collectors(
    known: _Figures, traces: TracesConfig, systems: Sequence[str], store: ServerArgs, *, to_loki: bool
) -> list[ServerArgs]:
    rate = known.args.tier.trace_sampling_rate if traces.sampling_rate is None else traces.sampling_rate
    logs_flow = Flow(peer=known.within(names.LOKI), ports=(names.LOKI_PORT,))
    return collector.collectors(
        collector.CollectorArgs(
            scope=known.scope,
            replicas=known.replicas,
            sampling=Sampling(rate=rate, slow_milliseconds=traces.slow_milliseconds),
            traces=f"{store.host}:{names.OTLP_GRPC}",
            traces_flow=Flow(peer=known.within(store.name), ports=(names.OTLP_GRPC,)),
            logs=f"http://{known.scope.host(names.LOKI)}:{names.LOKI_PORT}/otlp" if to_loki else None,
            logs_flow=logs_flow if to_loki else None,
            neighbours=known.neighbours(senders=[Peer(namespace=one) for one in systems]),
            zones_required=known.args.tier.zones_required,
        )
    )


def _bucket(storage: object, secret: str, prefix: str) -> tuple[Bucket | None, dict[str, Mapping[str, str]]]:
    """The bucket if there is one, and the Secret with its access key if it needs one."""
    if not isinstance(storage, InBucket):
        return None, {}
    bucket = storage.as_bucket(secret)
    keys = {ACCESS_KEY: f"{prefix}-access-key", SECRET_KEY: f"{prefix}-secret-key"}
    return bucket, {secret: keys} if bucket.secret else {}


def _store_volume(known: _Figures, bucket: Bucket | None) -> Volume:
    protect = known.args.tier.protect_data
    if bucket:
        backup = f"bucket {bucket.name}; here is only what is not there yet"
        return known.volume(_BESIDE_BUCKET, backup, protect=protect)
    backup = "none: what watches is worth less than what it watches; use a bucket"
    return known.volume(known.storage, backup, protect=protect)
