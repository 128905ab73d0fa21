"""An environment's configuration. This is the only place that reads `pulumi.Config`.

`Pulumi.<environment>.yaml` names a tier and says only what differs from it. Everything is parsed at once, before any
resource exists; whatever is wrong is listed with file, line, path and what is allowed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pydantic import ValidationError

from components.kubernetes.addresses import ClusterAddresses
from components.platform.credentials import ExternalStore
from paths import PROJECT, environment_of
from stacks.schema import addresses, telemetry
from stacks.schema.cluster import ExistingClusterConfig, FleetClusters, SandboxCluster
from stacks.schema.eks import EksClusterConfig
from stacks.schema.environment_file import EnvironmentFile
from stacks.schema.errors import ConfigurationError, from_source, from_validation
from stacks.schema.fleet import FleetCluster, member_of
from stacks.schema.gitops import GitOpsConfig
from stacks.schema.nodes import NodePool, node_pools
from stacks.schema.operators import Uses, namespaces, present, to_install
from stacks.schema.people import AccessConfig
from stacks.schema.secret_store import SecretStore
from stacks.schema.source import Source
from stacks.schema.tiers import Tier
from stacks.telemetry.access import TelemetryAccess, telemetry_access

# `make up CONTEXT=…` deploys to that cluster, whatever the environment's file says.
CONTEXT_VARIABLE = "SAAS_PLATFORM_CONTEXT"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A valid environment: what its file says, its tier with the overrides applied, the nodes of its cluster, its
    cluster, which one of the fleet that is (None without a fleet), and the store of its secrets (None where they are
    generated).

    `rendering` says that the objects themselves are wanted, whoever delivers them.
    """

    name: str
    file: EnvironmentFile
    tier: Tier
    node_pools: Sequence[NodePool]
    cluster: SandboxCluster | ExistingClusterConfig | EksClusterConfig
    member: FleetCluster | None
    secret_store: SecretStore | None
    rendering: bool

    @property
    def access(self) -> AccessConfig | None:
        """Who may do what: what the file says; by default, in a cluster of the environment's own, the groups that
        the cluster's roles have there."""
        return self.file.access or (AccessConfig() if self.cluster.kind == "eks" else None)

    @property
    def external_store(self) -> ExternalStore | None:
        """The store of its secrets as components are told of it; None where they are generated."""
        return self.secret_store.external() if self.secret_store else None

    @property
    def addresses(self) -> ClusterAddresses:
        """What network policies say of the cluster: what the file says, and of EKS what it is made with."""
        cluster = self.cluster
        if cluster.kind == "eks":
            return addresses.of_eks(self.file.addresses, cluster, len(cluster.zones or ()) or self.tier.zones)
        return addresses.of_existing(self.file.addresses)

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
    def operator_namespaces(self) -> list[str]:
        """Where operators run, its own and those of the cluster, whose lines are read as the systems' are."""
        uses = Uses(external_secrets=self.tier.external_secrets, routing=dict(self.file.routing))
        return namespaces(self.file.operators, self.cluster.kind, uses)

    @property
    def telemetry(self) -> TelemetryAccess:
        """What is known of its logs and traces before anything is made."""
        return telemetry_access(self.name, self.logs, self.traces)

    def has(self, operator: str) -> bool:
        """Whether an operator is in the cluster that no environment needs by itself."""
        return present(operator, self.file.operators)

    @property
    def gitops(self) -> GitOpsConfig | None:
        """What Argo CD is told, in an environment that it delivers; None where the objects themselves are wanted."""
        itself = self.rendering or self.member is not None or self.file.delivery == "pulumi"
        return None if itself else self.file.gitops


def load(*, rendering: bool = False) -> Environment:
    """The environment of the running stack.

    `rendering` asks for the objects that Argo CD is to sync in place of what tells it to. Raises ConfigurationError
    with everything that is wrong.
    """
    stack = pulumi.get_stack()
    source = Source.of_stack(stack)
    problems = from_source(source)
    try:
        file = EnvironmentFile.model_validate(_values(source))
    except ValidationError as error:
        # A file that could not be read at all has no values; saying that each is missing would bury the cause.
        raise ConfigurationError(
            problems if not source.config and problems else problems + from_validation(source, error)
        ) from None
    if problems:
        raise ConfigurationError(problems)
    # Argo CD has all clusters; whoever wants the objects themselves wants those of one.
    member = member_of(source, stack, file.fleet, required=rendering or file.delivery == "pulumi")
    return _environment(stack, file, member, rendering)


def _environment(stack: str, file: EnvironmentFile, member: FleetCluster | None, rendering: bool) -> Environment:
    tier = file.tier_with_overrides()
    pools = node_pools(file, tier)
    return Environment(
        name=environment_of(stack),
        file=_with_versions(file, member) if member else file,
        tier=tier.model_copy(update={"maximum_nodes": max(tier.maximum_nodes, sum(one.most for one in pools))}),
        node_pools=pools,
        cluster=_cluster(file, member),
        member=member,
        secret_store=file.secret_store if tier.external_secrets else None,
        rendering=rendering,
    )


def _cluster(
    file: EnvironmentFile, member: FleetCluster | None
) -> SandboxCluster | ExistingClusterConfig | EksClusterConfig:
    context = os.environ.get(CONTEXT_VARIABLE) or (member.context if member else None)
    if context:
        return ExistingClusterConfig(kind="existing", context=context)
    assert not isinstance(file.cluster, FleetClusters), "a fleet's stack names one of its clusters"
    return file.cluster


def _with_versions(file: EnvironmentFile, member: FleetCluster) -> EnvironmentFile:
    """The file with the versions that the systems have in this cluster."""
    changed = {
        name: getattr(file.systems, name).model_copy(update={"version": one.version})
        for name, one in member.versions.items()
    }
    return file.model_copy(update={"systems": file.systems.model_copy(update=changed)})


def _values(source: Source) -> dict[str, Any]:
    """The configuration of this project by key. Pulumi hands objects and lists over as JSON.

    Which keys there are is told to a program of its own process alone; one that the engine calls back inline finds
    them in the file that its configuration came from.
    """
    prefix = f"{PROJECT}:"
    known = dict.fromkeys([*pulumi.runtime.get_config_env(), *map(str, source.config)])
    keys = [key.removeprefix(prefix) for key in known if key.startswith(prefix)]
    config = pulumi.Config()
    return {key: _decoded(config.get(key)) for key in keys}


def _decoded(text: str | None) -> Any:
    if text is not None and text[:1] in "{[":
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text
