"""The baseline of a namespace: isolated, bounded, and admitting only pods that meet a Pod Security Standard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_kubernetes.core.v1 import LimitRange, Namespace, ResourceQuota
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope
from components.kubernetes.needs import DNS
from components.kubernetes.network import allow
from components.kubernetes.objects import kept

PodSecurity = Literal["restricted", "baseline", "privileged"]


@dataclass(frozen=True, kw_only=True)
class NamespaceArgs:
    """`quota` bounds the whole namespace; `container_default` and `container_max` bound what states no figures.

    Where any of the volumes that the quota is for is protected, so is the namespace: it would take them along.
    """

    scope: Scope
    quota: Footprint
    container_default: ContainerResources
    container_max: ContainerResources
    pod_security: PodSecurity = "restricted"


class NamespaceBaseline(pulumi.ComponentResource):
    """A namespace with quota, limit range, Pod Security labels and default-deny network policy; DNS stays allowed.

    Everything that runs in the namespace depends on this component. Outputs: `namespace` (its name).
    """

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:namespace:NamespaceBaseline", name, {}, opts)
        self._args = args
        namespace = self._namespace(name, kept(args.quota.protect, pulumi.ResourceOptions(parent=self)))
        # Inside the baseline the order matters: nothing can be created in a namespace that is not there.
        child = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        self._resource_quota(name, child)
        self._limit_range(name, child)
        self._default_deny(name, child)
        allow(f"{name}-dns", scope=args.scope, component="allow-dns", pods={}, egress=(DNS,), opts=child)
        self.namespace = namespace.metadata.name
        self.register_outputs({"namespace": self.namespace})

    def _namespace(self, name: str, opts: pulumi.ResourceOptions) -> Namespace:
        level = self._args.pod_security
        security = {f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "audit", "warn")}
        scope = self._args.scope
        metadata = {"name": scope.namespace, "labels": scope.labels("namespace") | security}
        return Namespace(name, metadata=metadata, opts=opts)

    def _resource_quota(self, name: str, opts: pulumi.ResourceOptions) -> ResourceQuota:
        quota = self._args.quota
        hard = {
            "pods": str(quota.pods),
            "requests.cpu": str(quota.cpu_requests),
            "requests.memory": str(quota.memory_requests),
            "limits.cpu": str(quota.cpu_limits),
            "limits.memory": str(quota.memory_limits),
            "persistentvolumeclaims": str(quota.volumes),
            "requests.storage": str(quota.storage),
            # Traffic enters through the Ingress alone.
            "services.nodeports": "0",
            "services.loadbalancers": "0",
        }
        return ResourceQuota(
            name, metadata=self._args.scope.metadata("namespace", "quota"), spec={"hard": hard}, opts=opts
        )

    def _limit_range(self, name: str, opts: pulumi.ResourceOptions) -> LimitRange:
        default = self._args.container_default.as_requirements()
        limit = {
            "type": "Container",
            "default": default["limits"],
            "default_request": default["requests"],
            "max": self._args.container_max.as_requirements()["limits"],
        }
        return LimitRange(
            name, metadata=self._args.scope.metadata("namespace", "limits"), spec={"limits": [limit]}, opts=opts
        )

    def _default_deny(self, name: str, opts: pulumi.ResourceOptions) -> NetworkPolicy:
        return NetworkPolicy(
            f"{name}-default-deny",
            metadata=self._args.scope.metadata("namespace", "default-deny"),
            spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
            opts=opts,
        )
