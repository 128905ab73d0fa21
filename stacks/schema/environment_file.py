"""The file of an environment, `Pulumi.<environment>.yaml`: its keys, and what they have to do with each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stacks.schema import telemetry
from stacks.schema.cluster import Cluster, cluster_problems
from stacks.schema.fleet import Fleet, fleet_problems
from stacks.schema.gitops import Delivery, GitOpsConfig, delivery_problems
from stacks.schema.monitoring import MonitoringConfig
from stacks.schema.monitoring_checks import monitoring_problems
from stacks.schema.object_storage import without_role
from stacks.schema.operators import OperatorMode, OperatorName, Uses, operator_problems, to_install
from stacks.schema.overrides import checked, with_overrides
from stacks.schema.people import Access, access_problems
from stacks.schema.releases import Routing, routing_problems
from stacks.schema.secret_store import SecretStore
from stacks.schema.tiers import TIERS, Tier
from stacks.schema.types import HostName, ImageRegistry, Model, Name, Problem, TierName
from stacks.systems import Systems, entry_hosts, tier_problems


class EnvironmentFile(Model):
    """The keys of `Pulumi.<environment>.yaml`, each below `saas-platform:`.

    `overrides` are the values of the tier that this environment sets otherwise, in the shape of its `Tier`.
    """

    tier: TierName
    overrides: Mapping[str, Any] = {}
    domain: HostName
    registry: ImageRegistry = "ghcr.io/saas-platform"
    ingress_class: Name = "nginx"
    cluster: Cluster
    fleet: Fleet | None = None
    secret_store: SecretStore | None = None
    routing: Routing = Routing()
    monitoring: MonitoringConfig = MonitoringConfig()
    operators: Mapping[OperatorName, OperatorMode] = {}
    access: Access | None = None
    delivery: Delivery = "pulumi"
    gitops: GitOpsConfig | None = None
    logs: telemetry.LogsConfig | None = None
    traces: telemetry.TracesConfig | None = None
    systems: Systems

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """What the keys ask of each other, and the tier of them."""
        # With a tier that there is none of, the overrides are still checked for their own form.
        name = data.get("tier")
        tier_name: TierName = name if isinstance(name, str) and name in TIERS else "dev"
        overrides = data.get("overrides") or {}
        yield from cluster_problems(tier_name, TIERS[tier_name], overrides, data.get("cluster"))
        if isinstance(overrides, Mapping):
            yield from _tier_problems(data, TIERS[tier_name], overrides)
        yield from fleet_problems(data)
        yield from routing_problems(data, entry_hosts(data.get("systems")))

    def tier_with_overrides(self) -> Tier:
        """The tier as this environment has it."""
        return with_overrides(TIERS[self.tier], self.overrides)


def _tier_problems(data: Mapping[str, Any], tier: Tier, overrides: Mapping[str, Any]) -> Iterable[Problem]:
    systems = data.get("systems")
    external = bool(overrides.get("external_secrets", tier.external_secrets))
    level = overrides.get("monitoring", tier.monitoring)
    overridden, wrong = checked(tier, overrides)
    yield from wrong
    yield from _below("systems", tier_problems(systems, overridden))
    if external and data.get("secret_store") is None:
        message = f"missing; tier {data.get('tier')!r} keeps its secrets in an external store: set name, kind and path"
        yield Problem(("secret_store",), message)
    if not external:
        yield from _keys_without_a_store(systems)
    watched = monitoring_problems(data.get("monitoring"), level, systems, external_secrets=external)
    yield from _below("monitoring", watched)
    yield from _installation_problems(data, level, external_secrets=external)
    yield from _below("access", access_problems(data.get("access"), systems))


def _installation_problems(data: Mapping[str, Any], level: Any, *, external_secrets: bool) -> Iterable[Problem]:
    """What depends on the operators that the environment installs."""
    cluster, declared, routing = (data.get(key) for key in ("cluster", "operators", "routing"))
    kind = cluster.get("kind") if isinstance(cluster, Mapping) else None
    uses = Uses(external_secrets=external_secrets, routing=routing if isinstance(routing, Mapping) else {})
    installed = to_install(declared, kind, uses)
    yield from _below("operators", operator_problems(declared, kind, uses))
    yield from delivery_problems(data, installed, external_secrets=external_secrets)
    yield from telemetry.telemetry_problems(data, installed, monitoring=level, external_secrets=external_secrets)


def _keys_without_a_store(systems: Any) -> Iterable[Problem]:
    """Access keys of buckets that others keep: the program cannot generate them."""
    for system, config in systems.items() if isinstance(systems, Mapping) else ():
        storage = config.get("object_storage") if isinstance(config, Mapping) else None
        for bucket in without_role(storage) if isinstance(storage, Mapping) else ():
            message = "missing; without it the access key comes from a secret store, and this environment has none"
            yield Problem(("systems", system, "object_storage", bucket, "role_arn"), message)


def _below(key: str, problems: Iterable[Problem]) -> Iterable[Problem]:
    return (problem._replace(path=(key, *problem.path)) for problem in problems)
