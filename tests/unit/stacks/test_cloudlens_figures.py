"""Every figure that the CloudLens document gives, on the recorded objects of each environment.

Sections are those of its chapter of manifests: 2 ConfigMap, 3 Secret, 4 volume, 5 back end, 6 front end, 7 Services;
and the chapters on security (network policy, RBAC), metrics, alerts, dashboards and cost.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from graph.model import Graph
from paths import ROOT
from policy.engine.evaluation import evaluate
from stacks.monitoring.boards import BOARDS
from stacks.systems.cloudlens.board import BOARD
from tests.unit.recordings import Body, environment_of, of_system, one, recorded, settings_of, title, with_systems
from tests.unit.scratch import Scratch, as_text
from tests.unit.stacks import test_every_environment

SYSTEM = "cloudlens"
BACKEND, FRONTEND = "cloudlens-backend", "cloudlens-frontend"
STACKS = ("dev", "staging", "prod")
every_stack = pytest.mark.parametrize("stack", STACKS)
full_size = pytest.mark.parametrize("stack", ["staging", "prod"])


def found(graph: Graph, kind: str, name: str) -> Any:
    return one(graph, kind, name, SYSTEM)


def pod(graph: Graph, name: str) -> Any:
    return found(graph, "Deployment", name)["spec"]["template"]["spec"]


def the_container(graph: Graph, name: str) -> Any:
    (container,) = pod(graph, name)["containers"]
    return container


def plain(graph: Graph, name: str) -> dict[str, str]:
    """A service's variables that are no secrets."""
    variables = environment_of(the_container(graph, name)).items()
    return {key: variable["value"] for key, variable in variables if "value" in variable}


def with_storage(scratch: Scratch, stack: str, storage: str, **more: Any) -> Graph:
    """The environment with CloudLens alone, little monitoring, and this store of it."""
    document = with_systems(stack, telemetry=False, monitoring="basic", cloudlens={"storage": storage, **more})
    if storage == "sqlite":
        # What has no database has no backups of it.
        document["config"]["saas-platform:systems"]["cloudlens"].pop("object_storage", None)
    return scratch.record(as_text(document))


def file_of(stack: str, said: str) -> str:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    whole = re.compile(r"    cloudlens:.*\n(      .*\n)*")
    assert len(whole.findall(text)) == 1
    return whole.sub(lambda _: f"    cloudlens:{said}\n", text)


@every_stack
@pytest.mark.parametrize(("name", "port"), [(BACKEND, 8000), (FRONTEND, 3000)])
def test_a_service_listens_and_is_reached_at_the_documents_port(stack: str, name: str, port: int) -> None:
    """Sections 5 to 7: 8000 and 3000, as `http`, of type ClusterIP."""
    graph = recorded(stack)
    assert the_container(graph, name)["ports"] == [{"name": "http", "containerPort": port, "protocol": "TCP"}]
    spec = found(graph, "Service", name)["spec"]
    assert spec["type"] == "ClusterIP"
    assert spec["ports"] == [{"name": "http", "port": port, "targetPort": "http", "protocol": "TCP"}]


@full_size
@pytest.mark.parametrize("name", [BACKEND, FRONTEND])
def test_a_service_has_two_replicas_or_more(stack: str, name: str) -> None:
    """Sections 5 and 6: two; autoscaled, that is the fewest."""
    assert found(recorded(stack), "HorizontalPodAutoscaler", name)["spec"]["minReplicas"] == 2


@full_size
@pytest.mark.parametrize(
    ("name", "requests", "limits"),
    [(BACKEND, ("500m", "512Mi"), ("2", "2Gi")), (FRONTEND, ("200m", "256Mi"), ("1", "1Gi"))],
)
def test_a_service_has_the_documents_requests_and_limits(
    stack: str, name: str, requests: tuple[str, str], limits: tuple[str, str]
) -> None:
    """Sections 5 and 6."""
    resources = the_container(recorded(stack), name)["resources"]
    assert (resources["requests"]["cpu"], resources["requests"]["memory"]) == requests
    assert (resources["limits"]["cpu"], resources["limits"]["memory"]) == limits


@every_stack
@pytest.mark.parametrize("name", [BACKEND, FRONTEND])
def test_images_are_of_the_documents_version(stack: str, name: str) -> None:
    """Sections 5 and 6: 2.1.0, IfNotPresent."""
    container = the_container(recorded(stack), name)
    registry = settings_of(stack).get("registry", "ghcr.io/saas-platform")
    assert (container["image"], container["imagePullPolicy"]) == (f"{registry}/{name}:2.1.0", "IfNotPresent")


@every_stack
def test_the_backend_is_probed_with_the_documents_figures(stack: str) -> None:
    """Section 5: /health of 8000, for both."""
    container = the_container(recorded(stack), BACKEND)
    assert container["livenessProbe"] == {
        "httpGet": {"path": "/health", "port": "http"},
        "initialDelaySeconds": 30,
        "periodSeconds": 10,
        "timeoutSeconds": 5,
        "failureThreshold": 3,
    }
    assert container["readinessProbe"] == {
        "httpGet": {"path": "/health", "port": "http"},
        "initialDelaySeconds": 5,
        "periodSeconds": 5,
        "timeoutSeconds": 3,
        "failureThreshold": 3,
    }


@every_stack
def test_the_frontend_is_probed_with_the_documents_figures(stack: str) -> None:
    """Section 6: / of 3000; it says nothing of time-outs and failures."""
    container = the_container(recorded(stack), FRONTEND)
    liveness, readiness = container["livenessProbe"], container["readinessProbe"]
    assert (liveness["initialDelaySeconds"], liveness["periodSeconds"]) == (30, 10)
    assert liveness["httpGet"] == {"path": "/", "port": "http"}
    assert (readiness["initialDelaySeconds"], readiness["periodSeconds"]) == (5, 5)
    assert readiness["httpGet"] == container["startupProbe"]["httpGet"] == {"path": "/", "port": "http"}


@full_size
def test_the_config_map_has_the_documents_keys(stack: str) -> None:
    """Section 2. The database's host is the pooler's, and the environment bears its own name."""
    data = found(recorded(stack), "ConfigMap", "cloudlens-config")["data"]
    assert (data["LOG_LEVEL"], data["ENVIRONMENT"]) == ("INFO", stack)
    assert (data["DATABASE_PORT"], data["DATABASE_NAME"]) == ("5432", "cloudlens")
    assert data["DATABASE_HOST"] == "postgresql-cluster-pooler-rw.cloudlens.svc.cluster.local"
    for name in (BACKEND, FRONTEND):
        assert {"configMapRef": {"name": "cloudlens-config"}} in the_container(recorded(stack), name)["envFrom"]


@full_size
def test_the_secret_has_the_databases_password_and_the_backend_alone_sees_it(stack: str) -> None:
    """Section 3: DATABASE_PASSWORD in cloudlens-secrets, from the external store as the document recommends."""
    graph = recorded(stack)
    spec = found(graph, "ExternalSecret", "cloudlens-secrets")["spec"]
    assert [entry["secretKey"] for entry in spec["data"]] == ["DATABASE_PASSWORD"]
    reference = {"secretKeyRef": {"name": "cloudlens-secrets", "key": "DATABASE_PASSWORD"}}
    assert environment_of(the_container(graph, BACKEND))["DATABASE_PASSWORD"]["valueFrom"] == reference
    assert "DATABASE_PASSWORD" not in environment_of(the_container(graph, FRONTEND))


def test_keys_of_cloud_providers_come_from_the_external_store(scratch: Scratch) -> None:
    """Section 3: ALIYUN_ACCESS_KEY_ID and ALIYUN_ACCESS_KEY_SECRET, optional; the front end never sees them."""
    keys = ["ALIYUN_ACCESS_KEY_ID", "ALIYUN_ACCESS_KEY_SECRET"]
    graph = with_storage(scratch, "prod", "postgresql", provider_keys=list(keys))
    spec = found(graph, "ExternalSecret", "cloudlens-secrets")["spec"]
    assert {entry["secretKey"]: entry["remoteRef"]["key"] for entry in spec["data"]} == {
        "DATABASE_PASSWORD": "saas-platform/prod/cloudlens-postgresql-password",
        "ALIYUN_ACCESS_KEY_ID": "saas-platform/prod/cloudlens-aliyun-access-key-id",
        "ALIYUN_ACCESS_KEY_SECRET": "saas-platform/prod/cloudlens-aliyun-access-key-secret",
    }
    for key in keys:
        assert environment_of(the_container(graph, BACKEND))[key]["valueFrom"]["secretKeyRef"]["key"] == key
        assert key not in environment_of(the_container(graph, FRONTEND))
    assert [finding.message for finding in evaluate(graph)] == []


@every_stack
def test_services_have_the_variables_of_opentelemetry_and_of_the_way_to_the_backend(stack: str) -> None:
    """Sections 2, 5 and 6. What holds for every service, such as the collector's endpoint, is the environment's."""
    graph = recorded(stack)
    assert plain(graph, BACKEND)["OTEL_SERVICE_NAME"] == "cloudlens-backend"
    frontend = plain(graph, FRONTEND)
    assert frontend["OTEL_SERVICE_NAME"] == "cloudlens-frontend"
    assert frontend["NEXT_PUBLIC_API_URL"] == "http://cloudlens-backend:8000"
    endpoint = frontend["NEXT_PUBLIC_OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert endpoint.startswith("http://otel-collector."), endpoint
    assert endpoint.endswith(":4318/v1/traces"), endpoint


@every_stack
def test_the_backend_has_a_scratch_directory_for_its_configuration(stack: str) -> None:
    """Section 5: an emptyDir at /app/.cloudlens."""
    graph = recorded(stack)
    (mount,) = [one for one in the_container(graph, BACKEND)["volumeMounts"] if one["mountPath"] == "/app/.cloudlens"]
    (volume,) = [one for one in pod(graph, BACKEND)["volumes"] if one["name"] == mount["name"]]
    assert "emptyDir" in volume


def test_development_keeps_its_data_in_sqlite_on_ten_gibibytes(dev: Graph) -> None:
    """Sections 4 and 5: ReadWriteOnce, 10Gi, at /data, DATABASE_PATH, and one replica that nothing scales."""
    claim = found(dev, "PersistentVolumeClaim", "cloudlens-backend-data")["spec"]
    assert (claim["accessModes"], claim["resources"]["requests"]["storage"]) == (["ReadWriteOnce"], "10Gi")
    assert {"name": "data", "mountPath": "/data"} in the_container(dev, BACKEND)["volumeMounts"]
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "cloudlens-backend-data"}}
    assert volume in pod(dev, BACKEND)["volumes"]
    assert plain(dev, BACKEND)["DATABASE_PATH"] == "/data/cloudlens.db"
    spec = found(dev, "Deployment", BACKEND)["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    scaled = {body["metadata"]["name"] for body in of_system(dev, SYSTEM, "HorizontalPodAutoscaler")}
    assert scaled == {FRONTEND}
    assert of_system(dev, SYSTEM, "Cluster", "Pooler", "StatefulSet") == []


@full_size
def test_where_several_replicas_run_the_data_is_in_postgresql(stack: str) -> None:
    """Option B of the document: database `cloudlens`, and neither volume nor file of SQLite."""
    graph = recorded(stack)
    assert found(graph, "Cluster", "postgresql-cluster")["spec"]["bootstrap"]["initdb"]["database"] == "cloudlens"
    assert of_system(graph, SYSTEM, "PersistentVolumeClaim") == []
    assert "DATABASE_PATH" not in plain(graph, BACKEND)


@every_stack
def test_the_role_reads_one_config_map_and_one_secret(stack: str) -> None:
    """The chapter on RBAC: get and list, by resourceNames, for the service account of the backend alone."""
    graph = recorded(stack)
    (role,) = (one for one in of_system(graph, SYSTEM, "Role") if one["metadata"]["name"] != "alloy-reads-logs")
    assert role["metadata"]["name"] == BACKEND
    assert role["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["configmaps", "secrets"],
            "verbs": ["get", "list"],
            "resourceNames": ["cloudlens-config", "cloudlens-secrets"],
        }
    ]
    bindings = of_system(graph, SYSTEM, "RoleBinding")
    (binding,) = (one for one in bindings if one["metadata"]["name"] == BACKEND)
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": BACKEND, "namespace": SYSTEM}]
    assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": BACKEND}
    assert pod(graph, BACKEND)["serviceAccountName"] == BACKEND
    assert pod(graph, BACKEND)["automountServiceAccountToken"] is True
    assert pod(graph, FRONTEND)["automountServiceAccountToken"] is False


@every_stack
def test_the_backend_is_reached_by_the_frontend_and_reaches_the_cloud(stack: str) -> None:
    """The chapter on network policies: in from the front end at 8000, out to the providers' APIs, which speak HTTPS."""
    spec = found(recorded(stack), "NetworkPolicy", BACKEND)["spec"]
    assert spec["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": BACKEND}}
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    callers = [rule["from"][0].get("podSelector", {}).get("matchLabels", {}) for rule in spec["ingress"]]
    assert [labels.get("app.kubernetes.io/name") for labels in callers] == [FRONTEND, None]
    assert callers[1] == {"platform.io/reads-metrics": "true"}, "Prometheus"
    assert {port["port"] for rule in spec["ingress"] for port in rule["ports"]} == {8000}
    internet = [
        rule
        for rule in spec["egress"]
        for peer in rule["to"]
        if "10.0.0.0/8" in peer.get("ipBlock", {}).get("except", ())
    ]
    assert [rule["ports"] for rule in internet] == [[{"port": 443, "protocol": "TCP"}]]


@every_stack
def test_prometheus_reads_the_backends_metrics_as_the_annotations_say(stack: str) -> None:
    """Section 5: port 8000, /metrics. The front end tells none."""
    (monitor,) = of_system(recorded(stack), SYSTEM, "ServiceMonitor")
    assert monitor["metadata"]["name"] == BACKEND
    (endpoint,) = monitor["spec"]["endpoints"]
    assert (endpoint["port"], endpoint["path"], endpoint.get("interval")) == ("http", "/metrics", None)


@every_stack
def test_people_come_in_by_tls_to_the_frontend(stack: str) -> None:
    """The document's check list: an Ingress, with domain and certificate."""
    spec = found(recorded(stack), "Ingress", FRONTEND)["spec"]
    host = f"cloudlens.{settings_of(stack)['domain']}"
    assert spec["tls"] == [{"hosts": [host], "secretName": "cloudlens-tls"}]
    (rule,) = spec["rules"]
    backend = {"service": {"name": FRONTEND, "port": {"number": 3000}}}
    assert rule == {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}


@every_stack
def test_the_four_alerts_are_declared(stack: str) -> None:
    """Their thresholds and durations are asserted for all systems together, with series that make them fire."""
    rule = found(recorded(stack), "PrometheusRule", "cloudlens-alerts")
    names = {one.get("alert") for group in rule["spec"]["groups"] for one in group["rules"]}
    assert {"HighErrorRate", "HighLatency", "LowCacheHitRate"} <= names
    # Nothing in dev says how often a container started.
    assert ("PodCrashLooping" in names) is (stack != "dev")


# The chapter on dashboards: what each shows, and a metric that shows it.
PANELS = {
    "overview": ["http_requests_total", 'status=~"5.."', "quantile(0.5,", "quantile(0.95,", "quantile(0.99,"],
    "cloudlens": [
        "cloudlens_api_requests_total",
        "cloudlens_api_errors_total",
        "histogram_quantile(0.5, sum by (le) (rate(cloudlens_api_duration_ms_bucket",
        "histogram_quantile(0.95, sum by (le) (rate(cloudlens_api_duration_ms_bucket",
        "histogram_quantile(0.99, sum by (le) (rate(cloudlens_api_duration_ms_bucket",
        "sum by (type, account) (rate(cloudlens_resources_queries_total",
        "cloudlens_resources_query_duration_ms",
        "cloudlens_cache_hits_total",
        "cloudlens_cache_misses_total",
        "cloudlens_cache_hit_rate",
        "cloudlens_provider_api_calls_total",
        "cloudlens_provider_api_duration_ms",
        "cloudlens_provider_api_errors_total",
        "cloudlens_cost_analysis_duration_ms",
        "cloudlens_cost_analysis_resources_analyzed_total",
        "cloudlens_alerts_triggered_total",
        "cloudlens_alerts_resolved_total",
    ],
    "system": [
        "container_cpu_usage_seconds_total",
        "container_memory_working_set_bytes",
        "container_network_receive_bytes_total",
        "container_network_transmit_bytes_total",
        "container_fs_reads_bytes_total",
        "container_fs_writes_bytes_total",
        "kube_pod_status_phase",
    ],
    "database": ["cnpg_backends_total"],
    "tracing": [
        "traces_service_graph_request_total",
        "traces_spanmetrics_duration_seconds_bucket",
        "STATUS_CODE_ERROR",
    ],
}


@pytest.mark.parametrize(("uid", "wanted"), [(uid, one) for uid, all_of in PANELS.items() for one in all_of])
def test_a_dashboard_shows_what_the_document_lists(uid: str, wanted: str) -> None:
    """Connections of PostgreSQL are on the board of databases, for every system."""
    (board,) = [one for one in (*BOARDS, BOARD) if one.uid == uid]
    assert any(wanted in query.expr for panel in board.panels for query in panel.queries)


# A line of the tables of costs: what, how many of which size, and what all of them cost in a month.
_LINE = re.compile(
    r"^\| (?P<name>[^|]+) \| (?P<size>[^|]*?) ?\| \**(?P<least>\d+)( to (?P<most>\d+))?\** \|$", re.MULTILINE
)


def test_the_page_shows_the_document_s_costs_and_their_sums_hold() -> None:
    """The chapter on cost, in yuan a month: a group's line is the sum of those above it, and the total of all."""
    page = (ROOT / "docs" / "systems" / "cloudlens.md").read_text(encoding="utf-8")
    groups: list[tuple[int, int]] = []
    totals, group, prices = [], (0, 0), {}
    for line in _LINE.finditer(page):
        least, most = int(line["least"]), int(line["most"] or line["least"])
        if line["name"].startswith("**"):
            assert (least, most) == tuple(map(sum, zip(*groups, group, strict=True)))
            totals.append((least, most))
            groups, group = [], (0, 0)
        elif line["name"].startswith("*"):
            assert (least, most) == group, line["name"]
            groups.append(group)
            group = (0, 0)
        else:
            prices[line["name"], line["size"]] = (least, most)
            group = (group[0] + least, group[1] + most)
    assert totals == [(3250, 3250), (1500, 3000)]
    assert prices == {
        ("Master nodes", "3 x (2 CPU, 4 GB)"): (500, 500),
        ("Worker nodes", "3 x (4 CPU, 8 GB)"): (1500, 1500),
        ("Prometheus", "2 CPU, 4 GB"): (300, 300),
        ("Jaeger", "2 CPU, 4 GB"): (300, 300),
        ("Loki", "2 CPU, 4 GB"): (300, 300),
        ("Grafana", "1 CPU, 2 GB"): (150, 150),
        ("Volumes", "100 GB"): (200, 200),
        ("Kubernetes cluster", "managed"): (1000, 2000),
        ("Application performance monitoring", "managed"): (500, 1000),
    }


@every_stack
@pytest.mark.parametrize("storage", ["sqlite", "migrating", "postgresql"])
def test_every_store_is_admitted_in_every_environment(scratch: Scratch, stack: str, storage: str) -> None:
    """A store that a policy refuses can be declared and never deployed."""
    graph = with_storage(scratch, stack, storage)
    assert [finding.message for finding in evaluate(graph)] == []
    for key in test_every_environment.QUOTA_KEYS:
        test_every_environment.test_the_quota_admits_everything_at_its_largest(graph, key)


@every_stack
def test_on_the_way_to_postgresql_nobody_writes_and_a_job_takes_the_data(scratch: Scratch, stack: str) -> None:
    """Stage 2 of option A. The volume stays, the database is there, and no pod of the backend is."""
    graph = with_storage(scratch, stack, "migrating")
    assert found(graph, "Deployment", BACKEND)["spec"]["replicas"] == 0
    claims = of_system(graph, SYSTEM, "PersistentVolumeClaim")
    assert [body["metadata"]["name"] for body in claims] == ["cloudlens-backend-data"]
    job = import_job(graph)
    template = job["spec"]["template"]["spec"]
    (container,) = template["containers"]
    environment = {name: one.get("value") for name, one in environment_of(container).items()}
    assert environment["SQLITE_FILE"] == "/data/cloudlens.db"
    assert environment["PGHOST"] == "postgresql-cluster-rw.cloudlens.svc.cluster.local"
    (volume,) = [one for one in template["volumes"] if "persistentVolumeClaim" in one]
    assert volume["persistentVolumeClaim"] == {"claimName": "cloudlens-backend-data"}
    assert {"name": volume["name"], "mountPath": "/data"} in container["volumeMounts"]
    # A pod that was told to stop goes on writing until then.
    assert int(str(environment["WAIT_SECONDS"])) >= pod(graph, BACKEND)["terminationGracePeriodSeconds"]
    # The backend's files belong to its user, who is the Job's too.
    users = {spec["securityContext"]["runAsUser"] for spec in (template, pod(graph, BACKEND))}
    assert len(users) == 1


def test_the_job_begins_after_the_backend_has_stopped_and_may_reach_the_primary(scratch: Scratch) -> None:
    graph = with_storage(scratch, "prod", "migrating")
    # The component waits, and all that is in it with it.
    job = next(one for one in graph if one.name == "cloudlens-import" and one.type.endswith(":ScriptJob"))
    backend = next(one for one in graph if one.name == f"cloudlens-{BACKEND}" and one.type.endswith(":Deployment"))
    assert backend.urn in job.dependencies
    ingress = found(graph, "NetworkPolicy", "postgresql-cluster")["spec"]["ingress"]
    allowed = [peer["podSelector"]["matchLabels"] for rule in ingress for peer in rule["from"] if "podSelector" in peer]
    assert {"app.kubernetes.io/name": "cloudlens-import"} in allowed


def import_job(graph: Graph) -> Body:
    (job,) = [
        body for body in of_system(graph, SYSTEM, "Job") if body["metadata"]["name"].startswith("cloudlens-import-")
    ]
    assert title(job)
    return job


@pytest.mark.parametrize(
    ("stack", "said", "path", "words"),
    [
        (
            "dev",
            "\n      sizes:\n        cloudlens-backend: {replicas: 3}",
            "systems.cloudlens.sizes.cloudlens-backend.replicas",
            "SQLite takes one writer: with 'storage: sqlite' the backend has 1 pod at the most",
        ),
        (
            "prod",
            "\n      storage: sqlite\n      sizes:\n        cloudlens-backend: {autoscaling: {maximum: 3}}",
            "systems.cloudlens.sizes.cloudlens-backend.autoscaling",
            "For several set 'storage: postgresql'",
        ),
        ("dev", "\n      storage: mysql", "systems.cloudlens.storage", "'sqlite', 'migrating' or 'postgresql'"),
        (
            "dev",
            "\n      provider_keys: [ALIYUN_ACCESS_KEY_ID]",
            "systems.cloudlens.provider_keys",
            "need an external secret store",
        ),
        (
            "prod",
            "\n      provider_keys: [ALIYUN_ACCESS_KEY_ID, DATABASE_PASSWORD]",
            "systems.cloudlens.provider_keys[1]",
            "DATABASE_PASSWORD is one of the Secret's keys already",
        ),
        (
            "dev",
            "\n      database: {active: postgresql-cluster}",
            "systems.cloudlens.database",
            "CloudLens has none here",
        ),
    ],
)
def test_what_contradicts_the_store_is_refused_with_its_line(
    scratch: Scratch, stack: str, said: str, path: str, words: str
) -> None:
    """Two writers spoil a SQLite file, which is seen long after."""
    text = file_of(stack, said)
    (problem,) = scratch.problems(text)
    assert problem.path == path
    assert words in problem.message
    key = path.rpartition(".")[2].partition("[")[0]
    assert problem.line is not None
    assert key in text.splitlines()[problem.line - 1]
    assert scratch.registered == []
