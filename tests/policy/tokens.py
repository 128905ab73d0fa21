"""Pulumi's type tokens of the objects of tests, and the URNs that they get."""

from __future__ import annotations

from policy.facts.values import at
from tests.policy.workload_objects import Props

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
    "CustomResourceDefinition": "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
    "ImageCatalog": "kubernetes:postgresql.cnpg.io/v1:ImageCatalog",
    "Pooler": "kubernetes:postgresql.cnpg.io/v1:Pooler",
    "DatabaseRole": "kubernetes:postgresql.cnpg.io/v1:DatabaseRole",
    "ObjectStore": "kubernetes:barmancloud.cnpg.io/v1:ObjectStore",
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
    "PriorityClass": "kubernetes:scheduling.k8s.io/v1:PriorityClass",
}


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
