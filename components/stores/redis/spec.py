"""The `spec` of the operator's custom resources, Redis and RedisCluster, and where their pods run."""

from __future__ import annotations

from typing import Any

from components.kubernetes.quantity import Bytes
from components.kubernetes.scheduling import Priority
from components.kubernetes.volumes import claim_manifest
from components.stores.redis.args import EXPORTER, NODE_TABLE, PORT, CacheArgs
from components.stores.redis.facts import METRICS_PORT
from versions import REDIS_EXPORTER_IMAGE, REDIS_IMAGE

_ZONE = "topology.kubernetes.io/zone"
# The ordinal of a pod in its StatefulSet: the operator makes follower N follow leader N.
_ORDINAL = "apps.kubernetes.io/pod-index"
# Where the operator mounts the certificate's Secret.
AUTHORITY_FILE = "/tls/ca.crt"


def spread(args: CacheArgs, pods: dict[str, str]) -> list[dict[str, Any]]:
    """Leaders evenly over zones, strictly where zones are required: a majority is left when one is lost.

    Followers only as far as there is room: strictly, and away from their leaders, the last one may find no place.
    """
    strict = args.zones is not None and pods["role"] == "leader"
    return [
        {
            "maxSkew": 1,
            "topologyKey": _ZONE,
            "whenUnsatisfiable": "DoNotSchedule" if strict else "ScheduleAnyway",
            "labelSelector": {"matchLabels": pods},
        }
    ]


def affinity(args: CacheArgs, pods: dict[str, str]) -> dict[str, Any]:
    """Away from whom: a follower from its leader, and leaders from each other where there is a zone for each.

    It lies on one side only, since the scheduler honours it for whichever of the two comes later.
    """
    required = args.zones is not None
    if pods["role"] == "follower":
        # The API server puts the pod's own ordinal into the selector: of the cluster, the leader with that ordinal.
        term = _term({"cluster": args.name}) | {"matchLabelKeys": [_ORDINAL]}
        return _anti_affinity(term, required=required)
    if args.zones is not None and args.shards <= args.zones:
        return _anti_affinity(_term(pods), required=True)
    return {}


def _term(labels: dict[str, str]) -> dict[str, Any]:
    return {"topologyKey": _ZONE, "labelSelector": {"matchLabels": labels}}


def _anti_affinity(term: dict[str, Any], *, required: bool) -> dict[str, Any]:
    if required:
        return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    weighted = {"weight": 100, "podAffinityTerm": term}
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [weighted]}}


# Whoever it is in the image: all that Redis writes lies on volumes, which belong to this group.
_USER_ID = 1000
# The container fields of the Restricted standard in the notation of a custom resource.
_SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
}


def redis_spec(args: CacheArgs) -> dict[str, Any]:
    """The `spec` of a Redis: one server, which nothing takes over from."""
    return {
        **_common(args),
        "storage": {"volumeClaimTemplate": _volume(args.storage, args)},
        "securityContext": _SECURITY,
        "redisConfig": {"additionalRedisConfig": args.name},
        **probes(args),
    }


def redis_cluster_spec(args: CacheArgs) -> dict[str, Any]:
    """The `spec` of a RedisCluster: of each shard a leader and a follower."""
    return {
        **_common(args),
        "clusterSize": args.shards,
        "clusterVersion": "v7",
        "persistenceEnabled": True,
        "storage": {
            "volumeClaimTemplate": _volume(args.storage, args),
            # nodes.conf: who a node is and which slots it has. Without it a restarted node is a stranger with keys.
            "nodeConfVolume": True,
            "nodeConfVolumeClaimTemplate": _volume(NODE_TABLE, args),
        },
        **{f"redis{pods['role'].title()}": _role(args, pods) for pods in args.pods},
    }


def _common(args: CacheArgs) -> dict[str, Any]:
    return {
        "kubernetesConfig": {
            "image": REDIS_IMAGE,
            "imagePullPolicy": "IfNotPresent",
            "resources": args.resources.as_requirements(),
            "redisSecret": _password(args),
        },
        "serviceAccountName": args.account,
        # redis-cli's own variable, so that no command needs the password among its arguments.
        "env": [{"name": "REDISCLI_AUTH", "valueFrom": {"secretKeyRef": dict(_password(args))}}],
        # No container of ours: the operator takes its context for `init-config`, which writes redis.conf.
        "initContainer": {"enabled": False, "image": REDIS_IMAGE, "securityContext": _SECURITY},
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
    }


def _password(args: CacheArgs) -> dict[str, str]:
    return {"name": args.secret_name, "key": "password"}


def probes(args: CacheArgs) -> dict[str, Any]:
    """Ready is a server that answers, and refuses whoever gives no password; alive is one that answers anything.

    The operator's own have the password among their arguments, and kill a server that is still loading its data. A
    server without a password is one for which the operator wrote no configuration.
    """
    command = f"redis-cli -h localhost -p {PORT}" + (f" --tls --cacert {AUTHORITY_FILE}" if args.tls else "")
    refuses = f'case "$(REDISCLI_AUTH= {command} ping)" in NOAUTH*) ;; *) exit 1 ;; esac'
    answers = f'test "$({command} ping)" = PONG'
    return {"readinessProbe": _probe(f"{refuses}; {answers}"), "livenessProbe": _probe(f"{command} ping")}


def _probe(script: str) -> dict[str, Any]:
    # Starting a program and a TLS handshake take longer than the default second on a busy node.
    figures = {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3}
    return {"exec": {"command": ["sh", "-c", script]}, **figures}


def _tls(args: CacheArgs) -> dict[str, Any]:
    # Named outright: where `ca` is not, the operator leaves Redis without an authority.
    keys = {"ca": "ca.crt", "cert": "tls.crt", "key": "tls.key"}
    return {**keys, "secret": {"secretName": args.tls_secret_name}}


def _role(args: CacheArgs, pods: dict[str, str]) -> dict[str, Any]:
    away = affinity(args, pods)
    return {
        "replicas": args.shards,
        "securityContext": _SECURITY,
        "redisConfig": {"additionalRedisConfig": args.name},
        **probes(args),
        "pdb": {"enabled": True, "maxUnavailable": 1},
        "topologySpreadConstraints": spread(args, pods),
        **({"affinity": away} if away else {}),
    }


def _volume(size: Bytes, args: CacheArgs) -> dict[str, Any]:
    return {"spec": claim_manifest(size, args.storage_class)}
