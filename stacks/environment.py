"""An environment composed: its cluster, and on it the systems that its configuration names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pulumi
from pulumi_kubernetes import Provider

from components.admission import AdmissionArgs, AdmissionPolicies
from components.cluster import ExistingCluster, ExistingClusterArgs
from components.network import Peer
from components.operators.table import KEDA, OPERATORS, VERTICAL_POD_AUTOSCALER
from components.priority import PriorityClasses
from components.secret_store import cluster_store
from paths import sandbox_kubeconfig
from policy.admission import admission_specs
from stacks.access import register_access
from stacks.blueprint.args import SystemArgs
from stacks.blueprint.component import System
from stacks.blueprint.watching import alert_receivers, metrics_targets
from stacks.composition import MONITORING_NAMESPACE
from stacks.config import Environment
from stacks.gitops import ARGO_CD, GitOpsConfig, gitops_args
from stacks.monitoring import Monitoring
from stacks.operators import cluster_targets, sizing
from stacks.services import Service
from stacks.tiers import Tier
from versions import CLUSTER_SECRET_STORE

if TYPE_CHECKING:
    from stacks.eks.cluster import MadeCluster


def build(environment: Environment) -> dict[str, object]:
    """Register everything that the environment is made of; returns the stack's outputs."""
    provider, about_cluster, made = _cluster(environment)
    opts = _operators(environment, pulumi.ResourceOptions(providers={"kubernetes": provider}))
    if environment.gitops is not None:
        return _by_argo_cd(environment, environment.gitops, opts) | about_cluster
    AdmissionPolicies("admission", _admission_args(environment), opts)
    # First of all: the API server refuses pods of a class that is not there yet, and their controllers try again.
    PriorityClasses("priority", environment.name, opts)
    args = _system_args(environment)
    outputs = _about(environment) | about_cluster
    systems = environment.file.systems.deployed
    args = replace(args, needs=_store(args, list(systems), opts))
    if made is not None:
        args = replace(args, backups=made.backups, needs=(*args.needs, made.needs))
    declarations = [config.declared(args) for config in systems.values()]
    everyone = {one.name: [*one.everyone, *systems[one.name].services] for one in declarations}
    args = replace(args, asking=_asking(environment, everyone))
    targets = metrics_targets(declarations, everyone, args.routing) + cluster_targets(environment.installed_operators)
    monitoring = Monitoring(args, targets, alert_receivers(declarations), declarations, opts)
    outputs["prometheus_url"] = monitoring.url
    args = replace(args, prometheus=monitoring.url)
    owners: dict[str, pulumi.Resource] = {MONITORING_NAMESPACE: monitoring}
    for declaration, config in zip(declarations, systems.values(), strict=True):
        owners[declaration.name] = system = System(declaration, config, args, opts)
        if system.url:
            outputs[f"{declaration.name.replace('-', '_')}_url"] = system.url
    if (access := environment.access) is not None:
        register_access(access, args, owners, opts)
    return outputs


def _by_argo_cd(environment: Environment, config: GitOpsConfig, opts: pulumi.ResourceOptions) -> dict[str, object]:
    """Tell Argo CD what to deploy, and leave the rest to it."""
    from components.gitops.component import GitOps

    systems = [MONITORING_NAMESPACE, *environment.file.systems.deployed]
    teams = [team.name for team in environment.access.teams] if environment.access else []
    GitOps("gitops", gitops_args(config, environment.name, systems, teams, environment.installed_operators), opts)
    return _about(environment)


def _about(environment: Environment) -> dict[str, object]:
    """The outputs of every environment."""
    return {
        "environment": environment.name,
        "tier": environment.file.tier,
        "delivery": environment.file.delivery,
        # Where images may come from: the policy pack reads it.
        "registry": environment.file.registry,
        # What the cluster has besides, and objects may name: the policy pack reads this too.
        "provided": _provided(environment),
        "capacity": _capacity(environment.tier),
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
    from components.operators.component import Operators, OperatorsArgs

    figures = sizing(environment.tier, environment.file.ingress_class)
    operators = Operators("operators", OperatorsArgs(install=install, sizing=figures), opts)
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[operators]))


def _store(args: SystemArgs, systems: Sequence[str], opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """The store of all namespaces, where it is to be declared."""
    store = args.store
    if store is None or store.provider is None or store.kind != CLUSTER_SECRET_STORE.kind:
        return []
    made = cluster_store(
        store.name,
        store.provider,
        labels=args.scope("platform").labels(store.name),
        namespaces=[*systems, MONITORING_NAMESPACE],
        opts=opts,
    )
    return [made]


def _provided(environment: Environment) -> list[str]:
    """The objects that the environment names and does not make, as `Kind name`."""
    store, tier = environment.secret_store, environment.tier
    named = {
        store.kind if store else "": store.name if store else None,
        "StorageClass": tier.storage_class,
        "ClusterIssuer": tier.cluster_issuer,
    }
    return [f"{kind} {name}" for kind, name in named.items() if name]


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


def _admission_args(environment: Environment) -> AdmissionArgs:
    # A developer's experiment is warned about; what people rely on is kept from it.
    deny = environment.file.tier != "dev"
    return AdmissionArgs(environment=environment.name, specs=admission_specs(), deny=deny)


def _system_args(environment: Environment) -> SystemArgs:
    store = environment.secret_store
    return SystemArgs(
        environment=environment.name,
        tier=environment.tier,
        domain=environment.file.domain,
        registry=environment.file.registry,
        ingress_class=environment.file.ingress_class,
        store=store.external() if store else None,
        routing=environment.file.routing,
        keda=environment.has(KEDA),
        vertical=environment.has(VERTICAL_POD_AUTOSCALER),
        applications=environment.has(ARGO_CD) and environment.file.delivery != "argocd",
    )


def _asking(environment: Environment, services: Mapping[str, Sequence[Service]]) -> list[Peer]:
    """Who asks Prometheus: KEDA, where one of the systems' services scales by what it says."""
    declared = [service.autoscaling for own in services.values() for service in own if service.autoscaling]
    asked = any(one.asks_prometheus for one in declared)
    return [Peer(namespace=OPERATORS[KEDA].namespace)] if asked and environment.has(KEDA) else []
