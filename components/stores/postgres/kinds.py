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
_ARCHIVE, _CATALOG = BACKUP_OBJECT_STORE.object_type, POSTGRESQL_IMAGE_CATALOG.object_type
_CLUSTER_CATALOG = f"{POSTGRESQL_CLUSTER.group}/ClusterImageCatalog"
_SECRETS = ("app", "superuser", "ca", "server", "replication")


def _volume(name: str, *, required: bool) -> VolumeAt:
    return VolumeAt(path=(*SPEC, name), size=("size",), storage_class=("storageClass",), required=required)


def _archive(field: str) -> ReferenceAt:
    return ReferenceAt(field=field, object_type=_ARCHIVE, key="barmanObjectName")


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
            _archive("spec.plugins[].parameters"),
            _archive("spec.externalClusters[].plugin.parameters"),
        ),
        priority=True,
        needs=frozenset({SECRET, _ARCHIVE, _CATALOG, _CLUSTER_CATALOG}),
        keeps_data=True,
    ),
    OperatorKind(
        object_type=POSTGRESQL_POOLER.object_type,
        pods=lambda name: ({"cnpg.io/poolerName": name, "cnpg.io/podRole": "pooler"},),
        services=lambda name: (name,),
    ),
    OperatorKind(object_type=POSTGRESQL_DATABASE.object_type, keeps_data=True),
    OperatorKind(object_type=_CATALOG),
    OperatorKind(object_type=SCHEDULE),
    OperatorKind(
        object_type=_ARCHIVE,
        references=(ReferenceAt(field="spec.configuration.s3Credentials.*", object_type=SECRET),),
        needs=frozenset({SECRET}),
        keeps_data=True,
    ),
)
