"""Violations by what runs: each in a workload of production."""

from __future__ import annotations

from tests.policy.objects import having, workload
from tests.policy.seeding.environment import Seed, add, append, drop, put

_GATEWAY = "Deployment astrbot/api-gateway"
# For a second violation at the same place.
_TENANTS = "Deployment astrbot/tenant-service"
_MANAGER = "Deployment astrbot/astrbot-manager"
_NIGHTLY = "CronJob astrbot/nightly"
_STORAGE = "StatefulSet astrbot/minio"
_SPEC = "spec.template.spec"
_CONTAINER = f"{_SPEC}.containers.0"
_CONTEXT = f"{_CONTAINER}.securityContext"


_ALONE = having(workload("Pod", "seeded", "astrbot"), "spec.serviceAccountName", "api-gateway")
_ALONE = having(_ALONE, "spec.priorityClassName", "platform-prod-high")
_ALONE = having(_ALONE, "metadata.labels", {**_ALONE["metadata"]["labels"], "app.kubernetes.io/name": "api-gateway"})


def _pod(rule: str, path: str, value: object, label: str = _GATEWAY) -> Seed:
    return Seed(rule=rule, edit=put(label, f"{_SPEC}.{path}", value), object=label)


def _container(rule: str, path: str, value: object, label: str = _GATEWAY) -> Seed:
    return _pod(rule, f"containers.0.{path}", value, label)


def _without(rule: str, path: str, label: str = _GATEWAY) -> Seed:
    return Seed(rule=rule, edit=drop(label, path), object=label)


def _volume(rule: str, **source: object) -> Seed:
    return Seed(rule=rule, edit=append(_GATEWAY, f"{_SPEC}.volumes", {"name": "seeded", **source}), object=_GATEWAY)


SEEDS = (
    # What a container may do.
    _container("apparmor", "securityContext.appArmorProfile", {"type": "Unconfined"}),
    _container("capabilities", "securityContext.capabilities", {"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
    _container("privilege-escalation", "securityContext.allowPrivilegeEscalation", True),
    _container("privileged", "securityContext.privileged", True),
    _container("proc-mount", "securityContext.procMount", "Unmasked"),
    _container("read-only-root", "securityContext.readOnlyRootFilesystem", False),
    _container("run-as-non-root", "securityContext.runAsNonRoot", False),
    _container("windows-host-process", "securityContext.windowsOptions", {"hostProcess": True}),
    _pod("seccomp", "securityContext.seccompProfile", {"type": "Unconfined"}),
    _pod("selinux", "securityContext.seLinuxOptions", {"user": "system_u"}),
    _pod("sysctls", "securityContext.sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
    # What it shares with its node.
    _pod("host-namespaces", "hostNetwork", True),
    _volume("host-path", hostPath={"path": "/"}),
    _volume("volume-types", nfs={"server": "files.example", "path": "/"}),
    _volume("scratch-limits", emptyDir={}),
    _container("host-ports", "ports.0.hostPort", 80),
    _container("probe-hosts", "readinessProbe.httpGet.host", "169.254.169.254"),
    _container("unprivileged-ports", "ports.0.containerPort", 443, _TENANTS),
    _pod("root-group", "securityContext.fsGroup", 0),
    _pod("user-ids", "securityContext.runAsGroup", 472),
    # Images, credentials, rights.
    _container("image-registry", "image", "docker.io/library/tenant-service:1.0.0", _TENANTS),
    _container("image-tag", "image", "ghcr.io/saas-platform/api-gateway:latest"),
    _container("pull-policy", "imagePullPolicy", "Always"),
    Seed(
        rule="secrets-in-environment",
        edit=append(_GATEWAY, f"{_CONTAINER}.env", {"name": "API_TOKEN", "value": "hunter2hunter2"}),
        object=_GATEWAY,
    ),
    _container("secrets-in-commands", "args", ["--token=hunter2hunter2"]),
    _pod("default-service-account", "serviceAccountName", "default"),
    _pod("service-account-token", "automountServiceAccountToken", True, _TENANTS),
    _without("token-automount", f"{_SPEC}.automountServiceAccountToken"),
    Seed(
        rule="unique-variables",
        edit=put(_TENANTS, f"{_CONTAINER}.env", [{"name": "MODE", "value": "a"}, {"name": "MODE", "value": "b"}]),
        object=_TENANTS,
    ),
    Seed(rule="controlled-pods", edit=add(_ALONE, "alone"), object="Pod astrbot/seeded"),
    Seed(
        rule="own-pods",
        edit=put("Deployment astrbot/message-service", "spec.selector.matchLabels", {"app": "gone"}),
        object="Deployment astrbot/message-service",
    ),
    # Figures, and how it lives and dies.
    _without("resource-limits", f"{_CONTAINER}.resources.limits.memory"),
    _container("resource-ratio", "resources.requests.memory", "1Mi", _TENANTS),
    _container("graceful-termination", "lifecycle.preStop", {"sleep": {"seconds": 600}}),
    _without("probes", f"{_CONTAINER}.startupProbe"),
    _without("priority-class", f"{_SPEC}.priorityClassName"),
    _without("topology-spread", f"{_SPEC}.topologySpreadConstraints"),
    _without("revision-history", "spec.revisionHistoryLimit"),
    Seed(rule="rollout-strategy", edit=put(_GATEWAY, "spec.strategy", {"type": "Recreate"}), object=_GATEWAY),
    _without("replicas", "metadata.annotations", _MANAGER),
    _without("statefulset-service", "spec.serviceName", _STORAGE),
    _without("cron-job", "spec.startingDeadlineSeconds", _NIGHTLY),
    _without("job-limits", "spec.jobTemplate.spec.activeDeadlineSeconds", _NIGHTLY),
)
