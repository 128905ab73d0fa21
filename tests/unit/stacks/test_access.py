"""Who may do what: the roles that an environment declares, and mistakes in `access`."""

from __future__ import annotations

from typing import Any

import pytest

from components.platform.people import ROLES, cluster_rules, namespace_rules
from graph.model import Graph
from policy.engine.evaluation import evaluate
from tests.unit.eks.files import file
from tests.unit.recordings import objects, one, recorded
from tests.unit.scratch import BASIC_MONITORING, Mistake, Scratch, mistakes

HEAD = """\
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:cluster: {kind: sandbox}
  saas-platform:systems: {astrbot: {}}
"""
TEAM = "name: shop, groups: {developer: [shop]}, quota: {cpu: 2, memory: 4Gi}"
RBAC = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")


def bindings(graph: Graph) -> dict[tuple[str, str], list[str]]:
    """Groups by (namespace or "", role)."""
    return {
        (one["metadata"].get("namespace", ""), one["metadata"]["name"]): [who["name"] for who in one["subjects"]]
        for one in objects(graph, "RoleBinding", "ClusterRoleBinding")
        if one["metadata"]["labels"]["app.kubernetes.io/name"] == "access"
    }


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_an_environment_that_says_nothing_gives_nobody_a_role(stack: str) -> None:
    """A cluster that is there has roles of its own."""
    assert bindings(recorded(stack)) == {}


def test_a_cluster_of_its_own_gives_its_groups_their_roles(scratch: Scratch) -> None:
    """EKS lets developers and viewers read; what they may change is decided here, by the same groups' names."""
    from components.cluster.eks import control_plane

    found = bindings(scratch.record(file()))
    assert found.keys() == {
        *(("", f"platform-scratch-{role}") for role in ROLES),
        *((namespace, f"platform-{role}") for namespace in ("astrbot", "monitoring") for role in ROLES),
    }
    groups = {group for names in found.values() for group in names}
    assert groups == {"platform:administrators", "platform:developers", "platform:viewers"}
    assert {group.removeprefix("platform:") for group in groups} == set(control_plane._POLICIES)


def test_a_namespace_has_the_groups_that_are_named_for_it_alone(scratch: Scratch) -> None:
    """Whoever names groups for a namespace means to keep the others out."""
    text = f"{HEAD}  saas-platform:access: {{cluster: {{viewer: [all]}}, namespaces: {{astrbot: {{admin: [bots]}}}}}}\n"
    assert bindings(scratch.record(text)) == {
        ("", "platform-scratch-viewer"): ["all"],
        ("monitoring", "platform-viewer"): ["all"],
        ("astrbot", "platform-admin"): ["bots"],
    }


def test_a_team_has_a_namespace_that_its_quota_bounds(scratch: Scratch) -> None:
    """One team's mistake must not starve the systems."""
    graph = scratch.record(f"{HEAD}  saas-platform:access: {{teams: [{{{TEAM}}}]}}\n")
    quota = next(one for one in objects(graph, "ResourceQuota") if one["metadata"]["namespace"] == "team-shop")
    hard = quota["spec"]["hard"]
    assert (hard["requests.cpu"], hard["limits.memory"], hard["pods"]) == ("2", "4Gi", "20")
    assert one(graph, "Namespace", "team-shop")
    assert bindings(graph)["team-shop", "platform-developer"] == ["shop"]


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_the_policies_accept_every_role(scratch: Scratch, tier: str) -> None:
    """No wildcard, no session in a pod, no Secret of all namespaces, no way to raise oneself."""
    rest = f"{BASIC_MONITORING}  saas-platform:access: {{teams: [{{{TEAM}}}]}}\n"
    graph = scratch.record(file(tier, rest=rest).replace("astrbot: {}", "orders: {}"))
    assert {"", "monitoring", "orders", "team-shop"} == {namespace for namespace, _ in bindings(graph)}
    assert objects(graph, *RBAC)
    assert [one for one in evaluate(graph) if one.blocks] == []


def allowed(rules: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["api_groups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("rules", [namespace_rules, cluster_rules])
def test_each_role_may_all_that_the_next_lower_may(rules: Any) -> None:
    """An administrator who cannot do what a developer can asks for more than he needs."""
    admin, developer, viewer = (allowed(rules(role)) for role in ROLES)
    assert viewer < developer < admin


MISTAKES = {
    "what is no group of people": f"""\
{HEAD}  saas-platform:access:
    cluster:
      admin: ['system:masters']  #! access.cluster.admin[0] | one of Kubernetes' own groups
      viewer: ['all people']  #! access.cluster.viewer[0] | has a space in it
""",
    "a role that there is not": f"""\
{HEAD}  saas-platform:access:
    cluster:
      owner: [me]  #! access.cluster.owner | must be 'admin', 'developer' or 'viewer'
""",
    "a namespace that there is not": f"""\
{HEAD}  saas-platform:access:
    namespaces:
      orders: {{viewer: [all]}}  #! access.namespaces.orders | there are: astrbot, monitoring
""",
    "a team twice": f"""\
{HEAD}  saas-platform:access:
    teams:
      - {{{TEAM}}}
      - {{{TEAM}}}  #! access.teams[1].name | listed twice, first as entry 1
""",
    "a quota of nothing": f"""\
{HEAD}  saas-platform:access:
    teams:
      - name: shop
        groups: {{}}
        quota:
          cpu: 0  #! access.teams[0].quota.cpu | is nothing at all
          memory: 4Gi
          pods: 0  #! access.teams[0].quota.pods | at least 1
""",
}


@pytest.mark.parametrize("text", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_line_and_path_before_anything_is_registered(scratch: Scratch, text: str) -> None:
    """A right that somebody should not have is not taken back by an error that comes later."""
    found = [Mistake(one.line or 0, one.path, one.message) for one in scratch.problems(text)]
    wanted = mistakes(text)
    assert [(one.line, one.path) for one in found] == [(one.line, one.path) for one in wanted], found
    for mistake, expected in zip(found, wanted, strict=True):
        assert expected.fragment in mistake.fragment
    assert scratch.registered == []
