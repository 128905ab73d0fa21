"""Every figure that the multi-cluster manager's document gives, on the recorded objects.

Sections: 1 clusters (the backend's code), 2 Helm, 3 monitoring, 4 GitOps; "Technology" is the table before them.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from graph.model import Graph, masked
from graph.record import record
from paths import ROOT
from policy.engine.evaluation import evaluate
from stacks.systems.multicluster.board import BOARD
from tests.unit.components.test_custom_resources import faults, validator_of
from tests.unit.definitions import ABSENT, FOLDER
from tests.unit.recordings import Body, objects, of_system, one, recorded, title, with_systems
from tests.unit.scratch import Scratch, as_text, mistakes

SYSTEM = "multicluster"
BACKEND, FRONTEND = "multi-cluster-manager-backend", "multi-cluster-manager-frontend"
CLUSTERS = ("dev", "staging", "prod")
with_a_store = pytest.mark.parametrize("stack", ["staging", "prod"])


def found(graph: Graph, kind: str, name: str) -> Body:
    return one(graph, kind, name, SYSTEM)


def spec_of(graph: Graph, kind: str, name: str) -> Any:
    return found(graph, kind, name)["spec"]


def pod_of(graph: Graph, name: str) -> Body:
    pod: Body = spec_of(graph, "Deployment", name)["template"]["spec"]
    return pod


def container_of(graph: Graph, name: str) -> Body:
    (only,) = pod_of(graph, name)["containers"]
    body: Body = only
    return body


def with_more(stack: str, system: str = "", rest: str = "") -> str:
    """The environment's file with this system alone, little monitoring, more about it and at its end."""
    own = yaml.safe_load(f"{{{system}}}")
    return as_text(with_systems(stack, telemetry=False, monitoring="basic", multicluster=own)) + rest


# --- services ---------------------------------------------------------------------------------------------------------


def test_the_services_are_a_backend_and_a_front_end(graph: Graph) -> None:
    """Technology: Go and Gin, Vue 3."""
    assert {body["metadata"]["name"] for body in of_system(graph, SYSTEM, "Deployment")} == {BACKEND, FRONTEND}


def test_the_backend_serves_and_tells_its_metrics_on_port_8080(graph: Graph) -> None:
    """Section 3: multi-cluster-manager-backend:8080, /metrics, and globally every 15 s."""
    (port,) = container_of(graph, BACKEND)["ports"]
    (served,) = spec_of(graph, "Service", BACKEND)["ports"]
    assert (port["containerPort"], served["port"]) == (8080, 8080)
    (endpoint,) = spec_of(graph, "ServiceMonitor", BACKEND)["endpoints"]
    assert (endpoint["port"], endpoint["path"], endpoint["interval"]) == ("http", "/metrics", "15s")
    assert container_of(graph, BACKEND)["image"].partition(":")[0].endswith("/multi-cluster-manager-backend")


def test_the_host_leads_to_the_api_by_its_path_and_else_to_the_front_end(graph: Graph) -> None:
    """Section 1: the routes of the API begin with /api/v1."""
    (ingress,) = of_system(graph, SYSTEM, "Ingress")
    (rule,) = ingress["spec"]["rules"]
    assert rule["host"].startswith("clusters.")
    assert [
        (path["path"], path["backend"]["service"]["name"], path["backend"]["service"]["port"]["number"])
        for path in rule["http"]["paths"]
    ] == [("/api/v1", BACKEND, 8080), ("/", FRONTEND, 80)]


@pytest.mark.parametrize("name", [BACKEND, FRONTEND])
def test_a_service_scales_and_gets_recommendations(name: str) -> None:
    """Core functions: HPA and VPA. An autoscaler and a VPA never own the same resource."""
    graph = recorded("prod")
    scaled = spec_of(graph, "HorizontalPodAutoscaler", name)
    assert {one["resource"]["name"] for one in scaled["metrics"]} == {"cpu", "memory"}
    assert scaled["minReplicas"] < scaled["maxReplicas"]
    spec = spec_of(graph, "VerticalPodAutoscaler", name)
    assert spec["targetRef"]["name"] == name
    assert spec["updatePolicy"]["updateMode"] == "Off"
    assert spec["resourcePolicy"]["containerPolicies"][0]["minAllowed"]


def test_it_keeps_its_clusters_in_postgresql_and_caches_in_redis(graph: Graph) -> None:
    """Technology: PostgreSQL and Redis, of which only the backend sees the passwords."""
    assert spec_of(graph, "Cluster", "postgresql-cluster")["bootstrap"]["initdb"]["database"] == "multicluster"
    assert of_system(graph, SYSTEM, "Redis", "RedisCluster")
    secrets = {
        name: {one["name"] for one in container_of(graph, name).get("env", []) if "valueFrom" in one}
        for name in (BACKEND, FRONTEND)
    }
    assert {"DB_PASSWORD", "REDIS_PASSWORD"} <= secrets[BACKEND]
    assert secrets[FRONTEND] == set()


# --- its clusters -----------------------------------------------------------------------------------------------------


@with_a_store
def test_the_backend_has_the_kubeconfig_of_each_cluster_as_a_file(stack: str) -> None:
    """Section 1: a kubeconfig for each cluster. In a variable it would be in every crash report."""
    graph = recorded(stack)
    entries = {
        item["path"]: (volume["secret"]["secretName"], item["key"])
        for volume in pod_of(graph, BACKEND)["volumes"]
        for item in (volume.get("secret") or {}).get("items", [])
    }
    assert entries == {f"{name}.yaml": ("multicluster-secrets", f"KUBECONFIG_{name.upper()}") for name in CLUSTERS}
    mounts = {mount["mountPath"]: mount for mount in container_of(graph, BACKEND)["volumeMounts"]}
    directory = {one["name"]: one for one in container_of(graph, BACKEND)["env"]}["CLUSTERS_DIRECTORY"]["value"]
    assert mounts[directory]["readOnly"] is True
    assert "KUBECONFIG" not in str(container_of(graph, BACKEND)["env"])
    remote = {one["remoteRef"]["key"] for one in spec_of(graph, "ExternalSecret", "multicluster-secrets")["data"]}
    assert {f"saas-platform/{stack}/multicluster-kubeconfig-{name}" for name in CLUSTERS} <= remote


def test_without_a_store_nobody_makes_up_a_kubeconfig(dev: Graph) -> None:
    """What the program generates is a password; a backend that reads it as a kubeconfig does not start."""
    assert "secret" not in str(pod_of(dev, BACKEND)["volumes"])
    assert not [one for one in dev if "kubeconfig" in one.name]


def test_the_backend_may_reach_api_servers_wherever_they_are(graph: Graph) -> None:
    """Its clusters answer on 443 or 6443, inside a private network too."""
    egress = spec_of(graph, "NetworkPolicy", BACKEND)["egress"]
    ports = [
        {port["port"] for port in rule["ports"]}
        for rule in egress
        for peer in rule["to"]
        if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"
    ]
    assert ports == [{443, 6443}]
    assert "0.0.0.0/0" not in str(spec_of(graph, "NetworkPolicy", FRONTEND).get("egress"))


def manifests(graph: Graph, cluster: str) -> list[dict[str, Any]]:
    text = found(graph, "ConfigMap", "managed-cluster-access")["data"][f"{cluster}.yaml"]
    return list(yaml.safe_load_all(text))


def rules_of(graph: Graph, role: str) -> list[dict[str, Any]]:
    (body,) = [
        one
        for one in manifests(graph, "dev")
        if one["kind"] == "ClusterRole" and one["metadata"]["name"] == f"multi-cluster-manager-{role}"
    ]
    rules: list[dict[str, Any]] = body["rules"]
    return rules


def allows(rules: list[dict[str, Any]], group: str, resource: str, verb: str) -> bool:
    return any(
        group in rule.get("apiGroups", []) and resource in rule.get("resources", []) and verb in rule["verbs"]
        for rule in rules
    )


# Sections 1 and 2: what each function of the backend's code asks of a cluster, and by which role it may.
OPERATIONS = {
    "RegisterCluster": [("read", "", "nodes", "list")],
    "GetClusterStats": [("read", "", resource, "list") for resource in ("nodes", "pods", "namespaces")],
    "GetClusterResources": [("read", "metrics.k8s.io", resource, "list") for resource in ("nodes", "pods")],
    "InstallChart": [
        ("read", "", "namespaces", "create"),
        ("deploy", "", "secrets", "create"),
        ("deploy", "apps", "deployments", "create"),
        ("deploy", "", "services", "create"),
    ],
    "UpgradeChart": [("deploy", "apps", "deployments", "patch"), ("deploy", "", "secrets", "update")],
    "UninstallRelease": [("deploy", "apps", "deployments", "delete"), ("deploy", "", "secrets", "delete")],
    "ListReleases": [("deploy", "", "secrets", "list")],
    "GetReleaseStatus": [("deploy", "", "secrets", "get")],
    "RollbackRelease": [("deploy", "apps", "deployments", "update"), ("deploy", "", "secrets", "get")],
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_roles_allow_each_operation_of_the_code(graph: Graph, operation: str) -> None:
    """A verb that is missing is found when somebody presses the button."""
    for role, group, resource, verb in OPERATIONS[operation]:
        assert allows(rules_of(graph, role), group, resource, verb), f"{verb} {resource}"


def test_the_version_of_a_cluster_may_be_asked(graph: Graph) -> None:
    """Section 1: Discovery().ServerVersion(). Not every cluster lets everybody ask."""
    assert {"nonResourceURLs": ["/version"], "verbs": ["get"]} in rules_of(graph, "read")


def test_of_the_whole_cluster_nothing_is_written_but_namespaces(graph: Graph) -> None:
    """A stolen kubeconfig must neither read every Secret nor give itself more rights."""
    for rule in rules_of(graph, "read"):
        writes = set(rule["verbs"]) - {"get", "list"}
        assert not writes or (rule["resources"], writes) == (["namespaces"], {"create"})
        assert "secrets" not in rule.get("resources", [])
    for role in ("read", "deploy"):
        for rule in rules_of(graph, role):
            assert "*" not in [*rule.get("apiGroups", []), *rule.get("resources", []), *rule["verbs"]]
            assert "rbac.authorization.k8s.io" not in rule.get("apiGroups", [])
            assert not {"impersonate", "escalate", "bind"} & set(rule["verbs"])


def test_deploying_is_bound_to_the_namespaces_of_each_cluster(scratch: Scratch) -> None:
    """Section 4: production. A ClusterRoleBinding would open kube-system."""
    clusters = "clusters: [{name: edge, server: 'https://edge.example.com', namespaces: [shop, billing]}]"
    graph = scratch.record(with_more("prod", clusters))
    bound = {
        (one["kind"], one["metadata"].get("namespace"), one["roleRef"]["name"])
        for one in manifests(graph, "edge")
        if one["kind"].endswith("Binding")
    }
    assert bound == {
        ("ClusterRoleBinding", None, "multi-cluster-manager-read"),
        ("RoleBinding", "shop", "multi-cluster-manager-deploy"),
        ("RoleBinding", "billing", "multi-cluster-manager-deploy"),
    }
    in_default = [one for one in manifests(recorded("prod"), "dev") if one["kind"] == "RoleBinding"]
    assert [one["metadata"]["namespace"] for one in in_default] == ["production"]


# --- Argo CD ----------------------------------------------------------------------------------------------------------

SYNC_POLICY = {
    "automated": {"prune": True, "selfHeal": True, "allowEmpty": False},
    "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}},
}


@with_a_store
def test_argo_cd_has_the_documents_four_applications(stack: str) -> None:
    """Section 4."""
    graph = recorded(stack)
    names = {body["metadata"]["name"] for body in of_system(graph, SYSTEM, "Application")}
    assert names == {"multi-cluster-manager", "app-dev", "app-staging", "app-prod"}
    for body in of_system(graph, SYSTEM, "Application"):
        policy = body["spec"]["syncPolicy"]
        assert body["metadata"]["namespace"] == "argocd"
        assert {key: policy[key] for key in SYNC_POLICY} == SYNC_POLICY, title(body)
        assert "CreateNamespace=true" in policy["syncOptions"]


@pytest.mark.parametrize("name", CLUSTERS)
def test_each_cluster_gets_the_application_of_the_document(name: str) -> None:
    """Section 4: app.git, main, helm/app, into production."""
    spec = spec_of(recorded("prod"), "Application", f"app-{name}")
    assert spec["source"] == {
        "repoURL": "https://github.com/yourorg/app.git",
        "targetRevision": "main",
        "path": "helm/app",
    }
    assert spec["destination"] == {"server": f"https://{name}-cluster.example.com", "namespace": "production"}


def test_the_managers_own_application_is_the_documents(scratch: Scratch) -> None:
    """Section 4. The values are those of the environment: values-dev.yaml in the document, which shows dev."""
    text = with_more("dev", rest="  saas-platform:operators: {argo-cd: preinstalled}\n")
    scratch.write(text, "dev")
    body = found(record("dev"), "Application", "multi-cluster-manager")
    assert body["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]
    assert body["spec"]["source"] == {
        "repoURL": "https://github.com/yourorg/multi-cluster-manager.git",
        "targetRevision": "main",
        "path": "infrastructure/kubernetes/apps/multi-cluster-manager",
        "helm": {"valueFiles": ["values-dev.yaml"]},
    }
    assert body["spec"]["destination"] == {
        "server": "https://kubernetes.default.svc",
        "namespace": "multi-cluster-manager",
    }


def test_the_project_permits_just_these_applications() -> None:
    """The document's project `default` lets every Application write into every cluster."""
    graph = recorded("prod")
    project = spec_of(graph, "AppProject", "multicluster")
    applications = of_system(graph, SYSTEM, "Application")
    assert {one["spec"]["project"] for one in applications} == {"multicluster"}
    assert {one["spec"]["source"]["repoURL"] for one in applications} == set(project["sourceRepos"])
    assert [one for one in project["destinations"] if "*" in one.values()] == []
    assert {(one["server"], one["namespace"]) for one in project["destinations"]} == {
        (one["spec"]["destination"]["server"], one["spec"]["destination"]["namespace"]) for one in applications
    }


def test_without_argo_cd_there_are_no_applications(dev: Graph) -> None:
    """The sandbox would refuse a kind that it does not know."""
    assert of_system(dev, SYSTEM, "Application", "AppProject") == []


def test_an_environment_may_have_none_or_others_of_the_applications(scratch: Scratch) -> None:
    """The document's URLs are examples: whoever has no fleet of charts has nothing to sync."""
    assert of_system(scratch.record(with_more("prod", "applications: null")), SYSTEM, "Application") == []
    own = "applications: {manager: null, fleet: {repository: 'https://github.com/example/shop.git', path: charts/shop}}"
    graph = scratch.record(with_more("prod", own))
    bodies = of_system(graph, SYSTEM, "Application")
    assert {body["metadata"]["name"] for body in bodies} == {"app-dev", "app-staging", "app-prod"}
    assert {body["spec"]["source"]["repoURL"] for body in bodies} == {"https://github.com/example/shop.git"}


@pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)
def test_what_argo_cd_is_told_conforms_to_its_definitions() -> None:
    """Argo CD ignores what it does not know."""
    for body in of_system(recorded("prod"), SYSTEM, "Application", "AppProject", "VerticalPodAutoscaler"):
        assert faults(masked(body), validator_of(body)) == [], title(body)


@pytest.mark.parametrize("mesh", ["istio", "gateway-api"])
def test_with_a_mesh_all_systems_pass_every_policy(scratch: Scratch, mesh: str) -> None:
    """Technology: Istio. All of them: a host or an entry of one could be another's."""
    text = (ROOT / "Pulumi.prod.yaml").read_text()
    graph = scratch.record(f"{text.rstrip()}\n  saas-platform:routing: {{mesh: {mesh}}}\n")
    assert [finding.message for finding in evaluate(graph)] == []
    assert objects(graph, "VirtualService" if mesh == "istio" else "HTTPRoute")


def test_mistakes_in_the_clusters_are_named_where_they_are(scratch: Scratch) -> None:
    """Two clusters of one name would have one kubeconfig; a credential in a URL would be in every log."""
    text = """\
        config:
          saas-platform:tier: dev
          saas-platform:domain: example.com
          saas-platform:cluster: {kind: sandbox}
          saas-platform:systems:
            multicluster:
              clusters:
                - name: east
                  server: https://east.example.com
                - name: east  #! systems.multicluster.clusters[1].name | east
                  server: http://west.example.com  #! systems.multicluster.clusters[1].server | no API server
              applications:
                fleet:
                  repository: https://pw@a.example/a  #! systems.multicluster.applications.fleet.repository | credential
                  path: helm/app
    """
    problems = scratch.problems(text)
    assert {(one.line, one.path) for one in problems} == {(one.line, one.path) for one in mistakes(text)}
    for expected in mistakes(text):
        (message,) = [one.message for one in problems if one.path == expected.path]
        assert expected.fragment in message
    assert "pw@" not in str([one.message for one in problems])


# --- alerts and dashboard ---------------------------------------------------------------------------------------------

# Section 3: what each alert compares with, for how long, and how bad it is; all are evaluated every 30 s.
ALERTS = {
    "NodeNotReady": ("== 1", "5m", "warning"),
    "NodeMemoryPressure": ("== 1", "5m", "warning"),
    "NodeDiskPressure": ("== 1", "5m", "warning"),
    "PodCrashLooping": ("> 0", "5m", "warning"),
    "PodNotReady": ("== 1", "10m", "warning"),
    "HighCPUUsage": ("> 0.8", "10m", "warning"),
    "HighMemoryUsage": ("> 0.9", "10m", "warning"),
    "DeploymentReplicasMismatch": ("!= kube_deployment_status_replicas_available", "10m", "warning"),
    "HighErrorRate": ("> 0.05", "5m", "critical"),
    "HighLatency": ("> 1", "5m", "warning"),
}


# In dev, alerts on what nothing scrapes there are left out.
@pytest.mark.parametrize("stack", ["staging", "prod"])
@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_the_documents_figures(stack: str, name: str) -> None:
    """Section 3: threshold, duration, severity and interval."""
    rules = [
        (group, rule)
        for group in spec_of(recorded(stack), "PrometheusRule", f"{SYSTEM}-alerts")["groups"]
        for rule in group["rules"]
        if rule.get("alert") == name
    ]
    ((group, rule),) = rules
    compared, duration, severity = ALERTS[name]
    assert rule["expr"].endswith(compared)
    assert (rule["for"], rule["labels"]["severity"], group["interval"]) == (duration, severity, "30s")


def test_the_dashboard_has_the_documents_panels() -> None:
    """Section 3: title, five panels, their kinds, and the network in both directions."""
    assert BOARD.title == "Multi-Cluster Overview"
    assert [(panel.title, panel.kind, len(panel.queries)) for panel in BOARD.panels] == [
        ("Cluster Overview", "stat", 1),
        ("Pod Status by Cluster", "piechart", 1),
        ("CPU Usage by Cluster", "timeseries", 1),
        ("Memory Usage by Cluster", "timeseries", 1),
        ("Network Traffic by Cluster", "timeseries", 2),
    ]
    for panel, metric in zip(
        BOARD.panels,
        (
            "kube_node_info",
            "kube_pod_status_phase",
            "container_cpu_usage_seconds_total",
            "container_memory_working_set_bytes",
            "container_network_receive_bytes_total",
        ),
        strict=True,
    ):
        assert metric in panel.queries[0].expr
        assert "by (cluster" in panel.queries[0].expr


def test_the_dashboard_is_in_grafana_where_there_is_one() -> None:
    """Staging and production have Grafana: a board that no ConfigMap carries is on nobody's screen."""
    boards = [body for body in objects(recorded("prod"), "ConfigMap") if "Multi-Cluster Overview" in str(body["data"])]
    assert len(boards) == 1
