"""What releases and the mesh consist of: valid by the projects' own definitions, and by every policy."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import yaml

from graph.model import Graph, masked
from paths import PROJECT
from policy.engine.evaluation import evaluate
from tests.unit.components.test_custom_resources import faults, validator_of
from tests.unit.definitions import ABSENT, FOLDER
from tests.unit.recordings import Body, objects, one, title, with_systems
from tests.unit.scratch import Scratch, as_text
from tests.unit.stacks.releases import environment, everything

_IN_ISTIO = "  saas-platform:routing: {mesh: istio}\n"
GROUPS = ("flagger.app", "networking.istio.io", "security.istio.io", "gateway.networking.k8s.io")
WAYS = [*product(("istio", "gateway-api"), ("none", "flagger"), ("dev", "staging", "prod"))]


def staged(mesh: str, controller: str, stack: str) -> str:
    """Of staging only its tier and releases: beside them, production has all that a mesh changes."""
    text = everything(mesh, controller, stack)
    if stack != "staging":
        return text
    document = yaml.safe_load(text)
    left_out = (f"{PROJECT}:logs", f"{PROJECT}:traces")
    config = {key: value for key, value in document["config"].items() if key not in left_out}
    return as_text({"config": {**config, f"{PROJECT}:overrides": {"monitoring": "basic"}}})


def routed(graph: Graph) -> list[Body]:
    return [body for body in objects(graph) if body["apiVersion"].partition("/")[0] in GROUPS]


@pytest.mark.parametrize(("mesh", "controller", "stack"), WAYS)
@pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)
def test_every_object_conforms_to_its_definition(scratch: Scratch, mesh: str, controller: str, stack: str) -> None:
    """A misspelt field of a Canary or a VirtualService is dropped without a word."""
    bodies = routed(scratch.record(staged(mesh, controller, stack)))
    assert bodies
    for body in bodies:
        assert faults(masked(body), validator_of(body)) == [], title(body)


@pytest.mark.parametrize(("mesh", "controller", "stack"), WAYS)
def test_every_object_passes_every_policy(scratch: Scratch, mesh: str, controller: str, stack: str) -> None:
    findings = evaluate(scratch.record(staged(mesh, controller, stack)))
    assert [finding for finding in findings if finding.blocks] == []


def spec(graph: Graph, kind: str, name: str, system: str | None = "astrbot") -> Any:
    return masked(one(graph, kind, name, system)["spec"])


def test_flagger_is_told_the_steps_limits_and_gates(scratch: Scratch) -> None:
    graph = scratch.record(everything("istio", "flagger", "prod"))
    canary = spec(graph, "Canary", "auth-service")
    analysis = canary["analysis"]
    assert (canary["provider"], analysis["stepWeights"], analysis["threshold"]) == ("istio", [10, 50], 1)
    limits = {metric["name"]: metric["thresholdRange"] for metric in analysis["metrics"]}
    # Flagger has no limit for all of it: it is told of one as of a metric.
    assert limits == {"error-rate": {"max": 5}, "latency-p95": {"max": 1}, "duration": {"max": 3600}}
    assert {one["metadata"]["name"] for one in objects(graph, "MetricTemplate")} == limits.keys()
    assert [hook["url"] for hook in analysis["webhooks"]] == ["http://flagger-loadtester.flagger-system/gate/halt"]
    assert analysis["sessionAffinity"]["cookieName"] == "version"
    assert spec(graph, "AlertProvider", "auth-service")["channel"] == "#releases"
    assert spec(graph, "Canary", "tenant-service")["analysis"]["match"] == [{"headers": {"canary": {"exact": "true"}}}]
    entry = spec(graph, "Canary", "api-gateway")["service"]
    assert (entry["hosts"], entry["gateways"]) == (["api.saas-platform.com"], ["astrbot/entry", "mesh"])


def test_the_templates_ask_our_prometheus(scratch: Scratch) -> None:
    graph = scratch.record(everything("istio", "flagger", "prod"))
    template = spec(graph, "MetricTemplate", "error-rate")
    # Its certificate is from the cluster's own authority, which Flagger cannot be told of.
    address = {"address": graph.outputs["prometheus_url"], "insecureSkipVerify": True}
    assert template["provider"] == {"type": "prometheus", **address}


def test_under_gateway_api_flagger_is_told_a_parent_and_a_time_limit_for_every_route(scratch: Scratch) -> None:
    """Without a parent it refuses a Canary, and without a time limit the API server refuses its routes of A/B tests."""
    graph = scratch.record(everything("gateway-api", "flagger", "dev"))
    parents = {
        body["metadata"]["name"]: masked(body["spec"]["service"])["gatewayRefs"] for body in objects(graph, "Canary")
    }
    assert parents == {
        "auth-service": [{"group": "", "kind": "Service", "name": "auth-service"}],
        "tenant-service": [{"group": "", "kind": "Service", "name": "tenant-service"}],
        "api-gateway": [{"name": "entry", "namespace": "astrbot"}],
    }
    assert {body["spec"]["service"]["timeout"] for body in objects(graph, "Canary")} == {"15s"}


def test_what_flagger_makes_is_never_declared(scratch: Scratch) -> None:
    """Two owners of one object undo each other's work."""
    graph = scratch.record(everything("istio", "flagger", "dev"))
    released = {"auth-service", "tenant-service", "api-gateway"}
    names = {name for one in released for name in (f"{one}-primary", f"{one}-canary")}
    assert not {body["metadata"]["name"] for body in objects(graph)} & names
    routes = {body["metadata"]["name"] for body in objects(graph, "VirtualService")}
    assert not routes & released


def test_declared_weights_begin_with_everything_on_stable(scratch: Scratch) -> None:
    graph = scratch.record(everything("istio", "none", "dev"))
    (rule,) = spec(graph, "VirtualService", "auth-service")["http"]
    assert [(to["destination"]["host"], to["weight"]) for to in rule["route"]] == [("auth-service-primary", 100)]
    (rule,) = spec(scratch.record(everything("gateway-api", "none", "dev")), "HTTPRoute", "auth-service")["rules"]
    assert [(to["name"], to["weight"]) for to in rule["backendRefs"]] == [("auth-service-primary", 100)]


def test_fields_that_move_are_left_to_who_moves_them(scratch: Scratch) -> None:
    def owned(text: str) -> dict[tuple[str, str], list[str]]:
        return {
            one.object_name[::2]: one.options["ignore_changes"]
            for one in scratch.record(text)
            if "ignore_changes" in one.options and one.object_name[2].startswith("auth-service")
        }

    assert owned(everything("istio", "none", "dev")) == {
        ("Deployment", "auth-service"): ["spec.replicas"],
        ("Deployment", "auth-service-primary"): ["spec.template", "spec.replicas"],
        ("VirtualService", "auth-service"): ["spec.http"],
    }
    assert owned(everything("istio", "flagger", "dev")) == {
        ("Deployment", "auth-service"): ["spec.replicas"],
        ("Service", "auth-service"): ["spec.selector", "spec.ports"],
    }
    assert owned(everything("gateway-api", "none", "dev"))["HTTPRoute", "auth-service"] == ["spec.rules"]
    blue = owned(environment({}, {"auth-service": {"strategy": "blue-green"}}))
    assert blue["Service", "auth-service"] == ["spec.selector"]


def test_network_policies_let_both_versions_through(scratch: Scratch) -> None:
    """The stable pods have another name: a policy that goes by the name shuts them out."""
    graph = scratch.record(everything("istio", "none", "dev"))
    both = {"platform.io/application": "tenant-service"}
    assert spec(graph, "NetworkPolicy", "tenant-service")["podSelector"] == {"matchLabels": both}

    def peers(name: str, direction: str) -> list[Any]:
        return [
            peer.get("podSelector", {}).get("matchLabels")
            for rule in spec(graph, "NetworkPolicy", name)[direction]
            for peer in rule["to" if direction == "egress" else "from"]
        ]

    assert both in peers("postgresql-cluster-pooler-rw", "ingress")
    # By the labels that their Services select them by: the VPC CNI judges a connection to the Service's address.
    for version in ("tenant-service", "tenant-service-primary"):
        assert {"app.kubernetes.io/name": version} in peers("api-gateway", "egress")
    for name in ("tenant-service", "tenant-service-primary"):
        assert spec(graph, "Deployment", name)["template"]["metadata"]["labels"].items() >= both.items()
    assert spec(graph, "PodDisruptionBudget", "tenant-service")["selector"] == {"matchLabels": both}


def test_the_mesh_refuses_what_is_not_named(scratch: Scratch) -> None:
    graph = scratch.record(environment({"mesh": "istio"}, {}, "prod"))
    assert spec(graph, "PeerAuthentication", "default") == {"mtls": {"mode": "STRICT"}}
    assert spec(graph, "AuthorizationPolicy", "default-deny") == {}
    callers = {
        principal
        for rule in spec(graph, "AuthorizationPolicy", "auth-service")["rules"]
        for source in rule["from"]
        for principal in source["source"]["principals"]
    }
    assert callers == {"cluster.local/ns/astrbot/sa/api-gateway"}
    (rule,) = spec(graph, "AuthorizationPolicy", "api-gateway")["rules"]
    assert rule["from"][0]["source"]["principals"] == ["cluster.local/ns/istio-ingress/sa/istio-ingress"]
    manager = spec(graph, "AuthorizationPolicy", "astrbot-manager")["rules"][-1]
    assert manager == {"to": [{"operation": {"ports": ["8000"], "paths": ["/webhook/alert"]}}]}
    assert not objects(graph, "Ingress")


def test_time_limits_fit_the_probes_and_prod_stays_in_its_zone(scratch: Scratch) -> None:
    """A retry after the pod has stopped, or a pod let back in before its probe has failed, is an error to somebody."""
    graph = scratch.record(environment({"mesh": "istio"}, {}, "prod"))
    (rule,) = spec(graph, "VirtualService", "auth-service")["http"]
    pod = spec(graph, "Deployment", "auth-service")["template"]["spec"]
    (container,) = pod["containers"]
    limits = rule["retries"]
    seconds = int(rule["timeout"].rstrip("s"))
    attempt = int(limits["perTryTimeout"].rstrip("s"))
    assert attempt >= container["livenessProbe"]["timeoutSeconds"]
    assert attempt * (1 + limits["attempts"]) <= seconds <= pod["terminationGracePeriodSeconds"]
    policy = spec(graph, "DestinationRule", "auth-service")["trafficPolicy"]
    readiness = container["readinessProbe"]
    noticed = readiness["failureThreshold"] * readiness["periodSeconds"] + readiness["timeoutSeconds"]
    assert int(policy["outlierDetection"]["baseEjectionTime"].rstrip("s")) >= noticed
    assert policy["loadBalancer"]["localityLbSetting"]["enabled"] is True
    development = scratch.record(everything("istio", "none", "dev"))
    assert (
        "localityLbSetting"
        not in spec(development, "DestinationRule", "message-service")["trafficPolicy"]["loadBalancer"]
    )


def test_in_a_mesh_each_endpoint_of_metrics_keeps_its_path_and_its_interval(scratch: Scratch) -> None:
    """The orders guide's section 3.3: three ports with an interval each; a proxy would serve one path alone."""
    graph = scratch.record(as_text(with_systems("staging", "orders", telemetry=False)) + _IN_ISTIO)
    endpoints = spec(graph, "ServiceMonitor", "multi-service", None)["endpoints"]
    assert {(one["path"], one["interval"]) for one in endpoints} == {
        ("/metrics", "30s"), ("/jmx-metrics", "60s"), ("/probe", "10s"),
    }  # fmt: skip
    template = spec(graph, "Deployment", "multi-service", None)["template"]
    ports = {one["name"]: one["containerPort"] for one in template["spec"]["containers"][0]["ports"]}
    asked = {ports[one["port"]] for one in endpoints}
    # Mutual TLS would turn Prometheus away, which is not in the mesh.
    excluded = template["metadata"]["annotations"]["traffic.sidecar.istio.io/excludeInboundPorts"]
    assert {int(port) for port in excluded.split(",")} == asked and ports["http"] not in asked
    allowed = {
        port["port"]
        for rule in spec(graph, "NetworkPolicy", "multi-service", None)["ingress"]
        for port in rule["ports"]
    }
    assert asked <= allowed


def test_in_a_mesh_metrics_beside_requests_are_read_as_often_as_the_service_says(scratch: Scratch) -> None:
    """Federated risk's every 10 s, by the port at which its proxies serve them."""
    graph = scratch.record(as_text(with_systems("staging", "federated_risk", telemetry=False)) + _IN_ISTIO)
    (endpoint,) = spec(graph, "PodMonitor", "psi-service-proxy", None)["podMetricsEndpoints"]
    assert endpoint["interval"] == "10s"
    monitored = spec(graph, "PodMonitor", "psi-service-proxy", None)["selector"]["matchLabels"]
    labels = spec(graph, "Deployment", "psi-service", None)["template"]["metadata"]["labels"]
    assert monitored.items() <= labels.items()
    assert "psi-service" not in {body["metadata"]["name"] for body in objects(graph, "ServiceMonitor")}


def test_the_mesh_limits_each_client_as_the_ingress_does(scratch: Scratch) -> None:
    """AstrBot's 1,000 requests a minute. Envoy counts a client apart where an entry of a descriptor has no value."""
    graph = scratch.record(environment({"mesh": "istio"}, {}, "prod"))
    (limit,) = objects(graph, "EnvoyFilter")
    (patch,) = limit["spec"]["configPatches"]
    settings = patch["patch"]["value"]["typed_config"]
    ((action,),) = (one["actions"] for one in settings["rate_limits"])
    (descriptor,) = settings["descriptors"]
    assert descriptor["entries"] == [{"key": next(iter(action))}]
    bucket = descriptor["token_bucket"]
    assert (bucket["max_tokens"], bucket["tokens_per_fill"], bucket["fill_interval"]) == (1000, 1000, "60s")
    assert settings["always_consume_default_token_bucket"] is False
    labels = spec(graph, "Deployment", "api-gateway")["template"]["metadata"]["labels"]
    assert limit["spec"]["workloadSelector"]["labels"].items() <= labels.items()
