"""Changes that the API server or an operator refuses, or that lose data, found before anything is deployed.

A pure comparison of what is declared with what the cluster has. Fields that Pulumi's provider replaces an object for,
without harm, are left to it: it names them in its plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ops.immutable import database, fields, volumes
from ops.live.lookup import Body

__all__ = ["refusals"]


def refusals(declared: Iterable[Body], live: Iterable[Body]) -> list[str]:
    """What must not be deployed, each with the way that works instead; objects are paired by kind and name."""
    there = {_identity(one): one for one in live}
    return [
        message
        for wanted in declared
        if (present := there.get(_identity(wanted))) is not None
        for message in _refusals(wanted, present)
    ]


def _refusals(wanted: Body, present: Body) -> Iterator[str]:
    yield from fields.refusals(wanted, present)
    yield from volumes.refusals(wanted, present)
    yield from database.refusals(wanted, present)


def _identity(body: Body) -> tuple[str, str, str]:
    # Without the version: one object is served in several.
    metadata = body["metadata"]
    group = str(body["apiVersion"]).rpartition("/")[0]
    return f"{group}/{body['kind']}", metadata.get("namespace", ""), metadata["name"]
