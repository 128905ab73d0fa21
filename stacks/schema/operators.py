"""Which operators an environment installs: `operators` in its file, by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from components.kubernetes.network import Flow, Peer
from components.monitoring.prometheus import PORT as PROMETHEUS_PORT
from components.platform.operators.table import OPERATORS, RELOADER
from components.platform.operators.values import Sizing
from stacks.monitoring.levels import LEVELS
from stacks.schema.releases import Routing
from stacks.schema.tiers import Tier
from stacks.schema.types import Bytes, Problem, one_of

# What tells of the cluster itself, by the names and ports of its chart.
_CLUSTER_METRICS = "prometheus-operator"
_OPERATOR_PORT, _DNS_PORT = 10250, 9153
Mode = Literal["install", "off", "preinstalled"]
_BY_CHOICE = ("external-secrets", RELOADER)
# Without these an environment does less, and all of it runs.
_DISPENSABLE = (RELOADER,)
# Kept in days, by what a tier's monitoring is; the volume of each holds that with room.
_RETENTION = {"basic": 3, "full": 7, "production": 30, "comprehensive": 90}
_STORAGE = {"basic": "10Gi", "full": "20Gi", "production": "100Gi", "comprehensive": "300Gi"}


def _name(value: str) -> str:
    if value not in OPERATORS:
        close = difflib.get_close_matches(value, OPERATORS, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ValueError(f"there is no operator {value!r}; {hint}there are: {', '.join(sorted(OPERATORS))}")
    return value


def _mode(value: Any) -> Any:
    # YAML 1.1 reads a bare `off` as false, and Pulumi's own reader as text.
    return "off" if value is False else value


OperatorName = Annotated[str, AfterValidator(_name), one_of("operator", sorted(OPERATORS))]
OperatorMode = Annotated[Mode, BeforeValidator(_mode)]


@dataclass(frozen=True, kw_only=True)
class Uses:
    """What an environment uses of the operators that not every one needs; `routing` is raw or a `Routing`'s values."""

    external_secrets: bool
    routing: Mapping[str, Any] = field(default_factory=dict)

    @property
    def operators(self) -> frozenset[str]:
        """Their names."""
        mesh = self.routing.get("mesh", "none")
        names = {"external-secrets", RELOADER} if self.external_secrets else set()
        if mesh == "istio":
            names |= {"istio-base", "istiod", "istio-gateway"}
        if mesh == "gateway-api":
            names.add("gateway-api-crds")
            # Istio carries out that class too; for any other there is no row in the table.
            names |= {"istio-base", "istiod"} if self.routing.get("gateway_class", "istio") == "istio" else set()
        if self.routing.get("controller", "none") == "flagger":
            names.add("flagger")
        return frozenset(names)


def modes(declared: Mapping[str, Mode], cluster_kind: str, uses: Uses) -> dict[str, Mode]:
    """What is done about each operator of the table.

    Unless the file says so, those that the environment's objects need are installed in a cluster that it makes itself,
    and are in any other already; the rest is in none.
    """
    return {name: declared.get(name) or _default(name, cluster_kind, uses) for name in OPERATORS}


def to_install(declared: Any, cluster_kind: Any, uses: Uses) -> list[str]:
    """The operators that the environment installs itself; `declared` may be raw."""
    known = {name: _mode(mode) for name, mode in declared.items()} if isinstance(declared, Mapping) else {}
    found = modes(known, str(cluster_kind), uses)
    return [name for name, mode in found.items() if mode == "install"]


def namespaces(declared: Mapping[str, Mode], cluster_kind: str, uses: Uses) -> list[str]:
    """Where the operators run that the environment installs or finds there, but for Kubernetes' own namespace."""
    found = modes(declared, cluster_kind, uses)
    return sorted({OPERATORS[name].namespace for name, mode in found.items() if mode != "off"} - {"kube-system"})


def _default(name: str, cluster_kind: str, uses: Uses) -> Mode:
    if not _needed(name, uses):
        return "off"
    return "install" if cluster_kind == "eks" else "preinstalled"


def _needed(name: str, uses: Uses) -> bool:
    return (OPERATORS[name].needed and name not in _BY_CHOICE) or name in uses.operators


def present(name: str, declared: Mapping[str, Mode]) -> bool:
    """Whether an operator that no environment needs by itself is in the cluster: only where the file says so.

    Of a cluster that was there before nobody can tell from here, and an object that no operator reads does nothing.
    """
    return declared.get(name, "off") != "off"


def operator_problems(declared: Any, cluster_kind: Any, uses: Uses) -> Iterable[Problem]:
    """Operators that are off although something needs them; `declared` is raw."""
    if not isinstance(declared, Mapping):
        return
    known = {name: _mode(mode) for name, mode in declared.items() if name in OPERATORS}
    found = modes(known, str(cluster_kind), uses)
    for name, mode in found.items():
        if name in known and mode == "off" and _needed(name, uses) and name not in _DISPENSABLE:
            message = "the environment's own objects need it: say install, or preinstalled if the cluster has it"
            yield Problem((name,), message)
        for other in OPERATORS[name].after if name in known and mode == "install" else ():
            if found[other] == "off":
                yield Problem((name,), f"needs {other}, which is off: add '{other}: install', or preinstalled")


def cluster_targets(installed: Sequence[str]) -> list[Flow]:
    """Where Prometheus reads the cluster's own metrics, if the environment installs what tells them."""
    if _CLUSTER_METRICS not in installed:
        return []
    namespace = Peer(namespace=OPERATORS[_CLUSTER_METRICS].namespace)
    dns = Peer(namespace="kube-system", pods={"k8s-app": "kube-dns"})
    return [
        Flow(peer=namespace, ports=(_OPERATOR_PORT,)),
        Flow(peer=dns, ports=(_DNS_PORT,)),
    ]


def sizing(tier: Tier, ingress_class: str, routing: Routing) -> Sizing:
    """The figures of the charts' values for a tier: two of each controller where zones count, else one."""
    scheme = "https" if LEVELS[tier.monitoring].tls else "http"
    return Sizing(
        replicas=2 if tier.zones_required else 1,
        storage=Bytes.parse(_STORAGE[tier.monitoring]),
        storage_class=tier.storage_class,
        retention_days=_RETENTION[tier.monitoring],
        trace_sampling_rate=tier.trace_sampling_rate,
        ingress_class=ingress_class,
        mesh=routing.mesh,
        metrics_url=f"{scheme}://prometheus-operated.monitoring.svc.cluster.local:{PROMETHEUS_PORT}",
    )
