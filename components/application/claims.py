"""The objects behind a service's files: its PersistentVolumeClaim and the ConfigMap of its texts."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import PersistentVolumeClaim

from components.application.args import ApplicationArgs
from components.application.volumes import Storage, claim_name, files_name
from components.configuration import config_map
from components.performance import SKIP_AWAIT
from components.protection import kept
from components.volume_claims import backup_annotation, claim_spec


def storage_claim(
    name: str, args: ApplicationArgs, storage: Storage, opts: pulumi.ResourceOptions
) -> PersistentVolumeClaim:
    """The claim of the one pod that mounts it."""
    # Where volumes are made for their first pod, the claim is bound only after that: nobody may wait for it before.
    annotations = {**SKIP_AWAIT, **backup_annotation(storage.backup)}
    return PersistentVolumeClaim(
        f"{name}-data",
        metadata=args.scope.metadata(args.component, claim_name(args.name), annotations=annotations),
        spec=claim_spec(storage.size, storage.storage_class),
        opts=kept(storage.protect, opts),
    )


def volume_objects(name: str, args: ApplicationArgs, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """What must be there before the pods of an application can start."""
    made: list[pulumi.Resource] = []
    if args.files.storage and not args.stateful:
        made.append(storage_claim(name, args, args.files.storage, opts))
    if args.files.configuration:
        texts = args.files.texts()
        made.append(
            config_map(f"{name}-files", scope=args.scope, config_name=files_name(args.name), data=texts, opts=opts)
        )
    return made
