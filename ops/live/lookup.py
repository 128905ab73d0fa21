"""The environment's objects as the cluster has them, found by their labels and with as few requests as will do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.kubernetes.naming import ENVIRONMENT_LABEL, SYSTEM_LABEL
from graph.manifests import Manifest
from ops.kubectl import ClusterError, Kubectl

Body = Mapping[str, Any]
Key = tuple[str, str, str]
Live = dict[Key, dict[str, Any]]


@dataclass(frozen=True)
class Lookup:
    """Looks for the objects of an environment in one cluster."""

    kubectl: Kubectl
    environment: str

    def declared(self, manifests: Sequence[Manifest]) -> Live:
        """Those of `manifests` that are there with the environment's label."""
        wanted = {one.key for one in manifests}
        return {key: one for key, one in self.labelled([one.body for one in manifests]).items() if key in wanted}

    def labelled(self, bodies: Iterable[Body], *, managed_fields: bool = False) -> Live:
        """All objects with the environment's label that are of the kinds of `bodies`.

        `managed_fields` says whether to ask who wrote which field, too.
        """
        options = (f"--selector={ENVIRONMENT_LABEL}={self.environment}",)
        return self._listed(bodies, *options, *(("--show-managed-fields",) if managed_fields else ()))

    def named(self, bodies: Sequence[Body]) -> Live:
        """Those objects that are there by the names of `bodies`, whoever they belong to."""
        wanted = {key_of(one) for one in bodies}
        return {key: one for key, one in self._listed(bodies).items() if key in wanted}

    def _listed(self, bodies: Iterable[Body], *options: str) -> Live:
        """All objects of the kinds of `bodies`, by their keys.

        Everywhere at once; who may look only into some namespaces is shown the objects of the namespaces of `bodies`.
        """
        namespaces: dict[str, set[str]] = {}
        for one in bodies:
            namespaces.setdefault(one["metadata"].get("namespace", ""), set()).add(resource_of(one))
        return {key_of(one): one for one in everywhere(self.kubectl, namespaces, *options)}


def everywhere(kubectl: Kubectl, kinds: Mapping[str, Iterable[str]], *options: str) -> list[dict[str, Any]]:
    """All objects of the `kinds` that are wanted of each namespace ("" for those without one).

    Of all namespaces at once, or where the user may not look into all, of one after the other.
    """
    if not kinds:
        return []
    try:
        return _items(kubectl, set().union(*kinds.values()), "--all-namespaces", *options)
    except ClusterError as error:
        if not error.forbidden:
            raise
    found = []
    for name, wanted in sorted(kinds.items()):
        found += _items(kubectl, wanted, *((f"--namespace={name}",) if name else ()), *options)
    return found


def _items(kubectl: Kubectl, kinds: Iterable[str], *options: str) -> list[dict[str, Any]]:
    return list(kubectl.json("get", ",".join(sorted(kinds)), *options)["items"])


def resource_of(body: Body) -> str:
    """`Kind.version.group`, which names a kind without doubt even where two groups have one of that name."""
    group, _, version = str(body["apiVersion"]).rpartition("/")
    return f"{body['kind']}.{version}.{group}"


def key_of(live: Body) -> Key:
    """(kind, namespace, name) of an object."""
    metadata = live["metadata"]
    return str(live["kind"]), str(metadata.get("namespace", "")), str(metadata["name"])


def title_of(key: Key) -> str:
    """`Kind namespace/name`."""
    kind, namespace, name = key
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def system_of(body: Body) -> str | None:
    """The system that an object bears the label of."""
    label: str | None = body["metadata"].get("labels", {}).get(SYSTEM_LABEL)
    return label


def environment_label(body: Body) -> str | None:
    """The environment that an object says it belongs to."""
    label: str | None = (body["metadata"].get("labels") or {}).get(ENVIRONMENT_LABEL)
    return label


def controlled(body: Body) -> bool:
    """Whether a controller made an object and answers for it.

    Flagger's autoscaler for the stable version is a copy of ours with all its labels.
    """
    return any(owner.get("controller") for owner in body["metadata"].get("ownerReferences", []))


def is_left_over(body: Body) -> bool:
    """Whether nothing answers for an object that nobody declares.

    A controller does for what it made; what is being deleted goes by itself, and a StatefulSet's claims stay by design.
    """
    going = body["metadata"].get("deletionTimestamp")
    return not (going or controlled(body) or body["kind"] == "PersistentVolumeClaim")


def raw(kubectl: Kubectl, path: str) -> Any:
    """The answer of the API server at a path, which costs no look-up of kinds."""
    return json.loads(kubectl.run("get", "--raw", path))
