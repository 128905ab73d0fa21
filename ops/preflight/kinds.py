"""Kinds that no API of the cluster serves, and the operators that define them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from components.platform.operators.table import OPERATORS
from graph.model import Graph
from ops.preflight.api import Api, Request
from ops.preflight.finding import PAGE, Found, install, installed_groups

# All kinds of all groups in one answer, since Kubernetes 1.26; a server that has only v2beta1 is too old anyway.
_AGGREGATED = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)
_DEFINITION = "CustomResourceDefinition"


class Kind(NamedTuple):
    """A kind in one version of its API group; the core group is ""."""

    group: str
    version: str
    kind: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Kind:
        """The kind of an object."""
        group, _, version = str(body["apiVersion"]).rpartition("/")
        return cls(group, version, str(body["kind"]))


# By kind the plural by which it is addressed; None if nobody could tell.
Served = Mapping[Kind, str] | None


def discover(server: Api) -> Served:
    """The kinds that the cluster serves. Groups whose own server does not answer are not among them."""
    answers = server.ask([Request("/api", accept=_AGGREGATED), Request("/apis", accept=_AGGREGATED)])
    if not all(one.ok and isinstance(one.body, dict) and "items" in one.body for one in answers):
        return None
    return {kind: plural for one in answers for kind, plural in _kinds(one.body)}


def _kinds(document: Mapping[str, Any]) -> Iterator[tuple[Kind, str]]:
    for group in document["items"]:
        for version in group["versions"]:
            for resource in version.get("resources") or ():
                kind = resource.get("responseKind", {}).get("kind", "")
                yield Kind(group["metadata"].get("name", ""), version["version"], kind), resource["resource"]


def check(served: Served, graph: Graph) -> Found:
    """The kinds that are missing, those of an operator together."""
    if served is None:
        return Found(unknown=("which kinds the cluster serves",))
    missing = [kind for kind in wanted(graph) if kind not in served]
    by_version: dict[tuple[str, str], list[str]] = {}
    for kind in sorted(missing):
        by_version.setdefault((kind.group, kind.version), []).append(kind.kind)
    return Found(
        tuple(_problem(graph, served, group, version, names) for (group, version), names in by_version.items())
    )


def wanted(graph: Graph) -> frozenset[Kind]:
    """The kinds of the environment's objects that it does not define itself."""
    definitions = [body for body in graph.objects if body["kind"] == _DEFINITION]
    own = {(body["spec"]["group"], body["spec"]["names"]["kind"]) for body in definitions}
    groups = installed_groups(graph)
    kinds = {Kind.of(body) for body in graph.objects}
    return frozenset(one for one in kinds if one.group not in groups and (one.group, one.kind) not in own)


def _problem(graph: Graph, served: Mapping[Kind, str], group: str, version: str, names: list[str]) -> str:
    operators = [one.name for one in OPERATORS.values() if group in one.groups]
    others = sorted({one.version for one in served if one.group == group and one.kind in names})
    what = f"{', '.join(names)} of {group or 'the core group'}/{version}"
    if others:
        by = operators[0] if operators else "the cluster"
        return f"the cluster serves {what} in {', '.join(others)} only: upgrade {by} ({PAGE}#what-has-to-be-there)"
    if not operators:
        return f"the cluster does not know {what}: its Kubernetes is too old, or an operator is missing"
    return f"the cluster does not know {what}: {install(graph, *operators)} ({PAGE}#what-has-to-be-there)"
