"""An environment composed: its cluster, and on it the systems that its configuration names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_kubernetes import Provider

from components.cluster import ExistingCluster, ExistingClusterArgs
from components.kubernetes.naming import Scope
from components.kubernetes.network import Peer
from components.kubernetes.scheduling import PriorityClasses
from components.platform.admission import AdmissionArgs, AdmissionPolicies
from components.platform.operators.table import KEDA, OPERATORS, VERTICAL_POD_AUTOSCALER
from components.platform.secret_store import cluster_store
from components.stores.backups import CloudBackups
from paths import sandbox_kubeconfig
from stacks.monitoring import Monitoring
from stacks.monitoring.levels import LEVELS
from stacks.monitoring.plan import url as monitoring_url
from stacks.schema.environment import Environment
from stacks.schema.fleet import origin
from stacks.schema.gitops import ARGO_CD, GitOpsConfig, gitops_args
from stacks.schema.operators import cluster_targets, sizing
from stacks.schema.people import register_access
from stacks.schema.service.service import Service
from stacks.schema.tiers import Tier
from stacks.system.component import System
from stacks.system.environment_context import EnvironmentContext
from stacks.system.flows import MONITORING_NAMESPACE
from stacks.system.watching import monitored_systems
from stacks.telemetry import access as telemetry
from versions import CLUSTER_SECRET_STORE

if TYPE_CHECKING:
    from components.platform.gitops.args import GitOpsArgs
    from stacks.eks.cluster import MadeCluster


def environment_context(
    environment: Environment, needs: Sequence[pulumi.Resource], backups: CloudBackups | None
) -> EnvironmentContext:
    """What every system is made from; `needs` and `backups` have been made before."""
    return EnvironmentContext(
        environment=environment.name,
        tier=environment.tier,
        domain=environment.file.domain,
        registry=environment.file.registry,
        ingress_class=environment.file.ingress_class,
        store=environment.external_store,
        routing=environment.file.routing,
        keda=environment.has(KEDA),
        vertical=environment.has(VERTICAL_POD_AUTOSCALER),
        applications=environment.has(ARGO_CD) and environment.file.delivery != "argocd",
        origin=origin(environment.name, environment.member),
        telemetry=environment.telemetry,
        prometheus=monitoring_url(environment.name, environment.tier, environment.file.monitoring),
        backups=backups,
        member=environment.member.name if environment.member else None,
        needs=needs,
        addresses=environment.addresses,
        metric_sources=LEVELS[environment.tier.monitoring].sources | environment.telemetry.metric_sources,
        grafana=environment.file.monitoring.grafana_url,
    )


def prometheus_callers(environment: Environment, services: Mapping[str, Sequence[Service]]) -> list[Peer]:
    """Who asks Prometheus: KEDA, where one of the systems' services scales by what it says."""
    declared = [service.autoscaling for own in services.values() for service in own if service.autoscaling]
    asked = any(one.asks_prometheus for one in declared)
    return [Peer(namespace=OPERATORS[KEDA].namespace)] if asked and environment.has(KEDA) else []


def build(environment: Environment, admission: Mapping[str, Mapping[str, Any]]) -> dict[str, object]:
    """Register everything that the environment is made of; returns the stack's outputs.

    `admission` are the specs of the ValidatingAdmissionPolicies that the API server enforces, by name.
    """
    provider, about_cluster, made = _cluster(environment)
    opts = _operators(environment, pulumi.ResourceOptions(providers={"kubernetes": provider}))
    if environment.gitops is not None:
        return _by_argo_cd(environment, environment.gitops, opts) | about_cluster
    # A developer's experiment is warned about; what people rely on is kept from it.
    deny = environment.file.tier != "dev"
    AdmissionPolicies("admission", AdmissionArgs(environment=environment.name, specs=admission, deny=deny), opts)
    # First of all: the API server refuses pods of a class that is not there yet, and their controllers try again.
    PriorityClasses("priority", environment.name, opts)
    systems = environment.file.systems.deployed
    store = _store(environment, list(systems), opts)
    args = environment_context(
        environment,
        needs=[*store, made.needs] if made else store,
        backups=made.backups if made else None,
    )
    declarations = [config.declared(args) for config in systems.values()]
    everyone = {one.name: [*one.everyone, *systems[one.name].services] for one in declarations}
    outputs = _about(environment, everyone) | about_cluster
    cluster = cluster_targets(environment.installed_operators)
    callers = prometheus_callers(environment, everyone)
    monitored = monitored_systems(declarations, everyone, args, [*cluster, *args.telemetry.metrics], callers)
    monitoring = Monitoring(args, monitored, environment.file.monitoring, opts)
    outputs["prometheus_url"] = monitoring.url
    owners: dict[str, pulumi.Resource] = {MONITORING_NAMESPACE: monitoring}
    for declaration, config in zip(declarations, systems.values(), strict=True):
        owners[declaration.name] = system = System(declaration, config, args, opts)
        if system.url:
            outputs[f"{declaration.name.replace('-', '_')}_url"] = system.url
    if (access := environment.access) is not None:
        register_access(access, args, owners, opts)
    _telemetry(environment, args, list(systems), owners, opts)
    return outputs


def _telemetry(
    environment: Environment,
    args: EnvironmentContext,
    systems: Sequence[str],
    owners: dict[str, pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> None:
    """Collect and keep logs and traces, where there are any."""
    if not args.telemetry.present:
        return
    # Only here: an environment without them loads none of their programs' configurations.
    from stacks.telemetry.system import Telemetry

    read = environment.operator_namespaces
    made = Telemetry(args, environment.logs, environment.traces, systems, opts, operators=read)
    made.allow_reading({**owners, telemetry.NAME: made}, opts)


def _by_argo_cd(environment: Environment, config: GitOpsConfig, opts: pulumi.ResourceOptions) -> dict[str, object]:
    """Tell Argo CD what to deploy, and leave the rest to it."""
    from components.platform.gitops.component import GitOps

    GitOps("gitops", _gitops_args(environment, config), opts)
    return _about(environment)


def _gitops_args(environment: Environment, config: GitOpsConfig) -> GitOpsArgs:
    file, access = environment.file, environment.access
    own = [MONITORING_NAMESPACE, *([telemetry.NAME] if environment.telemetry.present else [])]
    systems = [*own, *file.systems.deployed]
    # Where Alloy is let read lines: a Role in each.
    read = environment.operator_namespaces if environment.telemetry.logs else []
    teams = [team.name for team in access.teams] if access else []
    return gitops_args(
        config,
        environment.name,
        fleet=file.fleet,
        systems=systems,
        teams=teams,
        installed=environment.installed_operators,
        others=read,
    )


def _about(environment: Environment, services: Mapping[str, Sequence[Service]] | None = None) -> dict[str, object]:
    """The outputs of every environment; `services` are those of its systems."""
    member = environment.member
    return {
        "environment": environment.name,
        "tier": environment.file.tier,
        "delivery": environment.file.delivery,
        # Where images may come from: the policy pack reads it.
        "registry": environment.file.registry,
        # What the cluster has besides, and objects may name: the policy pack reads this too.
        "provided": _provided(environment, services or {}),
        "capacity": _capacity(environment.tier),
        "node_pools": [pool.described() for pool in environment.node_pools],
        **({"cluster": member.name, "region": member.region} if member else {}),
    }


def _operators(environment: Environment, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """Install the operators; returns the options of what uses their kinds."""
    install = environment.installed_operators
    if environment.file.delivery == "argocd":
        # Argo CD cannot bring itself; all others are among what it syncs.
        install = [name for name in install if (name == ARGO_CD) is (environment.gitops is not None)]
    if not install:
        return opts
    # Only here: most environments install none, and the module costs time.
    from components.platform.operators.component import Operators, OperatorsArgs

    figures = sizing(environment.tier, environment.file.ingress_class, environment.file.routing)
    operators = Operators("operators", OperatorsArgs(install=install, sizing=figures), opts)
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[operators]))


def _store(environment: Environment, systems: Sequence[str], opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """The store of all namespaces, where it is to be declared."""
    store = environment.external_store
    if store is None or store.provider is None or store.kind != CLUSTER_SECRET_STORE.kind:
        return []
    made = cluster_store(
        store.name,
        store.provider,
        labels=Scope.of("platform", environment.name).labels(store.name),
        namespaces=[*systems, MONITORING_NAMESPACE, *([telemetry.NAME] if environment.telemetry.present else [])],
        opts=opts,
    )
    return [made]


def _provided(environment: Environment, services: Mapping[str, Sequence[Service]]) -> list[str]:
    """The objects that the environment and the `services` of its systems name and do not make, as `Kind name`."""
    store, tier = environment.secret_store, environment.tier
    named = {
        store.kind if store else "": store.name if store else None,
        "StorageClass": tier.storage_class,
        "ClusterIssuer": tier.cluster_issuer,
    }
    volumes = [one.storage.storage_class for own in services.values() for one in own if one.storage]
    classes = [("StorageClass", name) for name in volumes]
    return list(dict.fromkeys(f"{kind} {name}" for kind, name in (*named.items(), *classes) if name))


def _capacity(tier: Tier) -> dict[str, object]:
    """The nodes that the environment is meant for; a sandbox is made with just these."""
    return {"nodes": tier.nodes, "zones": tier.zones, "cpu": str(tier.node_cpu), "memory": str(tier.node_memory)}


def _cluster(environment: Environment) -> tuple[Provider, dict[str, object], MadeCluster | None]:
    """The provider of the environment's cluster, what the stack's outputs say of it, and what else was made with it."""
    config = environment.cluster
    if config.kind == "eks":
        # Only here: pulumi_aws costs a third of a second, and most environments need none of it.
        from stacks.eks.cluster import eks_cluster

        made = eks_cluster(config, environment)
        return made.provider, made.outputs, made
    if config.kind == "sandbox":
        # Named outright: an update of this environment must never reach the user's current context instead.
        args = ExistingClusterArgs(kubeconfig=str(sandbox_kubeconfig()))
    else:
        args = ExistingClusterArgs(context=config.context)
    return ExistingCluster("cluster", args).provider, {}, None
