"""An environment's configuration. This is the only place that reads `pulumi.Config`.

`Pulumi.<environment>.yaml` names a tier and says only what differs from it. Everything is parsed at once, before any
resource exists; whatever is wrong is listed with file, line, path and what is allowed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pulumi
from pydantic import Field, ValidationError

from paths import PROJECT, environment_of
from stacks.access import Access, access_problems
from stacks.eks.config import EksCluster
from stacks.errors import ConfigurationError, from_source, from_validation
from stacks.fleet import Fleet, FleetCluster, fleet_problems, member_of
from stacks.gitops import Delivery, GitOpsConfig, delivery_problems
from stacks.monitoring.checks import monitoring_problems
from stacks.monitoring.config import MonitoringConfig
from stacks.object_storage import without_role
from stacks.operators import OperatorMode, OperatorName, Uses, operator_problems, present, to_install
from stacks.release_rules import routing_problems
from stacks.releases import Routing
from stacks.secret_store import SecretStore
from stacks.source import Source
from stacks.systems import Systems, entry_hosts, tier_problems
from stacks.telemetry import config as telemetry
from stacks.telemetry.access import TelemetryAccess, telemetry_access
from stacks.tiers import TIERS, Tier
from stacks.types import HostName, ImageRegistry, Model, Name, Problem, Text, TierName

# `make up CONTEXT=…` deploys to that cluster, whatever the environment's file says.
CONTEXT_VARIABLE = "SAAS_PLATFORM_CONTEXT"
# `ops render` needs what Argo CD is to sync, and not what tells it to.
RENDER_VARIABLE = "SAAS_PLATFORM_RENDER"


class SandboxCluster(Model):
    """The local control plane of `sandbox/`; its kubeconfig is found by itself."""

    kind: Literal["sandbox"]


class ExistingCluster(Model):
    """A cluster that is there already, by its context in the user's kubeconfig (`$KUBECONFIG` or ~/.kube/config)."""

    kind: Literal["existing"]
    context: Text


class FleetClusters(Model):
    """Those that `fleet` lists; which of them it is, the stack's name says (`prod.eu`)."""

    kind: Literal["fleet"]


Cluster = Annotated[SandboxCluster | ExistingCluster | EksCluster | FleetClusters, Field(discriminator="kind")]


class EnvironmentFile(Model):
    """The keys of `Pulumi.<environment>.yaml`, each below `saas-platform:`.

    `overrides` are the values of the tier that this environment sets otherwise, in the shape of `stacks.tiers.Tier`.
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
        """What the tier asks for, and whether the overrides fit it."""
        # With a tier that there is none of, the overrides are still checked for their own form.
        name = data.get("tier")
        tier_name: TierName = name if isinstance(name, str) and name in TIERS else "dev"
        tier = TIERS[tier_name]
        overrides = data.get("overrides") or {}
        yield from _cluster_problems(tier_name, tier, overrides, data.get("cluster"))
        if isinstance(overrides, Mapping):
            yield from _override_problems(tier, overrides)
            for problem in tier_problems(data.get("systems"), _overridden(tier, overrides)):
                yield problem._replace(path=("systems", *problem.path))
            external = overrides.get("external_secrets", tier.external_secrets)
            if external and data.get("secret_store") is None:
                message = f"missing; tier {name!r} keeps its secrets in an external store: set name, kind and path"
                yield Problem(("secret_store",), message)
            if not external:
                yield from _keys_without_a_store(data.get("systems"))
            level = overrides.get("monitoring", tier.monitoring)
            for problem in monitoring_problems(
                data.get("monitoring"), level, data.get("systems"), external_secrets=bool(external)
            ):
                yield problem._replace(path=("monitoring", *problem.path))
            cluster = data.get("cluster")
            kind = cluster.get("kind") if isinstance(cluster, Mapping) else None
            declared, routing = data.get("operators"), data.get("routing")
            uses = Uses(external_secrets=bool(external), routing=routing if isinstance(routing, Mapping) else {})
            for problem in operator_problems(declared, kind, uses):
                yield problem._replace(path=("operators", *problem.path))
            installed = to_install(declared, kind, uses)
            yield from delivery_problems(data, installed, external_secrets=bool(external))
            watched = overrides.get("monitoring", tier.monitoring)
            yield from telemetry.telemetry_problems(
                data, installed, monitoring=watched, external_secrets=bool(external)
            )
            for problem in access_problems(data.get("access"), data.get("systems")):
                yield problem._replace(path=("access", *problem.path))
        yield from fleet_problems(data)
        yield from routing_problems(data, entry_hosts(data.get("systems")))

    def tier_with_overrides(self) -> Tier:
        """The tier as this environment has it."""
        return Tier.model_validate(_merge(TIERS[self.tier].model_dump(), self.overrides))


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A valid environment: what its file says, its tier with the overrides applied, its cluster, which one of the
    fleet that is (None without a fleet), and the store of its secrets (None where they are generated)."""

    name: str
    file: EnvironmentFile
    tier: Tier
    cluster: SandboxCluster | ExistingCluster | EksCluster
    member: FleetCluster | None
    secret_store: SecretStore | None

    @property
    def access(self) -> Access | None:
        """Who may do what: what the file says; by default, in a cluster of the environment's own, the groups that
        the cluster's roles have there."""
        return self.file.access or (Access() if self.cluster.kind == "eks" else None)

    @property
    def logs(self) -> telemetry.LogsConfig:
        """Where logs go: what the file says; else to Loki, but nowhere where monitoring is basic."""
        return self.file.logs or telemetry.default(self.tier.monitoring)[0]

    @property
    def traces(self) -> telemetry.TracesConfig:
        """Where traces go: what the file says; else to Tempo, but nowhere where monitoring is basic."""
        return self.file.traces or telemetry.default(self.tier.monitoring)[1]

    @property
    def installed_operators(self) -> list[str]:
        """The operators that the environment installs itself, by their names in the table."""
        uses = Uses(external_secrets=self.tier.external_secrets, routing=dict(self.file.routing))
        return to_install(self.file.operators, self.cluster.kind, uses)

    @property
    def telemetry(self) -> TelemetryAccess:
        """What is known of its logs and traces before anything is made."""
        return telemetry_access(self.name, self.logs, self.traces)

    def has(self, operator: str) -> bool:
        """Whether an operator is in the cluster that no environment needs by itself."""
        return present(operator, self.file.operators, self.cluster.kind)

    @property
    def gitops(self) -> GitOpsConfig | None:
        """What Argo CD is told, in an environment that it delivers; None where the objects themselves are wanted."""
        itself = os.environ.get(RENDER_VARIABLE) or self.member is not None or self.file.delivery == "pulumi"
        return None if itself else self.file.gitops


def load() -> Environment:
    """The environment of the running stack.

    Raises ConfigurationError with everything that is wrong.
    """
    stack = pulumi.get_stack()
    source = Source.of_stack(stack)
    problems = from_source(source)
    try:
        file = EnvironmentFile.model_validate(_values())
    except ValidationError as error:
        # A file that could not be read at all has no values; saying that each is missing would bury the cause.
        raise ConfigurationError(
            problems if not source.config and problems else problems + from_validation(source, error)
        ) from None
    if problems:
        raise ConfigurationError(problems)
    # Argo CD has all clusters; whoever wants the objects themselves wants those of one.
    required = file.delivery == "pulumi" or bool(os.environ.get(RENDER_VARIABLE))
    return _environment(stack, file, member_of(source, stack, file.fleet, required=required))


def _environment(stack: str, file: EnvironmentFile, member: FleetCluster | None) -> Environment:
    tier = file.tier_with_overrides()
    return Environment(
        name=environment_of(stack),
        file=_with_versions(file, member) if member else file,
        tier=tier,
        cluster=_cluster(file, member),
        member=member,
        secret_store=file.secret_store if tier.external_secrets else None,
    )


def _cluster(file: EnvironmentFile, member: FleetCluster | None) -> SandboxCluster | ExistingCluster | EksCluster:
    context = os.environ.get(CONTEXT_VARIABLE) or (member.context if member else None)
    if context:
        return ExistingCluster(kind="existing", context=context)
    assert not isinstance(file.cluster, FleetClusters), "a fleet's stack names one of its clusters"
    return file.cluster


def _with_versions(file: EnvironmentFile, member: FleetCluster) -> EnvironmentFile:
    """The file with the versions that the systems have in this cluster."""
    changed = {
        name: getattr(file.systems, name).model_copy(update={"version": one.version})
        for name, one in member.versions.items()
    }
    return file.model_copy(update={"systems": file.systems.model_copy(update=changed)})


def _values() -> dict[str, Any]:
    """The configuration of this project by key. Pulumi hands objects and lists over as JSON."""
    prefix = f"{PROJECT}:"
    keys = [key.removeprefix(prefix) for key in pulumi.runtime.get_config_env() if key.startswith(prefix)]
    config = pulumi.Config()
    return {key: _decoded(config.get(key)) for key in keys}


def _decoded(text: str | None) -> Any:
    if text is not None and text[:1] in "{[":
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text


def _cluster_problems(name: TierName, tier: Tier, overrides: Any, cluster: Any) -> Iterable[Problem]:
    """What an EKS cluster and the tier do not agree on."""
    if not isinstance(cluster, Mapping) or cluster.get("kind") != "eks":
        return
    # Only here: instance types and their sizes are of no use to any other cluster.
    from stacks.eks.rules import eks_problems

    zones = overrides.get("zones") if isinstance(overrides, Mapping) else None
    if isinstance(zones, int) and 1 <= zones <= 3:
        tier = tier.model_copy(update={"zones": zones})
    for problem in eks_problems(name, tier, cluster):
        yield problem._replace(path=("cluster", *problem.path))


def _keys_without_a_store(systems: Any) -> Iterable[Problem]:
    """Access keys of buckets that others keep: the program cannot generate them."""
    for system, config in systems.items() if isinstance(systems, Mapping) else ():
        storage = config.get("object_storage") if isinstance(config, Mapping) else None
        for bucket in without_role(storage) if isinstance(storage, Mapping) else ():
            message = "missing; without it the access key comes from a secret store, and this environment has none"
            yield Problem(("systems", system, "object_storage", bucket, "role_arn"), message)


def _override_problems(tier: Tier, overrides: Mapping[str, Any]) -> Iterable[Problem]:
    try:
        Tier.model_validate(_merge(tier.model_dump(), overrides))
    except ValidationError as error:
        for line in error.errors():
            yield Problem(("overrides", *line["loc"]), line["msg"], line["input"])


def _overridden(tier: Tier, overrides: Mapping[str, Any]) -> Tier:
    """The tier with the overrides, if they fit it."""
    try:
        return Tier.model_validate(_merge(tier.model_dump(), overrides))
    except ValidationError:
        return tier


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes` put over it, mapping by mapping."""
    merged = dict(base)
    for key, value in changes.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged
