"""An environment composed: its cluster, and on it the systems that its configuration names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pulumi

from components.admission import AdmissionArgs, AdmissionPolicies
from components.cluster import ExistingCluster, ExistingClusterArgs
from components.network import Flow, Peer
from components.secret_store import cluster_store
from paths import sandbox_kubeconfig
from policy.admission import admission_specs
from stacks.composition import METRICS_PORTS, MONITORING_NAMESPACE
from stacks.config import Environment
from stacks.monitoring import Monitoring
from stacks.systems.astrbot import AstrBot
from stacks.systems.astrbot.services import MANAGER
from stacks.systems.base import SystemArgs
from stacks.tiers import Tier
from versions import CLUSTER_SECRET_STORE


def build(environment: Environment) -> dict[str, object]:
    """Register everything that the environment is made of; returns the stack's outputs."""
    cluster = ExistingCluster("cluster", _cluster_args(environment))
    opts = pulumi.ResourceOptions(providers={"kubernetes": cluster.provider})
    AdmissionPolicies("admission", _admission_args(environment), opts)
    args = _system_args(environment)
    systems = [name for name, config in environment.file.systems if config is not None]
    args = replace(args, needs=_store(args, systems, opts))
    outputs: dict[str, object] = {
        "environment": environment.name,
        "tier": environment.file.tier,
        # Where images may come from: the policy pack reads it.
        "registry": environment.file.registry,
        "capacity": _capacity(environment.tier),
    }
    outputs["prometheus_url"] = Monitoring(args, *_watched(systems), systems, opts).url
    if (astrbot := environment.file.systems.astrbot) is not None:
        outputs["astrbot_url"] = AstrBot(astrbot, args, opts).url
    return outputs


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


def _watched(systems: Sequence[str]) -> tuple[list[Flow], list[Flow]]:
    """Where Prometheus reads metrics, and whom Alertmanager tells, in the namespaces of the environment's systems."""
    targets = [Flow(peer=Peer(namespace=name), ports=METRICS_PORTS) for name in systems]
    manager = Peer(namespace="astrbot", pods={"app.kubernetes.io/name": MANAGER})
    return targets, [Flow(peer=manager, ports=(8000,))] if "astrbot" in systems else []


def _capacity(tier: Tier) -> dict[str, object]:
    """The nodes that the environment is meant for; a sandbox is made with just these."""
    return {"nodes": tier.nodes, "zones": tier.zones, "cpu": str(tier.node_cpu), "memory": str(tier.node_memory)}


def _cluster_args(environment: Environment) -> ExistingClusterArgs:
    if environment.cluster.kind == "sandbox":
        # Named outright: an update of this environment must never reach the user's current context instead.
        return ExistingClusterArgs(kubeconfig=str(sandbox_kubeconfig()))
    return ExistingClusterArgs(context=environment.cluster.context)


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
    )
