"""Compliant Kubernetes objects to make mutations of, and rules run as the Pulumi engine runs them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pulumi_policy as crossguard
from pulumi_policy.proxy import unknown_checking_proxy

from policy.exemptions import Exemption
from policy.model import Rule
from policy.pack import policies
from policy.values import at
from tests.policy.workload_objects import (
    LABELS,
    TEMPLATE_PATHS,
    WORKLOAD_KINDS,
    Props,
    container,
    init_container,
    resources,
    template_path,
    workload,
)

# Workloads are in a module of their own, and found here with all others.
__all__ = [
    "LABELS",
    "TEMPLATE_PATHS",
    "WORKLOAD_KINDS",
    "Props",
    "container",
    "init_container",
    "resources",
    "template_path",
    "workload",
]

TODAY = date(2026, 7, 1)
TOKENS = {
    "CronJob": "kubernetes:batch/v1:CronJob",
    "DaemonSet": "kubernetes:apps/v1:DaemonSet",
    "Deployment": "kubernetes:apps/v1:Deployment",
    "Job": "kubernetes:batch/v1:Job",
    "LimitRange": "kubernetes:core/v1:LimitRange",
    "Namespace": "kubernetes:core/v1:Namespace",
    "NetworkPolicy": "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "Pod": "kubernetes:core/v1:Pod",
    "ResourceQuota": "kubernetes:core/v1:ResourceQuota",
    "ReplicaSet": "kubernetes:apps/v1:ReplicaSet",
    "ServiceAccount": "kubernetes:core/v1:ServiceAccount",
    "StatefulSet": "kubernetes:apps/v1:StatefulSet",
    "Cluster": "kubernetes:postgresql.cnpg.io/v1:Cluster",
    "Redis": "kubernetes:redis.redis.opstreelabs.in/v1beta2:Redis",
    "RedisCluster": "kubernetes:redis.redis.opstreelabs.in/v1beta2:RedisCluster",
    "Service": "kubernetes:core/v1:Service",
    "ConfigMap": "kubernetes:core/v1:ConfigMap",
    "ConfigMapPatch": "kubernetes:core/v1:ConfigMapPatch",
    "Secret": "kubernetes:core/v1:Secret",
    "PersistentVolumeClaim": "kubernetes:core/v1:PersistentVolumeClaim",
    "ServiceMonitor": "kubernetes:monitoring.coreos.com/v1:ServiceMonitor",
    "PodMonitor": "kubernetes:monitoring.coreos.com/v1:PodMonitor",
    "PrometheusRule": "kubernetes:monitoring.coreos.com/v1:PrometheusRule",
    "PodDisruptionBudget": "kubernetes:policy/v1:PodDisruptionBudget",
    "HorizontalPodAutoscaler": "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    "VerticalPodAutoscaler": "kubernetes:autoscaling.k8s.io/v1:VerticalPodAutoscaler",
    "ScaledObject": "kubernetes:keda.sh/v1alpha1:ScaledObject",
    "Canary": "kubernetes:flagger.app/v1beta1:Canary",
    "Ingress": "kubernetes:networking.k8s.io/v1:Ingress",
    "HTTPRoute": "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
    "VirtualService": "kubernetes:networking.istio.io/v1:VirtualService",
    "ScheduledBackup": "kubernetes:postgresql.cnpg.io/v1:ScheduledBackup",
    "Release": "kubernetes:helm.sh/v3:Release",
    "Role": "kubernetes:rbac.authorization.k8s.io/v1:Role",
    "RoleBinding": "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    "ClusterRole": "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
    "ClusterRoleBinding": "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
    "ExternalSecret": "kubernetes:external-secrets.io/v1:ExternalSecret",
    "Certificate": "kubernetes:cert-manager.io/v1:Certificate",
    "Issuer": "kubernetes:cert-manager.io/v1:Issuer",
    "StorageClass": "kubernetes:storage.k8s.io/v1:StorageClass",
}


def namespace(name: str = "shop") -> Props:
    security = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    return {"kind": "Namespace", "metadata": {"name": name, "labels": {**LABELS, **security}}}


def quota(namespace: str = "shop") -> Props:
    identity = {"name": "quota", "namespace": namespace, "labels": dict(LABELS)}
    return {"kind": "ResourceQuota", "metadata": identity, "spec": {"hard": {"pods": "20"}}}


def service_account(namespace: str = "shop", name: str = "api") -> Props:
    identity = {"name": name, "namespace": namespace, "labels": dict(LABELS)}
    return {"kind": "ServiceAccount", "metadata": identity, "automountServiceAccountToken": False}


def limit_range(namespace: str = "shop") -> Props:
    identity = {"name": "limits", "namespace": namespace, "labels": dict(LABELS)}
    limit = {"type": "Container", "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "100m"}}
    return {"kind": "LimitRange", "metadata": identity, "spec": {"limits": [limit]}}


def default_deny(namespace: str = "shop") -> Props:
    return {
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny", "namespace": namespace, "labels": dict(LABELS)},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }


def allow(namespace: str = "shop", name: str = "api", labels: Mapping[str, str] = LABELS) -> Props:
    return {
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(LABELS)},
        "spec": {
            "podSelector": {"matchLabels": dict(labels)},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 8000}]}],
        },
    }


def shop() -> list[Props]:
    """A stack that no rule objects to; the workload is its last object."""
    return [namespace(), default_deny(), allow(), quota(), limit_range(), service_account(), workload()]


def without(props: Props, path: str) -> Props:
    """A copy without what lies at a dotted path; a number is an index. Keys with dots are written with `~` for them."""
    changed, parent, key = _parent(props, path)
    del parent[key]
    return changed


def having(props: Props, path: str, value: Any) -> Props:
    """A copy with a value at a dotted path."""
    changed, parent, key = _parent(props, path)
    parent[key] = value
    return changed


def _parent(props: Props, path: str) -> tuple[Props, Any, Any]:
    changed = copy.deepcopy(props)
    *keys, last = (int(key) if key.isdigit() else key.replace("~", ".") for key in path.split("."))
    parent: Any = changed
    for key in keys:
        parent = parent[key]
    return changed, parent, last


def token_of(props: Props) -> str:
    """Pulumi's type token: by `apiVersion` where it is stated, else that of the kind."""
    version = props.get("apiVersion")
    if not isinstance(version, str):
        return TOKENS[props["kind"]]
    return f"kubernetes:{version if '/' in version else f'core/{version}'}:{props['kind']}"


def urn_of(props: Props) -> str:
    return urn_of_type(token_of(props), at(props, "metadata", "name"))


def urn_of_type(token: str, name: str = "resource") -> str:
    return f"urn:pulumi:dev::saas-platform::{token}::{name}"


def judge(
    rule: Rule,
    *objects: Props,
    config: Mapping[str, Any] | None = None,
    exemptions: Sequence[Exemption] = (),
    token: str | None = None,
    found: list[str] | None = None,
) -> list[str]:
    """The messages of a rule on objects, through the policy that the engine gets. Raises what the policy raises.

    `found` collects them, for what is reported before the policy raises.
    """
    policy = policies("prod", rules=[rule], exemptions=exemptions, today=TODAY)[0]
    messages: list[str] = [] if found is None else found

    def report(message: str, urn: str | None = None) -> None:
        messages.append(message)

    if isinstance(policy, crossguard.StackValidationPolicy):
        policy.validate(stack_arguments(*objects, config=config), report)
        return messages
    assert isinstance(policy, crossguard.ResourceValidationPolicy)
    for one in objects:
        policy.validate(resource_arguments(unknown_checking_proxy(one), token or token_of(one), config), report)
    return messages


def stack_arguments(*objects: Props, config: Mapping[str, Any] | None = None) -> crossguard.StackValidationArgs:
    """What the engine hands to a policy on a stack of these objects."""
    return crossguard.StackValidationArgs([_resource(one) for one in objects], config)


def _options() -> crossguard.PolicyResourceOptions:
    return crossguard.PolicyResourceOptions(False, [], None, [], crossguard.PolicyCustomTimeouts(0, 0, 0), [])


def resource_arguments(
    props: Any, token: str, config: Mapping[str, Any] | None = None
) -> crossguard.ResourceValidationArgs:
    """What the engine hands to a policy on one resource, its properties behind the proxy that they need."""
    return crossguard.ResourceValidationArgs(token, props, urn_of_type(token), "resource", _options(), None, config)


def _resource(props: Props) -> crossguard.PolicyResource:
    proxied = unknown_checking_proxy(props)
    token = token_of(props)
    return crossguard.PolicyResource(token, proxied, urn_of(props), "resource", _options(), None, None, [], {})
