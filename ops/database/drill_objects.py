"""The objects of a drill: the cluster restored in a namespace of its own, with what it takes to reach the backups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from versions import BARMAN_CLOUD_PLUGIN

Body = dict[str, Any]
LABEL = "platform.io/drill"


def drill_objects(
    *, namespace: str, cluster: Body, store: Body, catalogue: Body, secrets: Sequence[Body], to: str | None
) -> list[Body]:
    """Everything of the scratch namespace, the namespace first; the cluster has one instance and archives nothing."""
    name, home = cluster["metadata"]["name"], cluster["metadata"]["namespace"]
    # The API server resolves no short name for another namespace: the endpoint is written out already.
    moved = [_moved(one, namespace) for one in (*secrets, store, catalogue)]
    labels = {LABEL: home, "pod-security.kubernetes.io/enforce": "restricted"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}},
        _policy(namespace, cluster),
        *moved,
        {
            "apiVersion": cluster["apiVersion"],
            "kind": cluster["kind"],
            # Its annotations say what it is waited for.
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": {LABEL: home},
                "annotations": cluster["metadata"]["annotations"],
            },
            "spec": _spec(cluster["spec"], name, to),
        },
    ]


def opening(cluster: Body, provider: Mapping[str, str], namespace: str, ports: Sequence[int]) -> Body:
    """What lets the drill read the backups: into the object storage, from the scratch namespace only, for its time."""
    home = cluster["metadata"]["namespace"]
    origin = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    spec = {
        "podSelector": {"matchLabels": dict(provider)},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [origin], "ports": [{"port": port, "protocol": "TCP"} for port in ports]}],
    }
    metadata = {"name": namespace, "namespace": home, "labels": {LABEL: home}}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def _spec(spec: Body, name: str, to: str | None) -> Body:
    (how,) = spec["bootstrap"].values()
    database = {key: how[key] for key in ("database", "owner", "secret")}
    source = {"name": BARMAN_CLOUD_PLUGIN, "parameters": {"barmanObjectName": name, "serverName": name}}
    left_out = ("plugins", "managed", "replica", "externalClusters", "bootstrap")
    postgresql = {key: value for key, value in spec["postgresql"].items() if key != "synchronous"}
    return {
        **{key: value for key, value in spec.items() if key not in left_out},
        "instances": 1,
        "postgresql": postgresql,
        "externalClusters": [{"name": "source", "plugin": source}],
        "bootstrap": {
            "recovery": {"source": "source", **database, **({"recoveryTarget": {"targetTime": to}} if to else {})}
        },
    }


def _moved(body: Body, namespace: str) -> Body:
    kept = {key: value for key, value in body.items() if key in ("apiVersion", "kind", "type", "data", "spec")}
    return {**kept, "metadata": {"name": body["metadata"]["name"], "namespace": namespace}}


def _policy(namespace: str, cluster: Body) -> Body:
    """The operator may look at it, it may read its backups and ask the API server; nobody else comes near."""
    operator = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "cnpg-system"}}}
    spec = {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [operator, {"podSelector": {}}]}],
        "egress": [{}],
    }
    metadata = {"name": "drill", "namespace": namespace, "labels": {LABEL: cluster["metadata"]["namespace"]}}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
