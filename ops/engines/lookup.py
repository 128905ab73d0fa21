"""The environment's objects as the cluster has them, found by their labels and with as few requests as will do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.naming import SYSTEM_LABEL
from graph.manifests import Manifest
from ops.engines.applyset import PART_OF, ApplySet, group_kind
from ops.engines.changes import Key, key_of, title_of
from ops.kubectl import ClusterError, Kubectl

Live = dict[Key, dict[str, Any]]


@dataclass(frozen=True)
class Found:
    """What is in the cluster: declared objects in `live`, all `members` of the set, declared ones of `others`."""

    live: Live
    members: Sequence[Mapping[str, Any]]
    others: Live

    def refuse_others(self) -> None:
        """Raise ClusterError if another environment of the cluster has made something that is declared here.

        Applying is by force: it would be taken from that environment.
        """
        if self.others:
            first, body = next(iter(self.others.items()))
            owner = body["metadata"]["labels"].get("platform.io/environment", "another")
            raise ClusterError(
                f"{len(self.others)} objects belong to environment {owner!r} of the same cluster, the first of them "
                f"{title_of(first)}. Nothing was changed: a cluster holds one environment; remove the "
                "other with `make down`, or choose another cluster with CONTEXT="
            )


@dataclass(frozen=True)
class Lookup:
    """Looks for the objects of an environment in one cluster."""

    kubectl: Kubectl
    environment: str

    def declared(self, manifests: Sequence[Manifest]) -> Live:
        """Those of `manifests` that are there with the environment's label."""
        if not manifests:
            return {}
        wanted = {one.key for one in manifests}
        kinds = {resource_of(one.body) for one in manifests}
        found = self._listed(kinds, f"platform.io/environment={self.environment}")
        return {key_of(one): one for one in found if key_of(one) in wanted}

    def everything(self, manifests: Sequence[Manifest], members: ApplySet) -> Found:
        """What is declared, what is a member, and what is declared and another environment's."""
        declared = {group_kind(one.body) for one in manifests}
        kinds = {resource_of(one.body) for one in manifests} | (set(members.kinds()) - declared)
        own: list[dict[str, Any]] = []
        others: Live = {}
        wanted = {one.key for one in manifests}
        for one in self._listed(kinds, PART_OF):
            if one["metadata"]["labels"][PART_OF] == members.identifier:
                own.append(one)
            elif key_of(one) in wanted:
                others[key_of(one)] = one
        live = {key_of(one): one for one in own if key_of(one) in wanted}
        # No members: what is retained, and what Pulumi has made.
        live |= self.declared([one for one in manifests if one.key not in live])
        return Found(live, own, others)

    def _listed(self, kinds: Iterable[str], selector: str) -> list[dict[str, Any]]:
        what = ",".join(sorted(kinds))
        return list(self.kubectl.json("get", what, "--all-namespaces", f"--selector={selector}")["items"])


def resource_of(body: Mapping[str, Any]) -> str:
    """`Kind.version.group`, which names a kind without doubt even where two groups have one of that name."""
    group, _, version = str(body["apiVersion"]).rpartition("/")
    return f"{body['kind']}.{version}.{group}"


def system_of(body: Mapping[str, Any]) -> str | None:
    """The system that an object bears the label of."""
    label: str | None = body["metadata"].get("labels", {}).get(SYSTEM_LABEL)
    return label
