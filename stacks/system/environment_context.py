"""What every system is told of its environment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.kubernetes.addresses import UNKNOWN, ClusterAddresses
from components.kubernetes.naming import Scope
from components.monitoring.catalogue import SOURCES
from components.platform.credentials import ExternalStore
from components.stores.backups import CloudBackups
from stacks.schema.releases import Routing
from stacks.schema.tiers import Tier
from stacks.telemetry.access import TelemetryAccess


@dataclass(frozen=True, kw_only=True)
class EnvironmentContext:
    """The environment of a system.

    `domain` is the DNS zone of its hosts, `store` where its credentials lie, if not in the Pulumi state, `origin` the
    labels by which its monitoring tells it from others, and `needs` what must be there before anything reads from the
    store. `prometheus` is the URL of the environment's Prometheus, `telemetry` where logs and traces go, `backups`
    where backups go unless the system says otherwise, `member` the cluster's name in its fleet. `keda` and `vertical`
    say whether KEDA and the VerticalPodAutoscaler are in the cluster. `addresses` are those of the
    cluster that no label finds.
    `metric_sources` are those of the metric catalogue that the environment has: alerts on others are left out.
    `grafana` is where people reach Grafana, if somebody has said so.
    `applications` says whether Argo CD is there and may be told what to deploy besides: not where it delivers the
    environment itself, whose project lets no Application through.
    """

    environment: str
    tier: Tier
    domain: str
    registry: str
    ingress_class: str
    store: ExternalStore | None
    routing: Routing
    telemetry: TelemetryAccess
    origin: Mapping[str, str]
    prometheus: str = ""
    backups: CloudBackups | None = None
    member: str | None = None
    needs: Sequence[pulumi.Resource] = ()
    keda: bool = False
    vertical: bool = False
    applications: bool = False
    metric_sources: Collection[str] = frozenset(SOURCES)
    grafana: str | None = None
    addresses: ClusterAddresses = UNKNOWN

    @property
    def scaler(self) -> str | None:
        """The Prometheus that KEDA asks for what services scale by; None without KEDA."""
        return self.prometheus if self.keda else None

    def scope(self, system: str) -> Scope:
        """The namespace of a system bears its name."""
        return Scope.of(system, self.environment, self.addresses)
