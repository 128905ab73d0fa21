"""Custom resource definitions: permissive stand-ins from the project's table, or real ones from a folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from .client import FIELD_MANAGER, Reader

# Marks a definition as a stand-in, with a hash of it, so that `up` applies only what changed.
DIGEST_LABEL = "sandbox.platform.io/stand-in"
# Groups whose definitions the API server takes only with a word on who approved them.
_PROTECTED = (".k8s.io", ".kubernetes.io")


class CustomResource(Protocol):
    """One row of the table in versions.py."""

    @property
    def group(self) -> str:
        """The API group, such as cert-manager.io."""

    @property
    def version(self) -> str:
        """The version of the group, such as v1."""

    @property
    def kind(self) -> str:
        """The kind, such as Certificate."""

    @property
    def plural(self) -> str:
        """The kind's name in addresses, such as certificates."""

    @property
    def scope(self) -> str:
        """Whether objects live in namespaces: "Namespaced" or "Cluster"."""


@dataclass(frozen=True)
class Installed:
    """A definition that the cluster has; `digest` is empty unless it is a stand-in that nobody else has changed."""

    name: str
    group: str
    kind: str
    plural: str
    versions: tuple[str, ...]
    established: bool = True
    digest: str = ""


def project_table() -> Sequence[CustomResource]:
    """The table of the project, from versions.py in the repository's root."""
    from versions import CUSTOM_RESOURCES

    return CUSTOM_RESOURCES


def stand_ins(table: Iterable[CustomResource]) -> list[dict[str, Any]]:
    """A definition for each kind of the table; of several versions, the first in the table is the stored one."""
    rows = sorted(table, key=lambda row: (row.group, row.plural))
    return [_stand_in(list(group)) for _, group in groupby(rows, key=lambda row: (row.group, row.plural))]


def _stand_in(rows: Sequence[CustomResource]) -> dict[str, Any]:
    first = rows[0]
    names = {
        "kind": first.kind,
        "listKind": f"{first.kind}List",
        "plural": first.plural,
        "singular": first.kind.lower(),
    }
    versions = [_version(row.version, stored=row is first) for row in rows]
    spec = {"group": first.group, "scope": first.scope, "names": names, "versions": versions}
    metadata: dict[str, Any] = {"name": f"{first.plural}.{first.group}", "labels": {DIGEST_LABEL: _digest(spec)}}
    if first.group.endswith(_PROTECTED):
        metadata["annotations"] = {"api-approved.kubernetes.io": "unapproved, a stand-in"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }


def _version(name: str, *, stored: bool) -> dict[str, Any]:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "name": name,
        "served": True,
        "storage": stored,
        "schema": {"openAPIV3Schema": anything},
        "subresources": {"status": {}},
    }


def _digest(spec: object) -> str:
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]


def folder_digest(folder: Path) -> str:
    """A hash of every file in a folder and the folders in it."""
    digest = hashlib.sha256(str(folder.resolve()).encode())
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        digest.update(file.read_bytes())
    return digest.hexdigest()


_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def installed(reader: Reader) -> list[Installed]:
    """The definitions that the cluster has."""
    return [_summary(definition) for definition in reader.items(_PATH)]


def _summary(definition: dict[str, Any]) -> Installed:
    metadata, spec = definition["metadata"], definition["spec"]
    # Null right after an apply of a file that says `conditions: null`, as some generators write it.
    conditions = definition.get("status", {}).get("conditions") or []
    return Installed(
        name=metadata["name"],
        group=spec["group"],
        kind=spec["names"]["kind"],
        plural=spec["names"]["plural"],
        versions=tuple(version["name"] for version in spec["versions"] if version["served"]),
        established=any(each["type"] == "Established" and each["status"] == "True" for each in conditions),
        digest=_own_digest(metadata),
    )


def _own_digest(metadata: dict[str, Any]) -> str:
    # The API server itself writes the status. Any other manager means that the definition is no longer ours alone.
    managers = {entry["manager"] for entry in metadata.get("managedFields", [])}
    others = managers - {FIELD_MANAGER, "kube-apiserver"}
    return "" if others else str(metadata.get("labels", {}).get(DIGEST_LABEL, ""))


def outdated(wanted: Iterable[dict[str, Any]], present: Iterable[Installed]) -> list[dict[str, Any]]:
    """The stand-ins to apply: those missing and those of ours that differ; definitions made by others stay."""
    digests = {each.name: each.digest for each in present}
    return [
        manifest
        for manifest in wanted
        if digests.get(manifest["metadata"]["name"], "missing")
        not in ("", manifest["metadata"]["labels"][DIGEST_LABEL])
    ]
