"""Delivery by Argo CD: what it is told, what is rendered for it, and what it cannot do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from components.platform.gitops.args import SYNC_POLICY, GitOpsArgs, Target
from components.platform.operators.table import OPERATORS
from graph.manifests import SYNC_OPTIONS, manifests
from graph.model import Graph
from policy.engine.evaluation import evaluate
from tests.unit.commands import ops as run
from tests.unit.definitions import ABSENT, FOLDER, schema
from tests.unit.eks.files import file
from tests.unit.files import read_yaml
from tests.unit.recordings import objects
from tests.unit.scratch import BASIC_MONITORING, STACK, Mistake, Scratch, mistakes

REPOSITORY = "https://github.com/example/deployments.git"
ONE = f"  saas-platform:delivery: argocd\n  saas-platform:gitops:\n    repository: {REPOSITORY}\n"
SUBSCRIBED = f"{ONE}    notifications: [{{trigger: on-sync-failed, service: slack, recipient: platform}}]\n"
FLEET = f"""{SUBSCRIBED}  saas-platform:fleet:
    clusters:
      - {{name: eu, context: eu, region: eu-central-1, server: 'https://eu.example.com'}}
      - {{name: us, context: us, region: us-east-1, server: 'https://us.example.com'}}
"""


def existing(delivery: str, tier: str = "prod") -> str:
    """An environment in a cluster that is there, with the smallest of the systems."""
    store = "  saas-platform:secret_store: {name: platform, path: p}\n" if tier == "prod" else ""
    return f"""\
config:
  saas-platform:tier: {tier}
  saas-platform:domain: example.com
  saas-platform:cluster: {{kind: existing, context: prod}}
{store}{delivery}  saas-platform:systems: {{orders: {{}}}}
"""


# What was rendered, by its file.
_FOLDERS: dict[str, Path] = {}


@pytest.fixture
def rendered(scratch: Scratch, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder into which an environment with this file is rendered; the same file is rendered once."""

    def render(text: str) -> Path:
        if text not in _FOLDERS:
            scratch.write(text)
            folder = tmp_path_factory.mktemp("rendered") / "out"
            assert run("render", "-s", STACK, str(folder)).status == 0
            _FOLDERS[text] = folder
        return _FOLDERS[text]

    return render


def by_name(graph: Graph, *kinds: str) -> dict[str, Any]:
    return {one["metadata"]["name"]: one for one in objects(graph, *kinds)}


def test_argo_cd_is_told_of_every_part_and_nothing_else_is_deployed(scratch: Scratch) -> None:
    """With both Pulumi and Argo CD in charge each would undo the other."""
    graph = scratch.record(existing(ONE))
    assert {one["kind"] for one in objects(graph)} == {"AppProject", "Application"}
    found = by_name(graph, "Application")
    parts = ["platform", "monitoring", "telemetry", "orders"]
    assert list(found) == [f"scratch-main-{part}" for part in parts]
    for one in found.values():
        assert one["spec"]["syncPolicy"] == SYNC_POLICY
        assert one["spec"]["source"]["repoURL"] == REPOSITORY
    # As the documents have it.
    assert SYNC_POLICY["automated"] == {"prune": True, "selfHeal": True, "allowEmpty": False}
    backoff = {"duration": "5s", "factor": 2, "maxDuration": "3m"}
    assert SYNC_POLICY["retry"] == {"limit": 5, "backoff": backoff}


@pytest.mark.parametrize("delivery", [ONE, SUBSCRIBED, FLEET], ids=["one", "subscribed", "fleet"])
@pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)
def test_what_argo_cd_is_told_conforms_to_its_definitions_and_to_the_policies(scratch: Scratch, delivery: str) -> None:
    """Argo CD ignores a misspelt field."""
    graph = scratch.record(existing(delivery))
    for body in objects(graph):
        group, _, version = body["apiVersion"].partition("/")
        validator = Draft202012Validator(schema(group, version, body["kind"]))
        assert [f"{one.json_path}: {one.message}" for one in validator.iter_errors(body)] == []
    assert [one for one in evaluate(graph) if one.blocks] == []


def test_the_parts_share_the_rendered_folders_without_overlap(
    scratch: Scratch, rendered: Callable[[str], Path]
) -> None:
    """An object in two Applications belongs to neither: each prunes it as the other's."""
    folders = {path.name for path in rendered(existing(ONE)).iterdir() if path.is_dir()}
    sources = {
        name: one["spec"]["source"] for name, one in by_name(scratch.record(existing(ONE)), "Application").items()
    }
    own = {source["path"].rpartition("/")[2] for name, source in sources.items() if not name.endswith("-platform")}
    platform = sources["scratch-main-platform"]
    assert platform["path"] == "environments/scratch"
    excluded = {one.removesuffix("/*") for one in platform["directory"]["exclude"].strip("{}").split(",")}
    # What is in the operators' namespaces, rights to read their lines, comes with the platform.
    assert excluded == own == folders - {"_cluster", *(one.namespace for one in OPERATORS.values())}


def test_what_is_rendered_is_what_pulumi_would_deploy(scratch: Scratch, rendered: Callable[[str], Path]) -> None:
    """One switch decides who deploys, and nothing about what."""
    folder = rendered(existing(ONE))
    files = {str(path.relative_to(folder)) for path in folder.glob("*/*.yaml")}
    assert files == {one.file_name for one in manifests(scratch.record(existing("")))}


_KEEP = {SYNC_OPTIONS: "Prune=false,Delete=false"}
_DATA_GOES = "  saas-platform:overrides: {protect_data: false}\n"


def _kept(folder: Path) -> list[Any]:
    """The objects of a rendered folder that Argo CD neither prunes nor deletes."""
    bodies = [read_yaml(path) for path in folder.glob("*/*.yaml")]
    return [one for one in bodies if _KEEP.items() <= one["metadata"]["annotations"].items()]


@pytest.mark.parametrize("text", [existing(ONE), file("prod", rest=ONE)], ids=["orders", "AstrBot on EKS"])
def test_argo_cd_keeps_the_namespace_of_whatever_it_keeps(rendered: Callable[[str], Path], text: str) -> None:
    """A system that is gone from the folder would take its database along with the namespace."""
    kept = _kept(rendered(text))
    namespaces = {one["metadata"]["name"] for one in kept if one["kind"] == "Namespace"}
    holding = {one["metadata"]["namespace"] for one in kept if one["kind"] != "Namespace"}
    assert namespaces == holding
    assert holding
    needed = {"Cluster", "ExternalSecret", "ImageCatalog", "Namespace", "ObjectStore", "StatefulSet"}
    assert {one["kind"] for one in kept} == ({"Namespace", "StatefulSet"} if text == existing(ONE) else needed)


def test_argo_cd_prunes_all_of_an_environment_that_keeps_no_data(rendered: Callable[[str], Path]) -> None:
    """What is kept for nothing has to be deleted by hand, cluster by cluster."""
    assert _kept(rendered(existing(ONE + _DATA_GOES))) == []


def test_argo_cd_tracks_no_namespace_that_it_makes_itself(scratch: Scratch, rendered: Callable[[str], Path]) -> None:
    """One from the option CreateNamespace it leaves alone; one with its tracking label goes with the Application."""
    text = file("prod", rest=f"{ONE}{BASIC_MONITORING}  saas-platform:operators: {{argo-cd: install}}\n")
    operators = [read_yaml(path) for path in (rendered(text) / "argocd").glob("application.*.yaml")]
    applications = [*operators, *by_name(scratch.record(text), "Application").values()]
    assert len(applications) > len(operators) > 0
    for one in applications:
        assert "CreateNamespace=true" in one["spec"]["syncPolicy"]["syncOptions"]
        assert "managedNamespaceMetadata" not in one["spec"]["syncPolicy"], one["metadata"]["name"]


def test_every_namespace_and_kind_that_is_rendered_is_allowed_by_the_project(
    scratch: Scratch, rendered: Callable[[str], Path]
) -> None:
    """Argo CD refuses what the project does not list, when it syncs."""
    team = "{name: shop, groups: {viewer: [shop]}, quota: {cpu: 1, memory: 1Gi}}"
    text = existing(f"{ONE}  saas-platform:access: {{teams: [{team}]}}\n")
    project = by_name(scratch.record(text), "AppProject")["scratch"]["spec"]
    kinds, namespaces = set(), set()
    for path in rendered(text).glob("*/*.yaml"):
        body = read_yaml(path)
        namespace = body["metadata"].get("namespace")
        namespaces |= {namespace} - {None}
        if namespace is None:
            kinds.add((body["apiVersion"].rpartition("/")[0], body["kind"]))
    assert kinds == {(one["group"], one["kind"]) for one in project["clusterResourceWhitelist"]}
    assert namespaces == {one["namespace"] for one in project["destinations"]}


@pytest.mark.parametrize("delivery", [ONE, FLEET], ids=["one", "fleet"])
def test_every_application_goes_where_its_project_permits(scratch: Scratch, delivery: str) -> None:
    """Argo CD refuses an Application whose destination, or whose lack of one, its project does not list."""
    graph = scratch.record(existing(delivery))
    permitted = by_name(graph, "AppProject")["scratch"]["spec"]["destinations"]
    single = [one["spec"]["destination"] for one in by_name(graph, "Application").values()]
    sets = [one["spec"]["generators"][0]["list"]["elements"] for one in by_name(graph, "ApplicationSet").values()]
    several = [{key: one[key] for key in ("server", "namespace")} for elements in sets for one in elements]
    assert single or several
    assert [one for one in (*single, *several) if one not in permitted] == []


def test_a_cluster_of_its_own_gets_argo_cd_from_pulumi_and_all_else_from_argo_cd(
    scratch: Scratch, rendered: Callable[[str], Path]
) -> None:
    """Argo CD cannot bring itself."""
    text = file("prod", rest=f"{ONE}{BASIC_MONITORING}  saas-platform:operators: {{argo-cd: install}}\n")
    graph = scratch.record(text)
    assert [one.name for one in graph if one.is_helm_release] == ["argo-cd"]
    folder = rendered(text)
    files = list((folder / "argocd").glob("application.*.yaml"))
    found = [read_yaml(path) for path in files]
    assert {one["metadata"]["name"] for one in found} == {one.name for one in OPERATORS.values() if one.needed}
    projects = by_name(graph, "AppProject")
    assert {one["spec"]["project"] for one in found} == {"scratch-operators"} < projects.keys()
    # What the cluster is made with stays with Pulumi: two owners would undo each other.
    pulumis = {one.file_name for one in manifests(graph) if one.kind == "StorageClass"}
    assert pulumis
    assert [name for name in pulumis if (folder / name).exists()] == []
    charts = {one["spec"]["source"]["repoURL"] for one in found}
    assert charts == set(projects["scratch-operators"]["spec"]["sourceRepos"])


def test_a_fleet_is_synced_cluster_by_cluster_platform_first(scratch: Scratch) -> None:
    """A release that breaks the first cluster must not reach the second."""
    graph = scratch.record(existing(FLEET))
    assert by_name(graph, "Application") == {}
    spec = by_name(graph, "ApplicationSet")["scratch"]["spec"]
    elements = spec["generators"][0]["list"]["elements"]
    assert [(one["cluster"], one["part"]) for one in elements] == [
        (cluster, part) for cluster in ("eu", "us") for part in ("platform", "monitoring", "telemetry", "orders")
    ]
    alone = by_name(scratch.record(existing(SUBSCRIBED)), "Application").values()
    sources = [one["spec"]["source"] for one in alone]
    paths = [[one["path"].replace("/scratch", f"/scratch/{name}", 1) for one in sources] for name in ("eu", "us")]
    assert [one["path"] for one in elements] == paths[0] + paths[1], "each cluster has a folder of its own"
    assert [one["exclude"] for one in elements] == 2 * [one["directory"].get("exclude", "") for one in sources]
    fields = {name for one in elements for name in one}
    used = set(re.findall(r"{{\.(\w+)}}", yaml.safe_dump(spec["template"])))
    assert used <= fields, "Argo CD makes nothing of a template that names what no element has"
    steps = [[one["values"] for one in step["matchExpressions"]] for step in spec["strategy"]["rollingSync"]["steps"]]
    systems = ["monitoring", "telemetry", "orders"]
    assert steps == [[["eu"], ["platform"]], [["eu"], systems], [["us"], ["platform"]], [["us"], systems]]


def test_each_cluster_of_a_fleet_is_rendered_into_the_folder_that_argo_cd_reads(
    rendered: Callable[[str], Path],
) -> None:
    """Clusters differ: by the labels of their metrics, and by versions while one is rolled out."""
    folder = rendered(existing(FLEET + BASIC_MONITORING))
    for name, region in (("eu", "eu-central-1"), ("us", "us-east-1")):
        file = folder / name / "monitoring" / "prometheus.monitoring-main.yaml"
        labels = read_yaml(file)["spec"]["externalLabels"]
        assert labels == {"cluster": name, "environment": STACK, "region": region}


def test_who_subscribes_is_told_by_every_application(scratch: Scratch) -> None:
    """A failed sync that nobody hears of is found by the customers."""
    key = "notifications.argoproj.io/subscribe.on-sync-failed.slack"
    for one in by_name(scratch.record(existing(SUBSCRIBED)), "Application").values():
        assert one["metadata"]["annotations"][key] == "platform"


def test_a_name_that_is_too_long_is_refused() -> None:
    """Argo CD puts an Application's name into a label of every object."""
    with pytest.raises(ValueError, match="at most 63"):
        GitOpsArgs(
            environment="e" * 30,
            repository=REPOSITORY,
            revision="main",
            clusters=[Target(name="c" * 20, path="p")],
            systems=["s" * 20],
            namespaces=[],
        )


def test_what_the_policies_forbid_is_not_rendered_for_argo_cd(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argo CD asks no policy."""
    import ops.render

    class Finding:
        blocks, message = True, "Deployment astrbot/x: is wrong"

    monkeypatch.setattr(ops.render, "evaluate", lambda graph: [Finding()])
    scratch.write(existing(ONE + BASIC_MONITORING))
    outcome = run("render", "-s", STACK, str(tmp_path / "out"))
    assert outcome.status == 1
    assert "Deployment astrbot/x: is wrong" in outcome.err
    assert not (tmp_path / "out").exists()


MISTAKES = {
    "a repository for Pulumi": existing(
        "  saas-platform:gitops: {repository: 'https://a.b/c'}  #! gitops | for 'delivery: argocd' alone\n"
    ),
    "generated passwords": existing(ONE.replace("argocd\n", "argocd  #! delivery | in an external store\n"), "dev"),
    "what is no repository": existing(
        ONE.replace(REPOSITORY, "deployments  #! gitops.repository | is no Git repository")
    ),
    "a credential": existing(
        ONE.replace(REPOSITORY, "https://me:hunter2@github.com/a/b  #! gitops.repository | has a credential in it")
    ),
    "a way out of the repository": existing(f"{ONE}    path: ../other  #! gitops.path | is no folder\n"),
    "a cluster twice": existing(
        f"""{ONE}  saas-platform:fleet:
    clusters:
      - {{name: eu, context: eu, region: eu, server: 'https://eu.example.com'}}
      - {{name: us, context: us, region: us, server: 'https://eu.example.com'}}  #! fleet.clusters[1].server | twice
"""
    ),
    "another way": existing("  saas-platform:delivery: flux  #! delivery | must be 'pulumi' or 'argocd'\n"),
    "operators of another cluster": file(
        "prod",
        rest=f"""{ONE}  saas-platform:fleet:
    clusters:
      - name: eu
        context: eu
        region: eu-central-1
        server: https://eu.example.com  #! fleet.clusters[0].server | set these to preinstalled
""",
    ),
}


def test_a_missing_repository_is_named(scratch: Scratch) -> None:
    """There is no line for what is not there."""
    (problem,) = scratch.problems(existing("  saas-platform:delivery: argocd\n"))
    assert (problem.path, "set the repository" in problem.message) == ("gitops", True)


@pytest.mark.parametrize("text", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_line_and_path_before_anything_is_registered(scratch: Scratch, text: str) -> None:
    """What Argo CD is told wrongly it does at once, everywhere."""
    problems = scratch.problems(text)
    found = [Mistake(one.line or 0, one.path, one.message) for one in problems]
    wanted = mistakes(text)
    assert [(one.line, one.path) for one in found] == [(one.line, one.path) for one in wanted], found
    for mistake, expected in zip(found, wanted, strict=True):
        assert expected.fragment in mistake.fragment
        assert "hunter2" not in mistake.fragment
    assert scratch.registered == []
