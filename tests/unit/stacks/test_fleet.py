"""An environment in several clusters from one file: a stack for each, with its own context, labels and versions."""

from __future__ import annotations

import re

import pytest

import graph.record
from stacks.schema.errors import ConfigurationError
from stacks.systems.multicluster.board import BOARD
from tests.unit.recordings import objects, one
from tests.unit.scratch import STACK, Scratch, mistakes

HEAD = """\
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:cluster: {kind: fleet}
  saas-platform:systems: {astrbot: {}}
"""
FLEET = f"""\
{HEAD}  saas-platform:fleet:
    clusters:
      - name: eu
        context: admin@eu
        region: eu-central-1
      - name: us
        context: admin@us
        region: us-east-1
        versions:
          astrbot: {{version: 1.2.0, before: 1.1.0}}
"""


def test_each_cluster_is_a_stack_of_the_one_file_with_its_own_context_and_labels(scratch: Scratch) -> None:
    """Metrics and alerts of two clusters that call themselves the same cannot be told apart."""
    scratch.write(FLEET)
    for name, region in (("eu", "eu-central-1"), ("us", "us-east-1")):
        made = scratch.recorded(f"{STACK}.{name}")
        (provider,) = (resource for resource in made if resource.type == "pulumi:providers:kubernetes")
        assert provider.inputs["context"] == f"admin@{name}"
        labels = one(made, "Prometheus", "main")["spec"]["externalLabels"]
        assert labels == {"cluster": name, "environment": STACK, "region": region}
        assert made.environment == STACK
        environments = {body["metadata"]["labels"]["platform.io/environment"] for body in objects(made)}
        assert environments == {STACK}, "all clusters are the same environment"


def test_a_clusters_own_version_wins_there_and_nowhere_else(scratch: Scratch) -> None:
    """A roll-out that has reached one cluster must not be in the others."""
    scratch.write(FLEET)
    images = {}
    for name in ("eu", "us"):
        body = one(scratch.recorded(f"{STACK}.{name}"), "Deployment", "auth-service")
        images[name] = body["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
    assert images == {"eu": "1.0.0", "us": "1.2.0"}


def test_alerts_and_the_dashboard_of_clusters_go_by_the_label_that_each_cluster_sends(scratch: Scratch) -> None:
    """Two clusters in trouble would be one message, and one line of the dashboard."""
    scratch.write(FLEET)
    made = scratch.recorded(f"{STACK}.us")
    (config,) = objects(made, "AlertmanagerConfig")
    assert "cluster" in config["spec"]["route"]["groupBy"]
    assert all("cluster" in one["equal"] for one in config["spec"]["inhibitRules"])
    sent = one(made, "Prometheus", "main")["spec"]["externalLabels"]
    queries = [query.expr for panel in BOARD.panels for query in panel.queries]
    grouped = {label.strip() for text in queries for label in re.findall(r"by \(([^)]*)\)", text)[0].split(",")}
    assert grouped - {"phase"} == {"cluster"} <= sent.keys()


@pytest.mark.parametrize(
    ("stack", "said"), [(STACK, "name one of the stacks scratch.eu, scratch.us"), (f"{STACK}.ap", "no cluster 'ap'")]
)
def test_a_stack_that_names_no_cluster_is_refused_with_those_that_there_are(
    scratch: Scratch, stack: str, said: str
) -> None:
    """Deploying to the first of them would be a guess."""
    scratch.write(FLEET)
    with pytest.raises(ConfigurationError) as caught:
        graph.record.record(stack)
    (problem,) = caught.value.problems
    assert (problem.line, problem.path) == (7, "fleet.clusters")
    assert said in problem.message
    assert scratch.registered == []


def test_a_cluster_of_an_environment_without_a_fleet_is_refused(scratch: Scratch) -> None:
    """Else a slip of the pen would be a second environment beside the first."""
    scratch.write(HEAD.replace("fleet", "sandbox"))
    with pytest.raises(ConfigurationError, match="has no cluster 'eu'"):
        graph.record.record(f"{STACK}.eu")


MISTAKES = {
    "clusters twice": f"""\
{HEAD}  saas-platform:fleet:
    clusters:
      - {{name: eu, context: a, region: eu}}
      - {{name: eu, context: b, region: eu}}  #! fleet.clusters[1].name | 'eu' is listed twice, first as entry 1
      - {{name: us, context: b, region: us}}  #! fleet.clusters[2].context | 'b' is listed twice, first as entry 2
""",
    "missing keys": f"""\
{HEAD}  saas-platform:fleet:
    clusters:
      - {{name: eu}}  #! fleet.clusters[0].context | missing #! fleet.clusters[0].region | missing
""",
    "no clusters": f"""\
{HEAD}  saas-platform:fleet: {{clusters: []}}  #! fleet.clusters | at least 1
""",
    "a version of what is not there": f"""\
{HEAD}  saas-platform:fleet:
    clusters:
      - name: eu
        context: a
        region: eu
        versions: {{shop: {{version: 1.0.0}}}}  #! fleet.clusters[0].versions.shop | there are: astrbot
""",
    "a version that is none": f"""\
{HEAD}  saas-platform:fleet:
    clusters:
      - name: eu
        context: a
        region: eu
        versions:
          astrbot: {{version: latest}}  #! fleet.clusters[0].versions.astrbot.version | not 'latest'
""",
    "a cluster and a fleet": f"""\
{FLEET.replace("kind: fleet}", "kind: sandbox}  #! cluster.kind | must be 'fleet'")}
""",
}


@pytest.mark.parametrize("text", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_line_and_path_before_anything_is_registered(scratch: Scratch, text: str) -> None:
    """With two names for one cluster a roll-out would judge the first by itself."""
    scratch.write(text)
    with pytest.raises(ConfigurationError) as caught:
        graph.record.record(f"{STACK}.eu")
    problems, expected = caught.value.problems, mistakes(text)
    assert {(one.line, one.path) for one in problems} == {(one.line, one.path) for one in expected}, problems
    for mistake in expected:
        assert any(mistake.fragment in one.message for one in problems if one.path == mistake.path), problems
    assert scratch.registered == []


def test_a_fleet_that_is_not_listed_is_named(scratch: Scratch) -> None:
    """There is no line for what is not there."""
    (problem,) = scratch.problems(HEAD)
    assert (problem.path, "stands for the clusters" in problem.message) == ("fleet", True)
