"""Violations by other objects of Kubernetes, and by objects together."""

from __future__ import annotations

from graph.model import Secret
from tests.policy.rule_tests import kubernetes_object
from tests.policy.seeding.environment import Seed, add, append, copied, drop, put, remove, retyped, unprotected

_ROLE, _BINDING = "Role astrbot/astrbot-manager", "RoleBinding astrbot/astrbot-manager"
_CLUSTER_ROLE = "ClusterRole monitoring-prometheus-main"
_CLUSTER_BINDING = "ClusterRoleBinding monitoring-prometheus-main"
_SETTINGS = "ConfigMap astrbot/saas-platform-config"
_INGRESS, _GATEWAY = "Ingress astrbot/api-gateway", "Gateway astrbot/edge"
_AUTOSCALER = "HorizontalPodAutoscaler astrbot/api-gateway"
_BUDGET = "PodDisruptionBudget astrbot/api-gateway"
_DEPLOYMENT = "Deployment astrbot/api-gateway"
_SERVICE, _OTHER = "Service astrbot/minio", "HorizontalPodAutoscaler astrbot/auth-service"
_CLAIM = "PersistentVolumeClaim astrbot/exports"
# The way to the internet, and on another port to all addresses: the one's exceptions cut the other.
_OUTWARD = "NetworkPolicy monitoring/alertmanager-main"
_ALL_ADDRESSES = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 8443, "protocol": "TCP"}]}


def _rule(rule: str, role: str, group: str, resource: str, verb: str) -> Seed:
    allowed = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
    return Seed(rule=rule, edit=append(role, "rules", allowed), object=role)


SEEDS = (
    # RBAC.
    _rule("rbac-wildcards", _ROLE, "apps", "deployments", "*"),
    _rule("rbac-escalation", _ROLE, "rbac.authorization.k8s.io", "roles", "escalate"),
    _rule("rbac-exec", _ROLE, "", "pods/exec", "create"),
    _rule("rbac-secrets", _CLUSTER_ROLE, "", "secrets", "list"),
    _rule("rbac-creation", _ROLE, "", "pods", "create"),
    Seed(
        rule="rbac-cluster-admin",
        edit=put(_CLUSTER_BINDING, "roleRef.name", "cluster-admin"),
        object=_CLUSTER_BINDING,
    ),
    Seed(
        rule="bindings-resolve",
        edit=put(_BINDING, "subjects.0.name", "nobody"),
        object=_BINDING,
        implied={
            ("service-account-token", "Deployment astrbot/astrbot-manager"): "nothing else gives its account rights",
        },
    ),
    # Networks and entries.
    Seed(
        rule="closed-ingress",
        edit=append("NetworkPolicy astrbot/minio", "spec.ingress", {"ports": [{"port": 9000}]}),
        object="NetworkPolicy astrbot/minio",
    ),
    Seed(rule="network-policy", edit=remove("NetworkPolicy astrbot/default-deny"), object="Namespace astrbot"),
    Seed(
        rule="plugin-semantics",
        edit=append(_OUTWARD, "spec.egress", _ALL_ADDRESSES),
        object=_OUTWARD,
    ),
    Seed(
        rule="service-exposure",
        edit=put("Service astrbot/minio", "spec.type", "NodePort"),
        object="Service astrbot/minio",
    ),
    Seed(rule="ingress-tls", edit=drop(_INGRESS, "spec.tls"), object=_INGRESS),
    Seed(rule="gateway-tls", edit=put(_GATEWAY, "spec.listeners.0.tls", {}), object=_GATEWAY),
    Seed(rule="wildcard-hosts", edit=drop(_GATEWAY, "spec.listeners.0.hostname"), object=_GATEWAY),
    Seed(rule="unique-routes", edit=copied(_INGRESS, "seeded"), object="Ingress astrbot/seeded"),
    Seed(
        rule="ingress-snippets",
        edit=put(_INGRESS, "metadata.annotations.nginx~ingress~kubernetes~io/server-snippet", "return 200;"),
        object=_INGRESS,
    ),
    Seed(
        rule="service-ports",
        edit=put("Service astrbot/auth-service", "spec.ports.0.targetPort", "gone"),
        object="Service astrbot/auth-service",
    ),
    # Namespaces, labels, versions, owners, credentials.
    Seed(rule="namespace-baseline", edit=remove("ResourceQuota astrbot/quota"), object="Namespace astrbot"),
    Seed(
        rule="own-namespace",
        edit=add(kubernetes_object("v1", "ConfigMap", metadata={"namespace": "default", "name": "seeded"})),
        object="ConfigMap default/seeded",
    ),
    Seed(rule="required-labels", edit=drop(_SETTINGS, "metadata.labels.platform~io/system"), object=_SETTINGS),
    Seed(
        rule="api-versions",
        edit=retyped(_BUDGET, "kubernetes:policy/v1beta1:PodDisruptionBudget"),
        object=_BUDGET,
    ),
    Seed(rule="single-owner", edit=copied(_SETTINGS, "saas-platform-config"), object=_SETTINGS),
    Seed(rule="secrets-in-configmap", edit=put(_SETTINGS, "data.DB_PASSWORD", "hunter2hunter2"), object=_SETTINGS),
    Seed(rule="secrets-stay-secret", edit=put(_SETTINGS, "data.MODE", Secret("hunter2hunter2")), object=_SETTINGS),
    # What scales, and what it leaves.
    Seed(rule="autoscaler", edit=put(_AUTOSCALER, "spec.minReplicas", 1), object=_AUTOSCALER),
    Seed(
        rule="one-autoscaler",
        edit=copied(_OTHER, "seeded"),
        object="HorizontalPodAutoscaler astrbot/seeded",
    ),
    Seed(rule="disruption-budget", edit=put(_BUDGET, "spec.maxUnavailable", 0), object=_BUDGET),
    Seed(rule="unhealthy-eviction", edit=drop(_BUDGET, "spec.unhealthyPodEvictionPolicy"), object=_BUDGET),
    Seed(
        rule="targets-exist",
        edit=put(_AUTOSCALER, "spec.scaleTargetRef.name", "gone"),
        object=_AUTOSCALER,
    ),
    # References.
    Seed(
        rule="references-exist",
        edit=append(_DEPLOYMENT, "spec.template.spec.containers.0.envFrom", {"configMapRef": {"name": "gone"}}),
        object=_DEPLOYMENT,
    ),
    Seed(
        rule="selectors-match",
        edit=put("ServiceMonitor astrbot/api-gateway", "spec.selector.matchLabels", {"app": "gone"}),
        object="ServiceMonitor astrbot/api-gateway",
    ),
    # Volumes, and what they go with.
    Seed(rule="protected-owners", edit=unprotected("Namespace astrbot"), object="Namespace astrbot"),
    Seed(rule="volume-size", edit=drop(_CLAIM, "spec.storageClassName"), object=_CLAIM),
    Seed(rule="volume-backup", edit=drop(_CLAIM, "metadata.annotations"), object=_CLAIM),
)
