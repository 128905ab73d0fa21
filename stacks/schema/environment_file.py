"""The file of an environment, `Pulumi.<environment>.yaml`: its keys, and what they have to do with each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field

from stacks.schema import telemetry
from stacks.schema.addresses import Addresses, address_problems
from stacks.schema.backup_checks import backup_problems
from stacks.schema.cluster import Cluster, cluster_problems
from stacks.schema.fleet import Fleet, fleet_problems
from stacks.schema.gitops import Delivery, GitOpsConfig, delivery_problems
from stacks.schema.monitoring import MonitoringConfig
from stacks.schema.monitoring_checks import monitoring_problems
from stacks.schema.object_storage import without_role
from stacks.schema.operators import OperatorMode, OperatorName, Uses, operator_problems, to_install
from stacks.schema.overrides import PartOfTier, checked, with_overrides
from stacks.schema.people import AccessConfig, access_problems
from stacks.schema.releases import Routing, routing_problems
from stacks.schema.secret_store import SecretStore
from stacks.schema.tiers import TIERS, Tier
from stacks.schema.types import HostName, ImageRegistry, Model, Name, Problem, TierName
from stacks.systems import Systems, entry_hosts, tier_problems


class EnvironmentFile(Model):
    """The keys of `Pulumi.<environment>.yaml`, each below `saas-platform:`."""

    tier: TierName = Field(
        description="The kind of environment: its nodes, replicas, sizes, levels and protection are the tier's "
        "unless `overrides` says otherwise."
    )
    overrides: Annotated[Mapping[str, Any], PartOfTier()] = Field(
        {},
        description="Values of the tier that this environment sets otherwise, in the tier's own shape; what is "
        "left out stays the tier's.",
    )
    domain: HostName = Field(description="The DNS domain below which every system has its hosts, such as `api.DOMAIN`.")
    registry: ImageRegistry = Field(
        "ghcr.io/saas-platform",
        description="The registry that the applications' images come from, as `host[:port][/path]`; an image is "
        "`REGISTRY/SERVICE:VERSION`.",
    )
    ingress_class: Name = Field("nginx", description="The IngressClass of the controller that lets traffic in.")
    cluster: Cluster = Field(description="The cluster that the environment is deployed to, by its kind.")
    addresses: Addresses = Field(
        Addresses(),
        description="The addresses of the cluster that network policies name, and private ones of outside endpoints.",
    )
    fleet: Fleet | None = Field(
        None, description="The clusters of an environment that has several. Left out, it has the one of `cluster`."
    )
    secret_store: SecretStore | None = Field(
        None,
        description="The store of External Secrets Operator that the credentials come from. Needed where the tier "
        "has `external_secrets`; elsewhere credentials are generated.",
    )
    routing: Routing = Field(
        Routing(), description="By what traffic is split in the environment, and who moves the weights of a release."
    )
    monitoring: MonitoringConfig = Field(
        MonitoringConfig(),
        description="What differs from the tier's monitoring: retention, further stores, sources, receivers and "
        "quiet hours.",
    )
    operators: Mapping[OperatorName, OperatorMode] = Field(
        {},
        description="What is done about each operator, by name: `install` it with the environment, take it as "
        "`preinstalled`, or leave it `off`. By default those that the environment's objects need are installed in "
        "a cluster of kind eks and preinstalled in any other; the rest is off.",
    )
    access: AccessConfig | None = Field(
        None,
        description="Who may do what in the cluster, by group. By default, in a cluster of kind eks, the groups "
        "that its roles have there; elsewhere nobody is given anything.",
    )
    delivery: Delivery = Field(
        "pulumi",
        description="Who brings the objects into the cluster: `pulumi`, or `argocd` from a Git repository that "
        "`ops render` fills.",
    )
    gitops: GitOpsConfig | None = Field(
        None, description="The repository that Argo CD syncs. Needed with `delivery: argocd`, and refused without."
    )
    logs: telemetry.LogsConfig | None = Field(
        None, description="Where logs go. By default to Loki; nowhere where the tier's monitoring is basic."
    )
    traces: telemetry.TracesConfig | None = Field(
        None, description="Where traces go. By default to Tempo; nowhere where the tier's monitoring is basic."
    )
    systems: Systems = Field(
        description="The systems that the environment has, by name. One that is left out is not deployed."
    )

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
        yield from address_problems(data)
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
    yield from backup_problems(data, overridden)
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
