"""Services of every shape that can be declared: valid, admitted by every policy, and as their documents have them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import yaml

from graph.model import Graph, masked
from paths import ROOT
from policy.engine.evaluation import evaluate
from tests.unit.components.test_custom_resources import faults, validator_of
from tests.unit.definitions import ABSENT, FOLDER
from tests.unit.recordings import Body, container, objects, one, title, with_systems
from tests.unit.scratch import Scratch
from tests.unit.stacks import test_every_environment
from tests.unit.stacks.shapes import FRONTEND, MODEL_SERVING, RUST_STATEFUL_APP, environment
from tests.unit.stacks.test_every_environment import QUOTA_KEYS

STACKS = ("dev", "staging", "prod")
INVARIANTS: list[Callable[[Graph], None]] = [
    value
    for name, value in vars(test_every_environment).items()
    if name.startswith("test_") and list(signature(value).parameters) == ["graph"] and "systems_own" not in name
]


@pytest.fixture(params=STACKS)
def shaped(request: pytest.FixtureRequest, scratch: Scratch) -> Graph:
    """Every environment with every shape; they are named `scratch`."""
    return scratch.record(environment(request.param))


@pytest.fixture
def prod(scratch: Scratch) -> Graph:
    """Production with every shape."""
    return scratch.record(environment("prod"))


@pytest.fixture
def dev(scratch: Scratch) -> Graph:
    """Development, on the sandbox, with every shape."""
    return scratch.record(environment("dev"))


def spec_of(graph: Graph, kind: str, name: str, system: str = "astrbot") -> Body:
    spec: Body = one(graph, kind, name, system)["spec"]
    return spec


def pod_of(graph: Graph, kind: str, name: str) -> Body:
    pod: Body = spec_of(graph, kind, name)["template"]["spec"]
    return pod


def test_every_object_passes_every_policy(shaped: Graph) -> None:
    """A shape that a policy refuses can be declared and never deployed."""
    assert [finding.message for finding in evaluate(shaped) if finding.blocks] == []


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda one: one.__name__.removeprefix("test_"))
def test_what_holds_for_every_environment_holds_with_every_shape(
    shaped: Graph, invariant: Callable[[Graph], None]
) -> None:
    """A shape could forget labels, budgets, selectors or the quota, which the environments as they are do not."""
    invariant(shaped)


@pytest.mark.parametrize("key", QUOTA_KEYS)
def test_the_quota_admits_every_shape_at_its_largest(shaped: Graph, key: str) -> None:
    """Autoscalers of both kinds at their maximum, StatefulSets and the pods of volumes count."""
    test_every_environment.test_the_quota_admits_everything_at_its_largest(shaped, key)


@pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)
@pytest.mark.parametrize("kind", ["ScaledObject", "VerticalPodAutoscaler", "PodMonitor", "ServiceMonitor"])
def test_every_custom_resource_conforms_to_its_definition(prod: Graph, kind: str) -> None:
    """KEDA and the VerticalPodAutoscaler ignore what they do not know."""
    bodies = objects(prod, kind)
    assert bodies
    for body in bodies:
        assert faults(masked(body), validator_of(body)) == [], title(body)


def test_explicit_requests_hold_in_production_and_are_the_most_in_development(prod: Graph, dev: Graph) -> None:
    """Production would get other figures than the document's, or a development node would be full."""

    def requests(graph: Graph, name: str) -> tuple[str, str]:
        found = container(graph, name)["resources"]["requests"]
        return found["cpu"], found["memory"]

    # federated-risk: 250m of 500m and 512Mi of 1Gi; cloudlens: 500m of 2 and 512Mi of 2Gi.
    assert requests(prod, "model-serving") == ("250m", "512Mi")
    assert requests(prod, "cloudlens-backend") == ("500m", "512Mi")
    # A quarter of the limits is less, or the same.
    assert requests(dev, "model-serving") == ("125m", "256Mi")
    assert requests(dev, "cloudlens-backend") == ("500m", "512Mi")


def test_a_service_leads_from_its_own_ports_to_those_of_its_pods(prod: Graph) -> None:
    """orders, section 8.2: http 80 and metrics 9090 both lead to 8080, which the container may declare once only."""
    (declared,) = pod_of(prod, "StatefulSet", "rust-stateful-app")["containers"][0]["ports"]
    assert (declared["name"], declared["containerPort"]) == ("http", 8080)
    ports = {
        port["name"]: (port["port"], port["targetPort"])
        for port in spec_of(prod, "Service", "rust-stateful-app")["ports"]
    }
    assert ports == {"http": (80, "http"), "metrics": (9090, "http")}
    (frontend,) = spec_of(prod, "Service", "frontend")["ports"]
    assert (frontend["port"], frontend["targetPort"]) == (80, "http")
    assert container(prod, "frontend")["ports"][0]["containerPort"] == 8080


def test_network_policies_let_callers_in_by_the_port_of_the_pods(prod: Graph) -> None:
    """A policy sees the traffic behind the Service: with the Service's port in it, nobody gets through."""
    rules = spec_of(prod, "NetworkPolicy", "model-serving")["ingress"]
    assert {port["port"] for rule in rules for port in rule["ports"]} == {7003}
    out, collector = spec_of(prod, "NetworkPolicy", "frontend")["egress"]
    assert [port["port"] for port in out["ports"]] == [7003]
    assert [port["port"] for port in collector["ports"]] == [4317, 4318], "where every application sends its traces"
    assert {
        port["port"] for rule in spec_of(prod, "NetworkPolicy", "frontend")["ingress"] for port in rule["ports"]
    } == {8080}


def test_prometheus_may_reach_every_port_that_tells_metrics(prod: Graph) -> None:
    """A target on a port that its egress policy does not list is down for ever."""
    egress = spec_of(prod, "NetworkPolicy", "prometheus-main")["egress"]
    reached = {port["port"] for rule in egress for port in rule["ports"]}
    assert reached >= {7003, 8080, 9090, 9091, 9092}


def test_a_service_has_a_monitor_of_each_endpoint_or_none(prod: Graph) -> None:
    """orders, section 3.3: three endpoints, each with its path and interval."""
    found = [
        (one["port"], one["path"], one["interval"])
        for one in spec_of(prod, "ServiceMonitor", "multi-service")["endpoints"]
    ]
    assert found == [("metrics", "/metrics", "30s"), ("jmx", "/jmx-metrics", "60s"), ("probe", "/probe", "10s")]
    assert "span-collector" not in [body["metadata"]["name"] for body in objects(prod, "ServiceMonitor", "PodMonitor")]


def test_a_stateful_service_has_names_volumes_and_ordinals(prod: Graph) -> None:
    """orders, section 4.2."""
    spec = spec_of(prod, "StatefulSet", "rust-stateful-app")
    assert (spec["replicas"], spec["podManagementPolicy"]) == (3, "Parallel")
    assert spec_of(prod, "Service", spec["serviceName"])["clusterIP"] == "None"
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "1Gi"
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    mounts = {
        mount["name"]: mount["mountPath"]
        for mount in pod_of(prod, "StatefulSet", "rust-stateful-app")["containers"][0]["volumeMounts"]
    }
    assert mounts == {"tmp": "/tmp", claim["metadata"]["name"]: "/data"}
    (endpoint,) = spec_of(prod, "PodMonitor", "rust-stateful-app")["podMetricsEndpoints"]
    # By the pod's own name of the port: a PodMonitor knows nothing of the Service's.
    assert endpoint["port"] == "http"
    ordinal = {"sourceLabels": ["__meta_kubernetes_pod_name"], "regex": "(.*)-([0-9]+)", "replacement": "$2"}
    assert {**ordinal, "targetLabel": "pod_ordinal"} in endpoint["relabelings"]


def test_a_volume_of_one_pod_is_never_mounted_by_two(prod: Graph) -> None:
    """During a rolling update the new pod would wait for the volume that the old one holds."""
    spec = spec_of(prod, "Deployment", "cloudlens-backend")
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    scaled = objects(prod, "HorizontalPodAutoscaler", "ScaledObject", "PodDisruptionBudget")
    assert "cloudlens-backend" not in [body["metadata"]["name"] for body in scaled]
    volumes = {volume["name"]: volume for volume in spec["template"]["spec"]["volumes"]}
    claim = volumes["data"]["persistentVolumeClaim"]["claimName"]
    assert spec_of(prod, "PersistentVolumeClaim", claim)["storageClassName"] == "fast-ssd"
    assert volumes["scratch-0"]["emptyDir"] == {"sizeLimit": "1Gi"}


@pytest.mark.parametrize(("stack", "kept"), [("dev", False), ("prod", True)])
def test_data_is_kept_where_the_tier_protects_it(scratch: Scratch, stack: str, kept: bool) -> None:
    """`make down`, or a line that is deleted by mistake, would take the customers' data along."""
    graph = scratch.record(environment(stack))
    for kind, name in (("StatefulSet", "rust-stateful-app"), ("PersistentVolumeClaim", "cloudlens-backend-data")):
        (found,) = [one for one in graph if one.inputs.get("kind") == kind and one.inputs["metadata"]["name"] == name]
        options = found.options
        assert (bool(options.get("protect")), bool(options.get("retain_on_delete"))) == (kept, kept), name


def test_files_are_read_only_and_their_change_exchanges_the_pods(scratch: Scratch, dev: Graph, prod: Graph) -> None:
    """A process would go on with a configuration that is no longer declared."""
    pod = pod_of(prod, "Deployment", "span-collector")
    (mount,) = [one for one in pod["containers"][0]["volumeMounts"] if one["mountPath"] == "/etc/otel"]
    assert mount["readOnly"] is True
    (volume,) = [one for one in pod["volumes"] if one["name"] == mount["name"]]
    data = one(prod, "ConfigMap", volume["configMap"]["name"])["data"]
    assert {item["path"]: data[item["key"]] for item in volume["configMap"]["items"]} == {
        "config.yaml": "receivers: {}\n"
    }
    assert pod["containers"][0]["args"] == ["--config=/etc/otel/config.yaml"]
    assert "lifecycle" not in pod["containers"][0]
    changed = scratch.record(environment("dev").replace("receivers: {}", "receivers: []"))
    before, after = (spec_of(graph, "Deployment", "span-collector")["template"]["metadata"] for graph in (dev, changed))
    assert before["annotations"] != after["annotations"]


def test_secret_files_are_keys_of_the_systems_secret(prod: Graph) -> None:
    """A kubeconfig in an environment variable would be in every crash report."""
    pod = pod_of(prod, "Deployment", "cluster-manager")
    (volume,) = [one for one in pod["volumes"] if "secret" in one]
    assert volume["secret"]["items"] == [{"key": "JWT_SECRET", "path": "production.yaml"}]
    assert volume["secret"]["defaultMode"] == 0o440
    (mount,) = [one for one in pod["containers"][0]["volumeMounts"] if one["name"] == volume["name"]]
    assert (mount["mountPath"], mount["readOnly"]) == ("/etc/clusters", True)


def test_probes_and_rollout_are_those_that_are_declared(prod: Graph) -> None:
    found = container(prod, "multi-service")
    liveness, readiness = found["livenessProbe"], found["readinessProbe"]
    assert liveness["httpGet"] == {"path": "/live", "port": "http"}
    # 5 s and 3 failures are the defaults.
    figures = ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold")
    assert [liveness[key] for key in figures] == [10, 5, 5, 3]
    assert readiness["httpGet"] == {"path": "/ready", "port": "probe"}
    assert [readiness[key] for key in figures] == [5, 5, 2, 5]
    spec = spec_of(prod, "Deployment", "multi-service")
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == 65
    liveness = container(prod, "cloudlens-backend")["livenessProbe"]
    assert (liveness["tcpSocket"], liveness.get("httpGet")) == ({"port": "http"}, None)


def test_what_no_service_declares_is_not_loaded(tmp_path: Path) -> None:
    """Imports are most of what a preview costs, and most environments have none of these shapes."""
    rare = ("claims", "released", "scaled_object", "stateful", "vertical")
    (tmp_path / "Pulumi.plain.yaml").write_text(yaml.safe_dump(with_systems("prod", "astrbot")), encoding="utf-8")
    code = (
        "import pathlib, sys, stacks.schema.source; stacks.schema.source.ROOT = pathlib.Path(sys.argv[1]); "
        "from graph.record import record; record('plain'); print(*sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = run.stdout.split()
    assert "components.workload.controllers" in loaded
    assert [name for name in rare if f"components.workload.{name}" in loaded] == []


# federated-risk, HorizontalPodAutoscaler `model-serving-hpa`.
BEHAVIOR = {
    "scaleDown": {
        "stabilizationWindowSeconds": 300,
        "policies": [{"type": "Percent", "value": 10, "periodSeconds": 60}],
    },
    "scaleUp": {
        "stabilizationWindowSeconds": 60,
        "policies": [
            {"type": "Percent", "value": 50, "periodSeconds": 60},
            {"type": "Pods", "value": 2, "periodSeconds": 60},
        ],
        "selectPolicy": "Max",
    },
}


def test_keda_scales_by_the_figures_of_the_document(prod: Graph) -> None:
    """500m is half a second to an HPA and no number to KEDA; an average for each pod is another target than a value."""
    spec = spec_of(prod, "ScaledObject", "model-serving")
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (2, 20)
    assert spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == BEHAVIOR
    triggers = {one.get("name", one["type"]): (one["metricType"], one["metadata"]) for one in spec["triggers"]}
    assert triggers["cpu"] == ("Utilization", {"value": "70"})
    assert triggers["memory"] == ("Utilization", {"value": "80"})
    kind, queue = triggers["request_queue_length"]
    assert (kind, queue["threshold"]) == ("AverageValue", "10")
    assert queue["query"] == 'sum(request_queue_length{namespace="astrbot",job="model-serving"})'
    kind, latency = triggers["http_request_duration_p95"]
    assert (kind, latency["threshold"]) == ("Value", "0.5")
    assert "model-serving" not in [body["metadata"]["name"] for body in objects(prod, "HorizontalPodAutoscaler")]


def test_prometheus_lets_keda_ask_it(prod: Graph) -> None:
    """Without the flow every trigger fails, and the service stays at its minimum."""
    (trigger,) = [
        one
        for one in spec_of(prod, "ScaledObject", "model-serving")["triggers"]
        if one.get("name") == "request_queue_length"
    ]
    assert trigger["metadata"]["serverAddress"].endswith(":9090")
    namespaces = [
        peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for rule in spec_of(prod, "NetworkPolicy", "prometheus-main")["ingress"]
        for peer in rule["from"]
        if "namespaceSelector" in peer
    ]
    assert namespaces == ["keda"]


def test_without_keda_a_service_scales_by_resources_alone(dev: Graph) -> None:
    """The sandbox has no KEDA: a ScaledObject would be an object that nobody reads, and nothing would scale."""
    assert objects(dev, "ScaledObject") == []
    spec = spec_of(dev, "HorizontalPodAutoscaler", "model-serving")
    assert [metric["resource"]["name"] for metric in spec["metrics"]] == ["cpu", "memory"]
    assert spec["behavior"] == BEHAVIOR
    # Four is what autoscalers of the dev tier may go to.
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 4)


def test_a_vertical_autoscaler_leaves_alone_what_another_autoscaler_goes_by(prod: Graph) -> None:
    """Two that act on one figure undo each other's work without end."""

    def mode(name: str) -> str:
        found: str = spec_of(prod, "VerticalPodAutoscaler", name)["updatePolicy"]["updateMode"]
        return found

    # By CPU and memory; by CPU, with the other on memory; by nothing.
    assert (mode("model-serving"), mode("frontend"), mode("cluster-manager")) == ("Off", "Recreate", "Initial")
    (policy,) = spec_of(prod, "VerticalPodAutoscaler", "model-serving")["resourcePolicy"]["containerPolicies"]
    assert policy["minAllowed"] == {"cpu": "100m", "memory": "256Mi"}
    assert policy["maxAllowed"] == {"cpu": "2", "memory": "4Gi"}
    # Limits are what the namespace's quota is made of.
    assert policy["controlledValues"] == "RequestsOnly"


@pytest.mark.parametrize("controller", ["none", "flagger"])
def test_a_service_that_scales_by_its_own_metrics_can_be_released(scratch: Scratch, controller: str) -> None:
    """federated-risk releases the very service that scales so: the stable version must be the one that scales."""
    service = {**MODEL_SERVING, "service_ports": {"http": 80}, "release": {"strategy": "canary"}}
    rest = f"  saas-platform:routing: {{mesh: istio, controller: {controller}}}\n"
    graph = scratch.record(environment("prod", service, system="orders", rest=rest))
    target = spec_of(graph, "ScaledObject", "model-serving", "orders")["scaleTargetRef"]["name"]
    assert [finding.message for finding in evaluate(graph) if finding.blocks] == []
    if controller == "none":
        assert target == "model-serving-primary"
        route: Any = spec_of(graph, "VirtualService", "model-serving", "orders")["http"][0]["route"][0]
        assert route["destination"]["port"]["number"] == 80
        return
    scaler = spec_of(graph, "Canary", "model-serving", "orders")["autoscalerRef"]
    assert (target, scaler["kind"]) == ("model-serving", "ScaledObject")
    assert scaler["primaryScalerQueries"].keys() == {"request_queue_length", "http_request_duration_p95"}


def test_a_size_changes_what_an_environment_needs_otherwise(scratch: Scratch) -> None:
    """An environment smaller than the document's could only copy the whole service."""
    sizes = {
        "model-serving": {"autoscaling": {"minimum": 3, "maximum": 6}, "cpu_request": "300m"},
        "rust-stateful-app": {"storage": "5Gi", "replicas": 2},
    }
    services = (MODEL_SERVING, RUST_STATEFUL_APP, FRONTEND)
    graph = scratch.record(environment("prod", *services, system="cloudlens", sizes=sizes))
    spec = spec_of(graph, "ScaledObject", "model-serving", "cloudlens")
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (3, 6)
    assert container(graph, "model-serving", "cloudlens")["resources"]["requests"]["cpu"] == "300m"
    stateful = spec_of(graph, "StatefulSet", "rust-stateful-app", "cloudlens")
    assert stateful["replicas"] == 2
    assert stateful["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == "5Gi"
