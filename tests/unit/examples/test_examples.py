"""The environments of `examples/` are what their page says: valid, without a finding, and with what they are there for.

After a change that is meant, `make snapshots` writes the figures of the page anew.
"""

from __future__ import annotations

import json
import os
from typing import Any

import jsonschema
import pytest
import yaml

from ops.reference.keys import FILE
from paths import PROJECT
from policy.engine.evaluation import evaluate
from stacks.schema.environment_file import EnvironmentFile
from stacks.schema.source import environments
from tests.unit.examples.summary import FOLDER, PAGE, STACKS, kinds, recorded_example, shown, summary, text_of
from tests.unit.examples.summary import with_summary as with_new_summary
from tests.unit.recordings import Body, objects, one

MODELINE = "# yaml-language-server: $schema=../environment.schema.json\n"
# What each is there to show: none of them is in dev, staging or prod.
SHOWN = {
    "eks": {
        *("eks.Cluster", "eks.NodeGroup", "eks.Addon", "eks.PodIdentityAssociation", "ec2.Vpc", "ec2.NatGateway"),
        *("ec2.FlowLog", "kms.Key", "s3.Bucket", "route53.Zone", "wafv2.WebAcl", "acm.CertificateValidation"),
        *("sqs.Queue", "StorageClass", "ClusterSecretStore", "Release"),
    },
    "mesh": {
        *("Canary", "MetricTemplate", "AlertProvider", "VirtualService", "DestinationRule", "Gateway"),
        *("PeerAuthentication", "AuthorizationPolicy", "Release"),
    },
    "gateway": {"Gateway", "HTTPRoute", "Release"},
    "fleet": set(),
    "argocd": {"ApplicationSet", "AppProject"},
    "monitoring": {"ScrapeConfig"},
}
# Notes of the pack that stay, by stack, with the reason beside each. None of them stops a deployment.
ADVISORY = {
    # Tier test is for trying things out: its two instances are the document's figure for it.
    "gateway": ["Cluster astrbot/postgresql-cluster: spec.instances is 2, below 3; set it to 3 or more"],
}
every_example = pytest.mark.parametrize("name", STACKS)
every_stack = pytest.mark.parametrize("stack", [stack for stacks in STACKS.values() for stack in stacks])


def test_every_example_is_tested_and_none_is_called_like_an_environment() -> None:
    """A file that nobody records goes wrong with the first key that is renamed."""
    assert {path.name for path in FOLDER.iterdir()} == {PAGE.name, *(f"Pulumi.{name}.yaml" for name in STACKS)}
    assert SHOWN.keys() == STACKS.keys()
    assert not STACKS.keys() & set(environments())


@every_example
def test_an_example_is_valid_by_the_schema_and_by_the_models(name: str) -> None:
    text = text_of(name)
    assert text.startswith(MODELINE), "an editor checks it as it is typed"
    file = yaml.safe_load(text)
    schema: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    assert [one.json_path for one in jsonschema.Draft202012Validator(schema).iter_errors(file)] == []
    values = {key.removeprefix(f"{PROJECT}:"): value for key, value in file["config"].items()}
    assert EnvironmentFile.model_validate(values).domain == f"{name}.example.com"


@every_example
def test_every_line_of_an_example_is_short_and_its_values_are_explained(name: str) -> None:
    lines = text_of(name).splitlines()
    assert [line for line in lines if len(line) > 120] == []
    assert sum(line.lstrip().startswith("#") for line in lines) >= 6, "an example says why its values are as they are"


@every_stack
def test_the_policies_find_nothing_in_an_example_but_the_notes_that_are_listed(stack: str) -> None:
    """What is copied is deployed: its reader would have to answer what is found."""
    found = evaluate(recorded_example(stack))
    assert [finding.message for finding in found if finding.blocks] == []
    assert [finding.message for finding in found] == ADVISORY.get(stack, [])


@every_example
def test_an_example_has_what_it_is_there_to_show(name: str) -> None:
    assert SHOWN[name] - kinds(recorded_example(STACKS[name][0])).keys() == set()


@every_example
def test_the_page_shows_what_is_recorded(name: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    if os.environ.get("UPDATE_SNAPSHOTS"):
        page = with_new_summary(page, name)
        PAGE.write_text(page, encoding="utf-8")
    assert shown(page, name).splitlines() == summary(name).splitlines(), "`make snapshots` writes it anew"


def test_the_cluster_on_aws_carries_all_five_systems() -> None:
    graph = recorded_example("eks")
    made = {body["metadata"]["name"] for body in objects(graph, "Namespace")}
    assert made >= {"astrbot", "cloudlens", "federated-risk", "multicluster", "orders", "monitoring", "telemetry"}
    # A NAT gateway in each zone.
    assert kinds(graph)["ec2.NatGateway"] == 3


def test_the_mesh_releases_by_weight_by_header_and_by_colour_with_limits_and_approval() -> None:
    graph = recorded_example("mesh")
    analyses: dict[str, Body] = {
        body["metadata"]["name"]: body["spec"]["analysis"] for body in objects(graph, "Canary")
    }
    by_weight = analyses["auth-service"]
    assert (by_weight["stepWeights"], by_weight["threshold"]) == ([5, 20, 50], 2)
    limits = {metric["name"]: metric["thresholdRange"]["max"] for metric in by_weight["metrics"]}
    assert limits.items() >= {"error-rate": 2, "latency-p95": 0.5, "latency-p99": 2}.items()
    assert [hook["type"] for hook in by_weight["webhooks"]] == ["pre-rollout", "confirm-promotion"]
    assert analyses["api-gateway"]["match"] == [{"headers": {"x-canary": {"exact": "true"}}}]
    assert analyses["api-gateway"]["webhooks"][-1]["type"] == "confirm-promotion"
    assert (analyses["message-service"]["mirror"], analyses["message-service"]["iterations"]) == (True, 5)
    assert analyses["session-service"]["sessionAffinity"]["cookieName"] == "session-version"
    # By its system's own declaration.
    assert "model-serving" in analyses


def test_the_gateway_splits_traffic_without_a_mesh() -> None:
    graph = recorded_example("gateway")
    assert {body["spec"]["gatewayClassName"] for body in objects(graph, "Gateway")} == {"envoy"}
    for body in objects(graph, "HTTPRoute"):
        parents = [parent.get("kind", "Gateway") for parent in body["spec"]["parentRefs"]]
        assert parents == ["Gateway"], "a Service for a parent is what a mesh alone understands"
    assert not objects(graph, "Ingress", "VirtualService", "PeerAuthentication")
    # A host of the release's own is of no use where the network keeps the gateway out.
    policy = one(graph, "NetworkPolicy", "message-service")
    assert "envoy-gateway-system" in json.dumps(policy["spec"]["ingress"])


def test_the_clusters_of_the_fleet_differ_by_their_labels_and_by_the_version_on_its_way() -> None:
    eu, us = (recorded_example(stack) for stack in STACKS["fleet"])
    labels = [one(graph, "Prometheus", "main", None)["spec"]["externalLabels"] for graph in (eu, us)]
    assert [(one["cluster"], one["region"]) for one in labels] == [("eu", "eu-central-1"), ("us", "us-east-1")]
    images = [
        body["spec"]["template"]["spec"]["containers"][0]["image"]
        for graph in (eu, us)
        for body in objects(graph, "Deployment")
        if body["metadata"]["name"] == "rust-app"
    ]
    assert [image.rpartition(":")[2] for image in images] == ["1.1.0", "1.0.0"]


def test_argo_cd_goes_over_its_clusters_in_their_order() -> None:
    (rollout,) = objects(recorded_example("argocd"), "ApplicationSet")
    text = json.dumps(rollout)
    assert text.index("https://eu.example.com") < text.index("https://us.example.com")
    assert rollout["spec"]["strategy"]["type"] == "RollingSync"


def test_the_monitoring_has_further_stores_sources_probes_and_receivers() -> None:
    graph = recorded_example("monitoring")
    (prometheus,) = objects(graph, "Prometheus")
    assert [store["url"] for store in prometheus["spec"]["remoteWrite"]] == [
        "https://victoria.example.com/api/v1/write"
    ]
    (config,) = objects(graph, "AlertmanagerConfig")
    assert {receiver["name"] for receiver in config["spec"]["receivers"]} >= {"payments", "on-call", "ticket-system"}
    probes = json.dumps(objects(graph, "Probe"), default=str)
    assert "https://status.example.com" in probes
    assert "mail.example.com:587" in probes
