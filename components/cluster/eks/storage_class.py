"""The StorageClass of the data tier."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.storage.v1 import StorageClass

from components.aws.scope import AwsScope
from components.naming import Scope
from components.protection import kept


def storage_class(name: str, scope: AwsScope, *, retain: bool, opts: pulumi.ResourceOptions) -> StorageClass:
    """Encrypted gp3 volumes, made in the zone of the pod that asks.

    `retain` keeps a volume whose claim is deleted, and the class itself: a pod that lost its volume gets no other.

    gp3 has 3,000 operations and 125 MiB a second whatever the size is (EBS User Guide, "General Purpose SSD volumes").
    """
    labels = Scope(namespace="", system=scope.system, environment=scope.environment).labels(name)
    return StorageClass(
        name,
        metadata={"name": name, "labels": labels},
        provisioner="ebs.csi.aws.com",
        parameters={"type": "gp3", "encrypted": "true"},
        reclaim_policy="Retain" if retain else "Delete",
        volume_binding_mode="WaitForFirstConsumer",
        allow_volume_expansion=True,
        opts=kept(retain, opts),
    )
