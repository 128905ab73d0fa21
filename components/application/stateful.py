"""The StatefulSet of an application, and the headless Service that gives each of its pods a name."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import Service

from components.application.args import ApplicationArgs
from components.application.pod import pod_template
from components.application.volumes import Storage
from components.performance import SKIP_AWAIT
from components.protection import kept
from components.volume_claims import claim_template

# What is put behind the name of the service; names of stateful services are that much shorter.
HEADLESS = "-headless"


def headless_service(name: str, args: ApplicationArgs, opts: pulumi.ResourceOptions) -> Service:
    """The Service by which a pod is addressed as `NAME-0.NAME-headless`, also while it is not ready."""
    metadata = args.scope.metadata(args.component, f"{args.name}{HEADLESS}", annotations=SKIP_AWAIT)
    return Service(
        f"{name}{HEADLESS}",
        metadata=metadata | {"labels": args.labels},
        spec={
            "type": "ClusterIP",
            "cluster_ip": "None",
            "publish_not_ready_addresses": True,
            "selector": args.selector,
            "ports": args.all_ports.service_ports(),
        },
        opts=opts,
    )


def stateful_set(
    name: str, args: ApplicationArgs, metadata: dict[str, object], opts: pulumi.ResourceOptions
) -> StatefulSet:
    """The StatefulSet, kept where its storage is protected."""
    storage = args.files.storage
    protect = storage.protect if storage else False
    owned = pulumi.ResourceOptions(ignore_changes=args.replicas.owned or None)
    made = kept(protect, pulumi.ResourceOptions.merge(opts, owned))
    return StatefulSet(name, metadata=metadata, spec=stateful_set_spec(args), opts=made)


def stateful_set_spec(args: ApplicationArgs) -> dict[str, Any]:
    """The `spec` of the application's StatefulSet. Its pods are exchanged one by one, the last one first."""
    storage = args.files.storage
    return {
        "service_name": f"{args.name}{HEADLESS}",
        "replicas": args.replicas.minimum,
        "pod_management_policy": args.pod_management,
        "update_strategy": {"type": "RollingUpdate"},
        "revision_history_limit": 5,
        "selector": {"match_labels": args.selector},
        "template": pod_template(args),
        **({"volume_claim_templates": [_claim(args, storage)]} if storage else {}),
    }


def _claim(args: ApplicationArgs, storage: Storage) -> Any:
    return claim_template(storage.size, storage.storage_class, args.selector, storage.backup)
