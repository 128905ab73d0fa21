"""What CloudNativePG makes of its objects and of those of its plugin for backups, and what these say.

Sources: the operator's documentation of labels, services and secrets, and the definitions of its kinds.
"""

from __future__ import annotations

from components.kubernetes.operator_kinds import (
    SECRET,
    SPEC,
    ContextsAt,
    ImageAt,
    OperatorKind,
    ReferenceAt,
    VolumeAt,
)
from versions import (
    BACKUP_OBJECT_STORE,
    POSTGRESQL_CLUSTER,
    POSTGRESQL_DATABASE,
    POSTGRESQL_IMAGE_CATALOG,
    POSTGRESQL_POOLER,
    POSTGRESQL_SCHEDULED_BACKUP,
)

CLUSTER = POSTGRESQL_CLUSTER.object_type
SCHEDULE = POSTGRESQL_SCHEDULED_BACKUP.object_type
POOLER = POSTGRESQL_POOLER.object_type
# The program declares none; the operator has the kind.
ROLE = f"{POSTGRESQL_CLUSTER.group}/DatabaseRole"
ARCHIVE, _CATALOG = BACKUP_OBJECT_STORE.object_type, POSTGRESQL_IMAGE_CATALOG.object_type
_CLUSTER_CATALOG = f"{POSTGRESQL_CLUSTER.group}/ClusterImageCatalog"
_POD = (*SPEC, "template", "spec")
_CERTIFICATES = ("clientCASecret", "replicationTLSSecret", "serverCASecret", "serverTLSSecret")
_OF_POOLER = ("authQuerySecret", "clientCASecret", "clientTLSSecret", "serverCASecret", "serverTLSSecret")
_SECRETS = ("app", "superuser", "ca", "server", "replication")


def _volume(name: str, *, required: bool) -> VolumeAt:
    return VolumeAt(path=(*SPEC, name), size=("size",), storage_class=("storageClass",), required=required)


def _archive(field: str) -> ReferenceAt:
    return ReferenceAt(field=field, object_type=ARCHIVE, key="barmanObjectName")


KINDS = (
    OperatorKind(
        object_type=CLUSTER,
        pods=lambda name: ({"cnpg.io/cluster": name, "cnpg.io/podRole": "instance"},),
        services=lambda name: (f"{name}-rw", f"{name}-ro", f"{name}-r"),
        secrets=lambda name: tuple(f"{name}-{suffix}" for suffix in _SECRETS),
        images=(ImageAt(image=(*SPEC, "imageName"), pull_policy=(*SPEC, "imagePullPolicy")),),
        volumes=(_volume("storage", required=True), _volume("walStorage", required=False)),
        resources=((*SPEC, "resources"),),
        # CloudNativePG gives its pods a restricted context of its own; here stands only what was changed.
        contexts=ContextsAt(
            pod=(*SPEC, "podSecurityContext"), containers=(SPEC,), required=False, seccomp=(*SPEC, "seccompProfile")
        ),
        references=(
            ReferenceAt(field="spec.superuserSecret", object_type=SECRET),
            ReferenceAt(field="spec.bootstrap.*.secret", object_type=SECRET),
            ReferenceAt(field="spec.managed.roles[].passwordSecret", object_type=SECRET),
            ReferenceAt(field="spec.imageCatalogRef", object_type=_CATALOG, by_kind=True),
            *(ReferenceAt(field="spec.certificates", object_type=SECRET, key=key) for key in _CERTIFICATES),
            *(
                ReferenceAt(field=f"spec.externalClusters[].{key}", object_type=SECRET)
                for key in ("password", "sslCert", "sslKey", "sslRootCert")
            ),
            _archive("spec.plugins[].parameters"),
            _archive("spec.externalClusters[].plugin.parameters"),
        ),
        priority=True,
        needs=frozenset({SECRET, ARCHIVE, _CATALOG, _CLUSTER_CATALOG}),
        keeps_data=True,
        instances=(*SPEC, "instances"),
        # CloudNativePG 1.30, pkg/specs/poddisruptionbudget.go: one primary must stay, and only a replica takes over.
        budget=(*SPEC, "enablePDB"),
    ),
    OperatorKind(
        object_type=POOLER,
        pods=lambda name: ({"cnpg.io/poolerName": name, "cnpg.io/podRole": "pooler"},),
        services=lambda name: (name,),
        # A template, of which the operator fills in what it does not say.
        contexts=ContextsAt(pod=(*_POD, "securityContext"), containers=((*_POD, "containers"),), required=False),
        references=tuple(ReferenceAt(field=f"spec.pgbouncer.{key}", object_type=SECRET) for key in _OF_POOLER),
        priority=True,
        priority_class=(*_POD, "priorityClassName"),
        instances=(*SPEC, "instances"),
    ),
    OperatorKind(object_type=ROLE, references=(ReferenceAt(field="spec.passwordSecret", object_type=SECRET),)),
    OperatorKind(object_type=POSTGRESQL_DATABASE.object_type, keeps_data=True),
    OperatorKind(object_type=_CATALOG),
    OperatorKind(object_type=SCHEDULE),
    OperatorKind(
        object_type=ARCHIVE,
        resources=((*SPEC, "instanceSidecarConfiguration", "resources"),),
        references=(
            ReferenceAt(field="spec.configuration.s3Credentials.*", object_type=SECRET),
            ReferenceAt(field="spec.configuration.endpointCA", object_type=SECRET),
        ),
        needs=frozenset({SECRET}),
        keeps_data=True,
    ),
)
