"""What the Redis operator makes of its objects, and what these say.

Sources: the operator's code, `internal/k8sutils`, for labels and names, and the definitions of its kinds.
"""

from __future__ import annotations

from components.kubernetes.operator_kinds import (
    SECRET,
    SPEC,
    ContextsAt,
    ImageAt,
    OperatorKind,
    Path,
    ReferenceAt,
    VolumeAt,
)
from versions import REDIS, REDIS_CLUSTER

CLUSTER, SINGLE = REDIS_CLUSTER.object_type, REDIS.object_type
# v1beta1, which the platform's documents use, is no longer served: what takes its place.
RETIRED = {f"{REDIS.group}/v1beta1": REDIS.version}
_SERVER, _EXPORTER = (*SPEC, "kubernetesConfig"), (*SPEC, "redisExporter")
_IMAGES = tuple(
    ImageAt(image=(*part, "image"), pull_policy=(*part, "imagePullPolicy")) for part in (_SERVER, _EXPORTER)
)
_VOLUMES = (VolumeAt(path=(*SPEC, "storage", "volumeClaimTemplate")),)
_NODE_TABLE = VolumeAt(path=(*SPEC, "storage", "nodeConfVolumeClaimTemplate"))
# The operator's own `init-config`, which writes redis.conf, has the context that is stated for one of ours.
_INIT = (*SPEC, "initContainer")
_RESOURCES = ((*_SERVER, "resources"), (*_EXPORTER, "resources"))
_REFERENCES = (
    ReferenceAt(field="spec.kubernetesConfig.redisSecret", object_type=SECRET),
    ReferenceAt(field="spec.TLS.secret", object_type=SECRET, key="secretName"),
    ReferenceAt(field="spec.acl.secret", object_type=SECRET, key="secretName"),
    ReferenceAt(field="spec", object_type="core/ServiceAccount", key="serviceAccountName"),
)


def _contexts(*containers: Path) -> ContextsAt:
    return ContextsAt(
        pod=(*SPEC, "podSecurityContext"), containers=(*containers, _EXPORTER, _INIT), always=(".".join(_INIT),)
    )


KINDS = (
    OperatorKind(
        object_type=CLUSTER,
        pods=lambda name: (
            {"app": f"{name}-leader", "role": "leader"},
            {"app": f"{name}-follower", "role": "follower"},
        ),
        services=lambda name: (
            *(f"{name}-{role}" for role in ("leader", "follower", "master")),
            *(f"{name}-{role}-headless" for role in ("leader", "follower")),
        ),
        images=_IMAGES,
        volumes=(*_VOLUMES, _NODE_TABLE),
        resources=_RESOURCES,
        contexts=_contexts((*SPEC, "redisLeader"), (*SPEC, "redisFollower")),
        references=_REFERENCES,
        priority=True,
        account=True,
        keeps_data=True,
    ),
    OperatorKind(
        object_type=SINGLE,
        pods=lambda name: ({"app": name, "role": "standalone"},),
        services=lambda name: (name, f"{name}-headless"),
        images=_IMAGES,
        volumes=_VOLUMES,
        resources=_RESOURCES,
        contexts=_contexts(SPEC),
        references=_REFERENCES,
        priority=True,
        account=True,
        keeps_data=True,
    ),
)
