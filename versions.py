"""Every pinned version in one place: container images, custom resources and their API versions.

Python packages are pinned in `requirements.txt`; the control plane of the sandbox is pinned in the `go.mod`
files below `sandbox/modules/`. Nothing else in the program names a version.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

# The application images of the platform's own services; the registry in front comes from the configuration.
APPLICATION_VERSION = "1.0.0"

# PostgreSQL 17: the newest major version that CloudNativePG's "standard" images carry with a year of fixes.
POSTGRESQL_IMAGE = "ghcr.io/cloudnative-pg/postgresql:17.6-standard-bookworm"
REDIS_IMAGE = "quay.io/opstree/redis:v7.0.15"
REDIS_EXPORTER_IMAGE = "quay.io/opstree/redis-exporter:v1.48.0"
MINIO_IMAGE = "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"


class CustomResource(NamedTuple):
    """A kind that some operator adds to the cluster; `scope` says whether its objects live in a namespace."""

    group: str
    version: str
    kind: str
    plural: str
    scope: Literal["Namespaced", "Cluster"] = "Namespaced"

    @property
    def api_version(self) -> str:
        """The `apiVersion` of its objects: `group/version`."""
        return f"{self.group}/{self.version}"


POSTGRESQL_CLUSTER = CustomResource("postgresql.cnpg.io", "v1", "Cluster", "clusters")
# v1beta1, which the platform's documents use, is no longer served by the operator.
REDIS_CLUSTER = CustomResource("redis.redis.opstreelabs.in", "v1beta2", "RedisCluster", "redisclusters")
CERTIFICATE_ISSUER = CustomResource("cert-manager.io", "v1", "Issuer", "issuers")
EXTERNAL_SECRET = CustomResource("external-secrets.io", "v1", "ExternalSecret", "externalsecrets")

# Whatever the program declares of these kinds needs its definition in the cluster first. The sandbox makes
# permissive stand-ins from this table; a real cluster has them from the operators.
CUSTOM_RESOURCES: tuple[CustomResource, ...] = (
    POSTGRESQL_CLUSTER,
    REDIS_CLUSTER,
    CERTIFICATE_ISSUER,
    EXTERNAL_SECRET,
    CustomResource("postgresql.cnpg.io", "v1", "ScheduledBackup", "scheduledbackups"),
    CustomResource("postgresql.cnpg.io", "v1", "Pooler", "poolers"),
    CustomResource("redis.redis.opstreelabs.in", "v1beta2", "Redis", "redis"),
    CustomResource("cert-manager.io", "v1", "Certificate", "certificates"),
    CustomResource("cert-manager.io", "v1", "ClusterIssuer", "clusterissuers", "Cluster"),
    CustomResource("external-secrets.io", "v1", "ClusterSecretStore", "clustersecretstores", "Cluster"),
)
