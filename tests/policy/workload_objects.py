"""Workloads that no rule objects to, of every kind."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

Props = dict[str, Any]
TEMPLATE_PATHS = {"Pod": "", "CronJob": "spec.jobTemplate.spec.template."}
WORKLOAD_KINDS = ("CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet")
LABELS = {
    "app.kubernetes.io/name": "api",
    "app.kubernetes.io/part-of": "shop",
    "app.kubernetes.io/managed-by": "pulumi",
    "platform.io/environment": "prod",
    "platform.io/system": "shop",
}
API_VERSIONS = {"CronJob": "batch/v1", "Job": "batch/v1", "Pod": "v1"}
# What each kind of workload states besides the template of its pods.
_CONTROLLERS: Mapping[str, Props] = {
    "CronJob": {
        "schedule": "0 3 * * *",
        "startingDeadlineSeconds": 300,
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
    },
    "DaemonSet": {"revisionHistoryLimit": 5},
    "Deployment": {
        "replicas": 2,
        "revisionHistoryLimit": 5,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": "25%"}},
    },
    "StatefulSet": {"revisionHistoryLimit": 5, "serviceName": "api-headless", "replicas": 3},
}
_JOB: Props = {"backoffLimit": 3, "activeDeadlineSeconds": 600, "ttlSecondsAfterFinished": 3600}


def template_path(kind: str) -> str:
    """Where the pod template of a kind stands, with the dot that follows it."""
    return TEMPLATE_PATHS.get(kind, "spec.template.")


def resources() -> Props:
    return {
        "requests": {"cpu": "250m", "memory": "128Mi", "ephemeral-storage": "256Mi"},
        "limits": {"cpu": 1, "memory": "256Mi", "ephemeral-storage": "1Gi"},
    }


def container_security() -> Props:
    return {
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }


def init_container(name: str = "migrate") -> Props:
    return {
        "name": name,
        "image": "ghcr.io/saas-platform/web:1.0.0",
        "imagePullPolicy": "IfNotPresent",
        "securityContext": container_security(),
        "resources": resources(),
    }


def container(name: str = "web") -> Props:
    return {
        **init_container(name),
        "ports": [{"name": "http", "containerPort": 8000}],
        "env": [{"name": "MODE", "value": "quiet"}],
        "lifecycle": {"preStop": {"sleep": {"seconds": 15}}},
        "startupProbe": {"httpGet": {"path": "/health", "port": "http"}, "failureThreshold": 60},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "livenessProbe": {"httpGet": {"path": "/health", "port": "http"}},
    }


def pod_spec() -> Props:
    zones = {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}
    return {
        "serviceAccountName": "api",
        "automountServiceAccountToken": False,
        "priorityClassName": "standard",
        "terminationGracePeriodSeconds": 45,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [zones | {"labelSelector": {"matchLabels": dict(LABELS)}}],
        "initContainers": [init_container()],
        "containers": [container()],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "512Mi"}}],
    }


def workload(kind: str = "Deployment", name: str = "api", namespace: str = "shop") -> Props:
    """A workload that no rule objects to, with an init container."""
    identity = {"name": name, "namespace": namespace, "labels": dict(LABELS)}
    shell = {"apiVersion": API_VERSIONS.get(kind, "apps/v1"), "kind": kind, "metadata": identity}
    if kind == "Pod":
        return shell | {"spec": pod_spec()}
    spec: Props = {"template": {"metadata": {"labels": dict(LABELS)}, "spec": pod_spec()}}
    if kind == "CronJob":
        spec = {"jobTemplate": {"spec": _JOB | spec}}
    return copy.deepcopy(shell | {"spec": {**_CONTROLLERS.get(kind, _JOB if kind == "Job" else {}), **spec}})
