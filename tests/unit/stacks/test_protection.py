"""Nothing with data goes with what it is in: for every protected resource all of its owners are protected too.

The owners are worked out here once more, from the manifests alone: by name, wherever in a spec it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from graph.model import Graph, Resource
from policy.engine.evaluation import evaluate
from policy.rules.data import protected_owners
from tests.unit.eks.files import EVERYTHING, file
from tests.unit.recordings import ENVIRONMENTS, fields, recorded
from tests.unit.scratch import BASIC_MONITORING, Scratch
from tests.unit.stacks import releases, shapes
from tests.unit.stacks.test_database_state import PAIR, RESTORED
from tests.unit.stacks.test_database_state import environment as with_state
from tests.unit.stacks.test_gitops import ONE, existing
from tests.unit.stacks.test_object_storage import HEAD, WITH_KEYS, WITH_ROLES
from tests.unit.telemetry.environments import SMALL, jaeger

_TEAM = "  saas-platform:access: {teams: [{name: shop, groups: {viewer: [x]}, quota: {cpu: 1, memory: 1Gi}}]}\n"
_OFF = "  saas-platform:overrides: {protect_data: false, monitoring: basic}\n"
# A database, its archives and its images name each other, and the Secrets of their logins.
_NAMING, _NAMED = ("Cluster", "ObjectStore"), ("ImageCatalog", "ObjectStore", "Secret", "ExternalSecret")
_KEY, _EKS_CLUSTER = "aws:kms/key:Key", "aws:eks/cluster:Cluster"
SCRATCH = {
    "EKS, staging": file("staging", EVERYTHING, BASIC_MONITORING),
    "EKS, prod": file("prod", EVERYTHING, BASIC_MONITORING + _TEAM),
    "EKS, dev": file("dev", EVERYTHING),
    "services of every shape": shapes.environment("prod"),
    "releases": releases.everything("istio", "flagger", "prod"),
    "a restored database": with_state(RESTORED.format(active="postgresql-cluster-r1"), "prod"),
    "a pair of databases": with_state(PAIR.format(primary="america"), "prod"),
    "S3 with roles": HEAD.format(tier="prod") + WITH_ROLES,
    "S3 with keys": HEAD.format(tier="prod") + WITH_KEYS,
    "logs elsewhere": jaeger().replace("tier: test", "tier: prod\n  saas-platform:secret_store: {name: p, path: p}"),
    "told to Argo CD": existing(ONE),
    "a small test": SMALL + _TEAM,
}


def _names(graph: Graph, kinds: tuple[str, ...]) -> Iterator[tuple[tuple[str, str], Resource]]:
    """What there is of these kinds, by namespace and name; an ExternalSecret by that of the Secret that it makes."""
    for one in graph:
        if one.is_kubernetes_object and one.object_name[0] in kinds:
            _, namespace, name = one.object_name
            made = one.inputs.get("spec", {}).get("target", {}).get("name", name)
            yield (namespace, made), one


def owners(graph: Graph) -> Callable[[Resource], list[Resource]]:
    """What gives the owners of a resource in this environment."""
    namespaces, classes = dict(_names(graph, ("Namespace",))), dict(_names(graph, ("StorageClass",)))
    named, clusters = list(_names(graph, _NAMED)), [one for one in graph if one.type == _EKS_CLUSTER]

    def of(resource: Resource) -> list[Resource]:
        if not resource.is_kubernetes_object:
            direct = [*resource.dependencies]
            if resource.type.endswith(":Bucket"):
                direct += [urn for one in graph if resource.urn in one.dependencies for urn in one.dependencies]
            return [graph.by_urn[urn] for urn in direct if graph.by_urn[urn].type == _KEY]
        kind, namespace, _ = resource.object_name
        texts = {value for _, value in fields(resource.inputs.get("spec", {})) if isinstance(value, str)}
        found = [namespaces[one] for one in (("", namespace),) if one in namespaces]
        found += [one for (_, name), one in classes.items() if name in texts]
        if kind in _NAMING:
            found += [one for (where, name), one in named if where == namespace and name in texts]
        return [*found, *clusters]

    return of


def _unprotected(graph: Graph) -> list[str]:
    """`Namespace shop holds …` for each owner that is less protected than what it owns."""
    of = owners(graph)
    return [
        f"{owner.type} {owner.name} owns {one.type} {one.name}"
        for one in graph
        if one.is_kept and not one.is_helm_release
        for owner in of(one)
        if not owner.options.get("protect")
    ]


def _texts() -> list[Any]:
    return [pytest.param(text, id=name) for name, text in SCRATCH.items()]


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_whatever_protected_data_goes_with_is_protected(stack: str) -> None:
    """A line less in the environment's file took the namespace, and with it the protected database."""
    assert _unprotected(recorded(stack)) == []


@pytest.mark.parametrize("text", _texts())
def test_whatever_protected_data_goes_with_is_protected_in_environments_of_every_kind(
    scratch: Scratch, text: str
) -> None:
    """A store that is used in no environment of the repository must not be the one that is lost."""
    graph = scratch.record(text)
    assert _unprotected(graph) == []
    assert [one.message for one in evaluate(graph, rules=[protected_owners])] == []


def test_the_owners_are_found_where_there_are_any(scratch: Scratch) -> None:
    """A search that finds nothing would pass for protection."""
    graph = scratch.record(SCRATCH["EKS, prod"])
    of = owners(graph)
    found = {(one.type.rpartition(":")[2], owner.type.rpartition(":")[2]) for one in graph for owner in of(one)}
    database = {("Cluster", kind) for kind in ("ImageCatalog", "ObjectStore", "ExternalSecret", "StorageClass")}
    assert database | {("StatefulSet", "Namespace"), ("Bucket", "Key"), ("Namespace", "Cluster")} <= found


@pytest.mark.parametrize("tier", ["dev", "staging", "prod"])
def test_a_teams_namespace_is_protected_where_data_is(scratch: Scratch, tier: str) -> None:
    """What a team keeps in its volumes the program does not know."""
    graph = scratch.record(file(tier, rest=_TEAM + (BASIC_MONITORING if tier != "dev" else "")))
    (namespace,) = (one for one in graph if one.object_name == ("Namespace", "", "team-shop"))
    assert bool(namespace.options.get("protect")) is bool(namespace.options.get("retain_on_delete")) is (tier != "dev")


def test_a_namespace_without_data_can_be_removed(scratch: Scratch) -> None:
    """Protected for nothing, it would have to be deleted by hand."""
    graph = recorded("prod")
    kept = {one.object_name[2] for one in graph if one.is_kept and one.object_name[0] == "Namespace"}
    holding = {one.object_name[1] for one in graph if one.is_kept} - {""}
    assert kept == holding
    assert "monitoring" not in kept


def test_development_is_removed_with_one_command() -> None:
    assert [one.urn for one in recorded("dev") if one.is_kept] == []


def test_an_environment_that_keeps_no_data_protects_nothing(scratch: Scratch) -> None:
    """A copy of production for a day must go by itself."""
    graph = scratch.record(file("prod", EVERYTHING.replace("zone: create", "zone: Z1"), _OFF + _TEAM))
    assert [one.urn for one in graph if one.is_kept and not one.is_helm_release] == []
