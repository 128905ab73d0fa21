"""Violations by custom resources."""

from __future__ import annotations

from tests.policy.seeding.environment import Edit, Seed, append, drop, put, remove

_DATABASE, _CACHE = "Cluster astrbot/postgresql-cluster", "RedisCluster astrbot/redis-cluster"
_PROMETHEUS, _CANARY = "Prometheus monitoring/main", "Canary astrbot/tenant-service"
_CERTIFICATE, _EXTERNAL = "Certificate astrbot/redis-cluster-tls", "ExternalSecret astrbot/minio-secret"
_ARCHIVE = "ObjectStore astrbot/postgresql-cluster"
_LOGIN = "ExternalSecret astrbot/postgresql-secret"
_ALERTS = "PrometheusRule astrbot/minio"


def _seed(rule: str, label: str, edit: Edit) -> Seed:
    return Seed(rule=rule, edit=edit, object=label)


SEEDS = (
    _seed("postgres-instances", _DATABASE, put(_DATABASE, "spec.instances", 2)),
    _seed("postgres-superuser", _DATABASE, put(_DATABASE, "spec.enableSuperuserAccess", True)),
    _seed("postgres-tls", _DATABASE, append(_DATABASE, "spec.postgresql.pg_hba", "host all all all scram-sha-256")),
    _seed("backups-elsewhere", _ARCHIVE, put(_DATABASE, "metadata.annotations.platform~io/recovery-point", "300s")),
    _seed("postgres-secrets", _LOGIN, drop(_LOGIN, "spec.target.template.metadata.labels.cnpg~io/reload")),
    _seed("database-backup", _DATABASE, remove("ScheduledBackup astrbot/postgresql-cluster")),
    _seed("helm-releases", "Release operator", put("Release operator", "version", "^1.2.3")),
    _seed("redis-password", _CACHE, drop(_CACHE, "spec.kubernetesConfig.redisSecret")),
    _seed("redis-persistence", _CACHE, put(_CACHE, "spec.persistenceEnabled", False)),
    _seed("redis-version", _CACHE, put(_CACHE, "spec.kubernetesConfig.image", "docker.io/library/redis:7.0.15")),
    _seed("operator-pods", _CACHE, put(_CACHE, "spec.podSecurityContext.runAsNonRoot", False)),
    _seed("prometheus-retention", _PROMETHEUS, drop(_PROMETHEUS, "spec.retention")),
    _seed("canary-analysis", _CANARY, drop(_CANARY, "spec.analysis.metrics")),
    _seed("certificate-lifetime", _CERTIFICATE, put(_CERTIFICATE, "spec.duration", "90000h")),
    _seed("external-secret-refresh", _EXTERNAL, put(_EXTERNAL, "spec.refreshInterval", "0")),
    _seed("alert-runbooks", _ALERTS, append(_ALERTS, "spec.groups.0.rules", {"alert": "Seeded", "expr": "vector(1)"})),
)
