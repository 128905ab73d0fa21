"""The `spec` of the operator's custom resources: Redis and RedisCluster."""

from __future__ import annotations

from typing import Any

from components.cache.args import EXPORTER, METRICS_PORT, CacheArgs
from components.cache.placement import affinity, spread
from components.priority import Priority
from components.volume_claims import claim_manifest
from versions import REDIS_EXPORTER_IMAGE, REDIS_IMAGE

# The user of the operator's Redis image.
_USER_ID = 1000
# The container fields of the Restricted standard in the notation of a custom resource. Redis writes its node table
# beside its configuration, so the root file system stays writable here.
_SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
}


def redis_spec(args: CacheArgs) -> dict[str, Any]:
    """The `spec` of a Redis: one server, which nothing takes over from."""
    return {**_common(args), "securityContext": _SECURITY, "redisConfig": {"additionalRedisConfig": args.name}}


def redis_cluster_spec(args: CacheArgs) -> dict[str, Any]:
    """The `spec` of a RedisCluster: of each shard a leader and a follower."""
    return {
        **_common(args),
        "clusterSize": args.shards,
        "clusterVersion": "v7",
        "persistenceEnabled": True,
        **{f"redis{pods['role'].title()}": _role(args, pods) for pods in args.pods},
    }


def _common(args: CacheArgs) -> dict[str, Any]:
    return {
        "kubernetesConfig": {
            "image": REDIS_IMAGE,
            "imagePullPolicy": "IfNotPresent",
            "resources": args.resources.as_requirements(),
            "redisSecret": {"name": args.secret_name, "key": "password"},
        },
        "priorityClassName": Priority.CRITICAL.class_name(args.scope.environment),
        "podSecurityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER_ID,
            "fsGroup": _USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "acl": {"secret": {"secretName": args.secret_name}},
        **({"TLS": _tls(args)} if args.tls else {}),
        # With TLS the operator gives probes, exporter and its own commands the certificate as well.
        "redisExporter": {
            "enabled": True,
            "image": REDIS_EXPORTER_IMAGE,
            "imagePullPolicy": "IfNotPresent",
            "port": METRICS_PORT,
            "resources": EXPORTER.as_requirements(),
            "securityContext": _SECURITY,
        },
        "storage": {"volumeClaimTemplate": _volume(args)},
    }


def _tls(args: CacheArgs) -> dict[str, Any]:
    # Named outright: where `ca` is not, the operator leaves Redis without an authority and probes fail.
    keys = {"ca": "ca.crt", "cert": "tls.crt", "key": "tls.key"}
    return {**keys, "secret": {"secretName": args.tls_secret_name}}


def _role(args: CacheArgs, pods: dict[str, str]) -> dict[str, Any]:
    away = affinity(args, pods)
    return {
        "replicas": args.shards,
        "securityContext": _SECURITY,
        "redisConfig": {"additionalRedisConfig": args.name},
        "pdb": {"enabled": True, "maxUnavailable": 1},
        "topologySpreadConstraints": spread(args, pods),
        **({"affinity": away} if away else {}),
    }


def _volume(args: CacheArgs) -> dict[str, Any]:
    return {"spec": claim_manifest(args.storage, args.storage_class)}
