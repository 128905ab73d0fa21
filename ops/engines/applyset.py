"""The environment's own object in the cluster: the parent of an ApplySet, by which its members are found and pruned.

The format is that of https://github.com/kubernetes/enhancements/tree/master/keps/sig-cli/3659-kubectl-apply-prune.
The parent must be cluster-scoped, since an environment spans namespaces, and of a kind that is labelled for it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.manifests import Manifest
from ops.kubectl import ClusterError, Kubectl

_GROUP, _KIND, _PLURAL = "platform.io", "Environment", "environments"
PART_OF = "applyset.kubernetes.io/part-of"
_KINDS = "applyset.kubernetes.io/contains-group-kinds"
_NAMESPACES = "applyset.kubernetes.io/additional-namespaces"
# kubectl refuses a parent that another tool manages.
_TOOLING = "kubectl/v1.27"
# The field manager under which kubectl itself updates a parent.
_FIELD_MANAGER = "kubectl-applyset"

_DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{_PLURAL}.{_GROUP}", "labels": {"applyset.kubernetes.io/is-parent-type": "true"}},
    "spec": {
        "group": _GROUP,
        "scope": "Cluster",
        "names": {"kind": _KIND, "plural": _PLURAL, "singular": "environment", "listKind": "EnvironmentList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {"type": "object", "properties": {"tier": {"type": "string"}}},
                        },
                    }
                },
                "additionalPrinterColumns": [{"name": "Tier", "type": "string", "jsonPath": ".spec.tier"}],
            }
        ],
    },
}


@dataclass(frozen=True)
class ApplySet:
    """The set of all objects of one environment in one cluster."""

    kubectl: Kubectl
    environment: str

    @property
    def reference(self) -> str:
        """The value of kubectl's `--applyset`."""
        return f"{_PLURAL}.{_GROUP}/{self.environment}"

    @property
    def identifier(self) -> str:
        """The value of the label that every member carries."""
        digest = hashlib.sha256(f"{self.environment}..{_KIND}.{_GROUP}".encode()).digest()
        return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"

    def begin(self, tier: str, manifests: Sequence[Manifest]) -> None:
        """Make the parent, or widen it to the kinds and namespaces to come, before any member is created.

        Whatever happens after that, the members can be found again.
        """
        self._apply(_DEFINITION)
        self.kubectl.run("wait", "--for=condition=Established", f"crd/{_PLURAL}.{_GROUP}", "--timeout=30s")
        self._apply(self._widened(self.parent(), tier, manifests))

    def covers(self, tier: str, manifests: Sequence[Manifest]) -> bool:
        """Whether the parent is there and knows all that `begin` would tell it."""
        parent = self.parent()
        if parent is None:
            return False
        wanted, metadata = self._widened(parent, tier, manifests), parent["metadata"]
        told = wanted["metadata"]
        return bool(
            parent.get("spec") == wanted["spec"]
            and told["labels"].items() <= metadata.get("labels", {}).items()
            and told["annotations"].items() <= metadata.get("annotations", {}).items()
        )

    def kinds(self) -> list[str]:
        """The kinds that members can be of, as `Kind.group`; none if there is no such environment."""
        return sorted(_listed(_annotations(self.parent()).get(_KINDS)))

    def members(self) -> list[dict[str, Any]]:
        """All objects of the set as they are in the cluster; none if there is no such environment."""
        kinds = ",".join(self.kinds())
        if not kinds:
            return []
        found = self.kubectl.json("get", kinds, "--all-namespaces", f"--selector={PART_OF}={self.identifier}")
        return list(found["items"])

    def release(self, member: Mapping[str, Any]) -> None:
        """Take an object out of the set that came into it only because its labels were copied from a member."""
        group, _, version = str(member["apiVersion"]).rpartition("/")
        metadata = member["metadata"]
        where = f"--namespace={metadata.get('namespace', '')}"
        self.kubectl.run("label", f"{member['kind']}.{version}.{group}", metadata["name"], where, f"{PART_OF}-")

    def end(self) -> None:
        """Remove the parent, and the definition with the last environment of the cluster."""
        if not self.exists:
            return
        self.kubectl.run("delete", self.reference, "--ignore-not-found", "--wait=true")
        if not self.kubectl.json("get", f"{_PLURAL}.{_GROUP}")["items"]:
            self.kubectl.run("delete", f"crd/{_PLURAL}.{_GROUP}", "--ignore-not-found")

    @property
    def exists(self) -> bool:
        """Whether the cluster knows the environment."""
        return self.parent() is not None

    def parent(self) -> dict[str, Any] | None:
        """The environment's object as it is in the cluster; None also where its kind is not known yet."""
        try:
            # By its path: asked by its kind, kubectl would look up first what kinds there are.
            found = self.kubectl.run("get", "--raw", f"/apis/{_GROUP}/v1/{_PLURAL}/{self.environment}")
        except ClusterError as error:
            if "(NotFound)" in str(error):
                return None
            raise
        return dict(json.loads(found))

    def _widened(self, parent: Mapping[str, Any] | None, tier: str, manifests: Sequence[Manifest]) -> dict[str, Any]:
        annotations = _annotations(parent)
        kinds = {*_listed(annotations.get(_KINDS)), *(group_kind(one.body) for one in manifests)}
        namespaces = {*_listed(annotations.get(_NAMESPACES)), *(one.namespace for one in manifests if one.namespace)}
        return {
            "apiVersion": f"{_GROUP}/v1",
            "kind": _KIND,
            "metadata": {
                "name": self.environment,
                "labels": {"applyset.kubernetes.io/id": self.identifier},
                "annotations": {
                    "applyset.kubernetes.io/tooling": _TOOLING,
                    _KINDS: ",".join(sorted(kinds)),
                    _NAMESPACES: ",".join(sorted(namespaces)),
                },
            },
            "spec": {"tier": tier},
        }

    def _apply(self, body: dict[str, Any]) -> None:
        manager = f"--field-manager={_FIELD_MANAGER}"
        self.kubectl.run("apply", "--server-side", "--force-conflicts", manager, "-f", "-", stdin=json.dumps(body))


def _listed(text: str | None) -> Iterable[str]:
    return (part for part in (text or "").split(",") if part)


def _annotations(parent: Mapping[str, Any] | None) -> Mapping[str, str]:
    return (parent or {}).get("metadata", {}).get("annotations") or {}


def group_kind(body: Mapping[str, Any]) -> str:
    """`Kind.group` of an object, and the kind alone in the core group."""
    group = str(body["apiVersion"]).rpartition("/")[0]
    return f"{body['kind']}.{group}" if group else str(body["kind"])
