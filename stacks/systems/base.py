"""What every system is told of its environment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pulumi

from components.credentials import ExternalStore
from components.naming import Scope
from components.observability.catalogue import SOURCES
from stacks.releases import Routing
from stacks.tiers import Tier


@dataclass(frozen=True, kw_only=True)
class CloudBackups:
    """The bucket for backups that was made with the cluster; the databases' service accounts may enter it."""

    bucket: str
    region: str


@dataclass(frozen=True, kw_only=True)
class SystemArgs:
    """The environment of a system: `domain` is the DNS zone of its hosts, `store` where its credentials lie, if not
    in the Pulumi state, and `needs` what must be there before anything reads from that. `prometheus` is the URL of the
    environment's Prometheus, `backups` where backups go unless the system says otherwise. `metric_sources` are those
    of the metric catalogue that the environment has: alerts on others are left out."""

    environment: str
    tier: Tier
    domain: str
    registry: str
    ingress_class: str
    store: ExternalStore | None
    routing: Routing
    prometheus: str = ""
    backups: CloudBackups | None = None
    needs: Sequence[pulumi.Resource] = ()
    metric_sources: Collection[str] = frozenset(SOURCES)

    def scope(self, system: str) -> Scope:
        """The namespace of a system bears its name."""
        return Scope(namespace=system, system=system, environment=self.environment)
