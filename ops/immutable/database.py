"""Changes of a database that its operator refuses or that lose data, found before anything is deployed.

A pure comparison of what is declared with what the cluster has. CloudNativePG would refuse most of these in its
webhook, in the middle of a deployment; shrinking it accepts and never does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.kubernetes.quantity import Bytes

Body = Mapping[str, Any]
_VOLUMES = ("storage", "walStorage")
_NEW_CLUSTER = (
    "declare a second cluster under another name, fill it by `bootstrap.recovery` from backup, and move to it"
)


def refusals(wanted: Body, present: Body) -> Iterator[str]:
    """What of a database or a catalogue must not be deployed, each with the way that works instead."""
    yield from _cluster(wanted, present)
    yield from _catalogue(wanted, present)


def _is(body: Body, kind: str) -> bool:
    return bool(body["kind"] == kind) and str(body["apiVersion"]).startswith("postgresql.cnpg.io/")


def _title(body: Body) -> str:
    return f"{body['kind']} {body['metadata'].get('namespace', '')}/{body['metadata']['name']}"


def _cluster(wanted: Body, present: Body) -> Iterator[str]:
    if not _is(wanted, "Cluster"):
        return
    for field in _VOLUMES:
        yield from _volume(_title(wanted), field, wanted["spec"].get(field), present["spec"].get(field))
    before, after = _major(present), _major(wanted)
    if before and after and after < before:
        yield (
            f"{_title(wanted)}: imageCatalogRef.major goes from {before} to {after}, and a server does not read the "
            f"files of a newer one; {_NEW_CLUSTER.replace('`bootstrap.recovery` from backup', 'a logical dump')}"
        )


def _volume(title: str, field: str, wanted: Body | None, present: Body | None) -> Iterator[str]:
    if present is None:
        return
    if wanted is None:
        yield f"{title}: {field} is dropped, and WAL cannot move back to the data's volume; keep it, or {_NEW_CLUSTER}"
        return
    if Bytes.parse(str(wanted["size"])) < Bytes.parse(str(present["size"])):
        yield (
            f"{title}: {field}.size goes from {present['size']} to {wanted['size']}, and a volume never shrinks; "
            f"keep {present['size']}, or {_NEW_CLUSTER}"
        )
    if wanted.get("storageClass") != present.get("storageClass"):
        yield (
            f"{title}: {field}.storageClass goes from {present.get('storageClass')} to {wanted.get('storageClass')}, "
            f"and a volume keeps its class; {_NEW_CLUSTER}"
        )


def _major(body: Body) -> int:
    return int(body["spec"].get("imageCatalogRef", {}).get("major", 0))


def _catalogue(wanted: Body, present: Body) -> Iterator[str]:
    """An older server of the same major version is allowed; a catalogue that loses a major in use is not."""
    if not _is(wanted, "ImageCatalog"):
        return
    lost = {one["major"] for one in present["spec"]["images"]} - {one["major"] for one in wanted["spec"]["images"]}
    newest = max(int(one["major"]) for one in wanted["spec"]["images"])
    for major in sorted(major for major in lost if int(major) > newest):
        yield f"{_title(wanted)}: major version {major} is taken away and {newest} is older; keep it in the catalogue"
