"""Every figure that the federated-risk document gives, on the recorded objects.

Sections: 部署指南 (deployment: deploy_docker.sh, deploy_k8s.sh, health_check.sh), 监控告警 (prometheus.yml,
alert_rules.yml), 灰度发布 (canary_deploy.sh), 性能调优 (k8s/hpa.yaml, cache_optimizer.py), 应急预案
(emergency_response.sh).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from components.kubernetes.quantity import Bytes, Cpu
from graph.model import Graph, masked
from policy.engine.evaluation import evaluate
from tests.unit.components.test_custom_resources import faults, validator_of
from tests.unit.definitions import ABSENT, FOLDER
from tests.unit.recordings import Body, environment_of, of_system, one, recorded, title, with_systems
from tests.unit.scratch import Scratch, as_text

SYSTEM = "federated-risk"
APIS = {"consent-service": 7002, "psi-service": 7001, "model-serving": 7003}
MESHES = [(mesh, controller) for mesh in ("istio", "gateway-api") for controller in ("none", "flagger")]
every_api = pytest.mark.parametrize("name", APIS)
in_full_size = pytest.mark.parametrize("stack", ["staging", "prod"])


def found(graph: Graph, kind: str, name: str) -> Body:
    return one(graph, kind, name, SYSTEM)


def spec_of(graph: Graph, kind: str, name: str) -> Any:
    return found(graph, kind, name)["spec"]


def container_of(graph: Graph, name: str) -> Body:
    (only,) = spec_of(graph, "Deployment", name)["template"]["spec"]["containers"]
    body: Body = only
    return body


def variables(graph: Graph, name: str) -> Mapping[str, str]:
    """The plain ones by name, but for OpenTelemetry's, which every application has."""
    found = environment_of(container_of(graph, name)).items()
    return {key: one["value"] for key, one in found if "value" in one and not key.startswith("OTEL_")}


def with_more(stack: str, routing: str = "", system: str = "") -> str:
    """The environment's file with this system alone, little monitoring, a mesh, and more about the system."""
    own = yaml.safe_load(f"{{{system}}}")
    text = as_text(with_systems(stack, telemetry=False, monitoring="basic", federated_risk=own))
    return text + (f"  saas-platform:routing: {{{routing}}}\n" if routing else "")


# --- services ---------------------------------------------------------------------------------------------------------


def test_the_services_are_the_documents_four(graph: Graph) -> None:
    """health_check.sh lists them."""
    names = {body["metadata"]["name"] for body in of_system(graph, SYSTEM, "Deployment")}
    assert names == {*APIS, "frontend"}


@every_api
def test_a_service_listens_on_the_documents_port(graph: Graph, name: str) -> None:
    """health_check.sh. On another port its callers and the Ingress reach nothing."""
    (port,) = container_of(graph, name)["ports"]
    (served,) = spec_of(graph, "Service", name)["ports"]
    assert (port["containerPort"], served["port"]) == (APIS[name], APIS[name])


def test_the_front_end_is_reached_on_port_80_and_runs_without_root(graph: Graph) -> None:
    """health_check.sh: frontend:80. A process that may listen below 1024 is root, which no namespace admits."""
    (port,) = container_of(graph, "frontend")["ports"]
    (served,) = spec_of(graph, "Service", "frontend")["ports"]
    assert (port["containerPort"], served["port"], served["targetPort"]) == (8080, 80, "http")
    assert container_of(graph, "frontend")["securityContext"]["runAsNonRoot"] is True


@pytest.mark.parametrize("name", ["consent-service", "psi-service", "frontend"])
def test_three_pods_of_each_service_are_started(graph: Graph, name: str) -> None:
    """deploy_k8s.sh: REPLICAS is 3."""
    assert spec_of(graph, "HorizontalPodAutoscaler", name)["minReplicas"] == 3


@pytest.mark.parametrize(("name", "path"), [*((name, "/health") for name in APIS), ("frontend", "/")])
def test_a_service_is_restarted_by_the_documents_health_check(graph: Graph, name: str, path: str) -> None:
    """deploy_docker.sh: every 30 s, within 10 s, three times; the paths are health_check.sh's."""
    probe = container_of(graph, name)["livenessProbe"]
    assert probe["httpGet"] == {"path": path, "port": "http"}
    assert (probe["periodSeconds"], probe["timeoutSeconds"], probe["failureThreshold"]) == (30, 10, 3)
    # The services answer this path and no other, and pods that fail get no requests long before they are restarted.
    readiness = container_of(graph, name)["readinessProbe"]
    assert readiness["httpGet"] == {"path": path, "port": "http"}
    assert readiness["periodSeconds"] * readiness["failureThreshold"] * 2 <= 30 * 3
    startup = container_of(graph, name)["startupProbe"]
    # deploy_k8s.sh and canary_deploy.sh: --timeout=300s.
    assert startup["httpGet"] == {"path": path, "port": "http"}
    assert startup["periodSeconds"] * startup["failureThreshold"] == 300


@in_full_size
def test_model_serving_requests_and_is_limited_to_the_documents_figures(stack: str) -> None:
    """canary_deploy.sh: 250m and 512Mi of 500m and 1Gi."""
    resources = container_of(recorded(stack), "model-serving")["resources"]
    assert (resources["requests"]["cpu"], resources["requests"]["memory"]) == ("250m", "512Mi")
    assert (resources["limits"]["cpu"], resources["limits"]["memory"]) == ("500m", "1Gi")


def test_a_development_node_keeps_the_limits_and_gives_less_of_them(dev: Graph) -> None:
    """A node that all systems share has no room for production's requests."""
    resources = container_of(dev, "model-serving")["resources"]
    assert (resources["requests"]["cpu"], resources["requests"]["memory"]) == ("125m", "256Mi")
    assert (resources["limits"]["cpu"], resources["limits"]["memory"]) == ("500m", "1Gi")


DATABASE_URL = (
    "postgresql://$(POSTGRES_USER):$(POSTGRES_PASSWORD)@$(POSTGRES_HOST):$(POSTGRES_PORT)/$(POSTGRES_NAME)"
    "?sslmode=$(POSTGRES_SSLMODE)"
)
REDIS_URL = "$(REDIS_SCHEME)://$(REDIS_USER):$(REDIS_PASSWORD)@$(REDIS_HOST):$(REDIS_PORT)"


def test_a_service_has_the_variables_of_the_compose_file(graph: Graph) -> None:
    """deploy_docker.sh: who uses which database of Redis, who asks for consent, and where Feast has its registry."""
    assert variables(graph, "consent-service") == {
        "DATABASE_URL": DATABASE_URL,
        "REDIS_URL": f"{REDIS_URL}/0",
        "JWT_ALGORITHM": "RS256",
        "JWT_PRIVATE_KEY_PATH": "/app/keys/private.pem",
        "JWT_PUBLIC_KEY_PATH": "/app/keys/public.pem",
    }
    assert variables(graph, "psi-service") == {
        "REDIS_URL": f"{REDIS_URL}/1",
        "CONSENT_SERVICE_URL": "http://consent-service:7002",
    }
    assert variables(graph, "model-serving") == {
        "DATABASE_URL": DATABASE_URL,
        "REDIS_URL": f"{REDIS_URL}/2",
        "CONSENT_SERVICE_URL": "http://consent-service:7002",
        "FEAST_REGISTRY_PATH": "/app/data/feast/registry.db",
    }
    assert variables(graph, "frontend") == {}


@every_api
def test_what_a_url_refers_to_stands_before_it(graph: Graph, name: str) -> None:
    """Kubernetes leaves $(NAME) as text if NAME is defined only later: no service could log in."""
    settings = found(graph, "ConfigMap", "app-config")["data"]
    before = set(settings)
    for variable in container_of(graph, name)["env"]:
        parts = str(variable.get("value", "")).split("$(")[1:]
        assert {part.partition(")")[0] for part in parts} <= before, variable
        before.add(variable["name"])


@pytest.mark.parametrize(
    ("name", "directories"),
    [
        ("consent-service", {"/app/logs"}),
        ("psi-service", {"/app/logs"}),
        ("model-serving", {"/app/logs", "/app/data/feast"}),
    ],
)
def test_a_service_may_write_where_the_compose_file_mounts_a_volume(
    graph: Graph, name: str, directories: set[str]
) -> None:
    """deploy_docker.sh. The root is read-only: without the directory the service ends at its first line of log."""
    mounts = container_of(graph, name)["volumeMounts"]
    assert {one["mountPath"] for one in mounts if not one.get("readOnly")} == {"/tmp", *directories}


def test_feast_has_one_registry_which_all_pods_of_model_serving_share_and_which_stays(graph: Graph) -> None:
    """deploy_docker.sh: ./data/feast. An empty one in each pod would give each other features, or none."""
    body = found(graph, "Deployment", "model-serving")
    (mount,) = (one for one in container_of(graph, "model-serving")["volumeMounts"] if "feast" in one["mountPath"])
    (volume,) = (one for one in body["spec"]["template"]["spec"]["volumes"] if one["name"] == mount["name"])
    claim = spec_of(graph, "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"])
    assert claim["accessModes"] == ["ReadWriteMany"]
    assert body["spec"]["strategy"]["type"] == "RollingUpdate"


def test_where_volumes_are_disks_each_pod_has_scratch_space_for_it(scratch: Scratch) -> None:
    graph = scratch.record(with_more("staging", system="feast: null"))
    assert of_system(graph, SYSTEM, "PersistentVolumeClaim") == []
    assert "/app/data/feast" in {one["mountPath"] for one in container_of(graph, "model-serving")["volumeMounts"]}


@every_api
def test_a_service_has_its_certificates_where_the_compose_file_mounts_them(graph: Graph, name: str) -> None:
    """deploy_docker.sh: ./certs at /app/certs, read-only, with the files that it makes there, and their authority."""
    (mount,) = (one for one in container_of(graph, name)["volumeMounts"] if one["mountPath"] == "/app/certs")
    assert mount["readOnly"] is True
    volumes = found(graph, "Deployment", name)["spec"]["template"]["spec"]["volumes"]
    (secret,) = (one["secret"] for one in volumes if one["name"] == mount["name"])
    assert {one["path"] for one in secret["items"]} == {
        "server.crt", "server.key", "client.crt", "client.key", "ca.crt"
    }  # fmt: skip
    (certificate,) = (
        body["spec"] for body in of_system(graph, SYSTEM, "Certificate")
        if body["spec"]["secretName"] == secret["secretName"]
    )  # fmt: skip
    assert {"server auth", "client auth"} <= set(certificate["usages"])
    assert {name, f"{name}.{SYSTEM}.svc", f"{name}.{SYSTEM}.svc.cluster.local"} <= set(certificate["dnsNames"])


def _keys(graph: Graph) -> dict[str, str]:
    """The file of each half of the pair by which consent-service signs, with its key of the Secret jwt-keys."""
    volumes = found(graph, "Deployment", "consent-service")["spec"]["template"]["spec"]["volumes"]
    (secret,) = (one["secret"] for one in volumes if one.get("secret", {}).get("secretName") == "jwt-keys")
    return {one["path"]: one["key"] for one in secret["items"]}


def test_tokens_are_signed_by_an_rsa_pair_of_4096_bits(dev: Graph) -> None:
    """deploy_docker.sh says RS256, for which a shared secret is no key; rotate_keys.sh makes 4096 bits in jwt-keys."""
    spec = spec_of(dev, "Certificate", "jwt-keys")
    key = spec["privateKey"]
    assert (key["algorithm"], key["size"], spec["secretName"]) == ("RSA", 4096, "jwt-keys")
    # What is out stays valid: a renewal of the certificate keeps the key.
    assert key["rotationPolicy"] == "Never"
    assert _keys(dev) == {"private.pem": "tls.key", "public.pem": "tls.crt"}


def test_a_store_of_secrets_has_the_pair_where_there_is_one() -> None:
    """rotate_keys.sh: --from-file=private, --from-file=public."""
    spec = spec_of(recorded("prod"), "ExternalSecret", "jwt-keys")
    found_ = {one["secretKey"]: one["remoteRef"]["key"].rpartition("/")[2] for one in spec["data"]}
    assert found_ == {"private": "federated-risk-jwt-private-key", "public": "federated-risk-jwt-public-key"}
    assert _keys(recorded("prod")) == {"private.pem": "private", "public.pem": "public"}


@pytest.mark.parametrize(
    ("name", "secrets"),
    [
        ("consent-service", {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET", "ENCRYPTION_KEY"}),
        ("psi-service", {"REDIS_PASSWORD"}),
        ("model-serving", {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}),
        ("frontend", set()),
    ],
)
def test_a_service_sees_the_secrets_that_the_compose_file_gives_it_and_no_others(
    dev: Graph, name: str, secrets: set[str]
) -> None:
    """deploy_docker.sh. Whoever breaks into the scoring has no business with the encryption key."""
    seen = [one for one in environment_of(container_of(dev, name)).values() if "valueFrom" in one]
    assert {one["name"] for one in seen} == secrets
    assert {one["valueFrom"]["secretKeyRef"]["name"] for one in seen} <= {"app-secrets"}


def test_the_secret_has_the_documents_four_credentials() -> None:
    """deploy_k8s.sh: app-secrets with postgres-password, redis-password, jwt-secret and encryption-key."""
    spec = spec_of(recorded("prod"), "ExternalSecret", "app-secrets")
    assert {one["secretKey"]: one["remoteRef"]["key"].rpartition("/")[2] for one in spec["data"]} == {
        "POSTGRES_PASSWORD": "federated-risk-postgresql-password",
        "REDIS_PASSWORD": "federated-risk-redis-password",
        "JWT_SECRET": "federated-risk-jwt-secret",
        "ENCRYPTION_KEY": "federated-risk-encryption-key",
    }


# --- the way in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stack", "domain", "issuer"),
    [
        ("dev", "dev.saas-platform.com", None),
        ("staging", "staging.saas-platform.com", "letsencrypt-staging"),
        ("prod", "saas-platform.com", "letsencrypt-prod"),
    ],
)
def test_one_ingress_leads_by_host_and_path_to_each_service(stack: str, domain: str, issuer: str | None) -> None:
    """deploy_k8s.sh: federated-risk-ingress, whose two hosts have one certificate."""
    (ingress,) = of_system(recorded(stack), SYSTEM, "Ingress")
    api, app = f"api.federated-risk.{domain}", f"app.federated-risk.{domain}"
    found_ = {
        (rule["host"], path["path"], path["pathType"]): (
            path["backend"]["service"]["name"],
            path["backend"]["service"]["port"]["number"],
        )
        for rule in ingress["spec"]["rules"]
        for path in rule["http"]["paths"]
    }
    assert found_ == {
        (api, "/consent", "Prefix"): ("consent-service", 7002),
        (api, "/psi", "Prefix"): ("psi-service", 7001),
        (api, "/score", "Prefix"): ("model-serving", 7003),
        (app, "/", "Prefix"): ("frontend", 80),
    }
    assert ingress["spec"]["tls"] == [{"hosts": [api, app], "secretName": "federated-risk-tls"}]
    annotations = ingress["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/ssl-redirect"] == "true"
    assert annotations.get("cert-manager.io/cluster-issuer") == issuer
    settings = found(recorded(stack), "ConfigMap", "app-config")["data"]
    assert settings["REACT_APP_API_BASE_URL"] == f"https://{api}"


# --- stores -----------------------------------------------------------------------------------------------------------


@in_full_size
def test_postgresql_has_at_least_the_documents_size(stack: str) -> None:
    """deploy_k8s.sh: 100Gi, 2Gi and 1000m. Production has its tier's 2 cores, which are its limit too."""
    spec = spec_of(recorded(stack), "Cluster", "postgresql-cluster")
    requests = spec["resources"]["requests"]
    assert (spec["storage"]["size"], requests["memory"]) == ("100Gi", "2Gi")
    assert requests["cpu"] == {"staging": "1", "prod": "2"}[stack]
    assert spec["bootstrap"]["initdb"]["database"] == "federated_risk"


@in_full_size
def test_redis_has_the_documents_size(stack: str) -> None:
    """deploy_k8s.sh: 50Gi, 1Gi and 500m."""
    spec = spec_of(recorded(stack), "Redis", "redis")
    requests = spec["kubernetesConfig"]["resources"]["requests"]
    claim = spec["storage"]["volumeClaimTemplate"]["spec"]
    assert claim["resources"]["requests"]["storage"] == "50Gi"
    assert (requests["memory"], requests["cpu"]) == ("1Gi", "500m")


def test_redis_is_one_server_everywhere(graph: Graph) -> None:
    """deploy_docker.sh uses databases 0, 1 and 2, and a cluster has none but 0."""
    assert of_system(graph, SYSTEM, "RedisCluster") == []
    assert len(of_system(graph, SYSTEM, "Redis")) == 1
    assert found(graph, "ConfigMap", "app-config")["data"]["REDIS_CLUSTER"] == "false"


def test_an_environment_that_gives_a_store_more_than_the_document_keeps_that(scratch: Scratch) -> None:
    """The document's figures are a floor: a volume that has grown cannot shrink again."""
    larger = "overrides: {monitoring: basic, database: {storage: 300Gi}, cache: {storage: 80Gi}}"
    graph = scratch.record(with_more("staging").replace("overrides:\n    monitoring: basic", larger))
    assert spec_of(graph, "Cluster", "postgresql-cluster")["storage"]["size"] == "300Gi"
    claim = spec_of(graph, "Redis", "redis")["storage"]["volumeClaimTemplate"]["spec"]
    assert claim["resources"]["requests"]["storage"] == "80Gi"


def test_the_settings_have_the_figures_of_the_cache(graph: Graph) -> None:
    """cache_optimizer.py: lifetimes, a hit rate of 80 %, 90 % of the memory; emergency_response.sh: the cache on."""
    data = found(graph, "ConfigMap", "app-config")["data"]
    assert {key: value for key, value in data.items() if key.startswith("CACHE")} == {
        "CACHE_ENABLED": "true",
        "CACHE_TTL": "3600",
        "CACHE_TTL_USER_FEATURES": "3600",
        "CACHE_TTL_MODEL_CACHE": "7200",
        "CACHE_TTL_PSI_RESULTS": "1800",
        "CACHE_TTL_CONSENT_TOKENS": "900",
        "CACHE_HIT_RATE_MINIMUM": "0.8",
        "CACHE_MEMORY_RATIO_MAXIMUM": "0.9",
    }
    limit = spec_of(graph, "Redis", "redis")["kubernetesConfig"]["resources"]["limits"]["memory"]
    assert 0 < int(data["REDIS_MAXMEMORY"]) < Bytes.parse(limit).amount
    configuration = "\n".join(
        str(body["data"])
        for body in of_system(graph, SYSTEM, "ConfigMap")
        if f"maxmemory {data['REDIS_MAXMEMORY']}" in str(body["data"])
    )
    # Every kind of key has a lifetime, so that the one that ends first goes when memory is full.
    assert "maxmemory-policy volatile-ttl" in configuration


@pytest.mark.parametrize(("stack", "scheme"), [("dev", "redis"), ("staging", "rediss"), ("prod", "rediss")])
def test_redis_is_spoken_to_in_tls_where_it_has_that(stack: str, scheme: str) -> None:
    """A plain URL finds a closed port there."""
    data = found(recorded(stack), "ConfigMap", "app-config")["data"]
    assert (data["REDIS_SCHEME"], data["REDIS_TLS"]) == (scheme, str(scheme == "rediss").lower())


# --- metrics and alerts -----------------------------------------------------------------------------------------------


@every_api
def test_a_service_is_scraped_every_ten_seconds(graph: Graph, name: str) -> None:
    """monitoring/prometheus.yml: /metrics, 10s."""
    (endpoint,) = spec_of(graph, "ServiceMonitor", name)["endpoints"]
    assert (endpoint["port"], endpoint["path"], endpoint["interval"]) == ("http", "/metrics", "10s")


def test_nothing_but_the_three_services_and_the_stores_is_scraped(graph: Graph) -> None:
    """The front end has no metrics: a target that is always down would fire ServiceDown for ever."""
    assert {body["metadata"]["name"] for body in of_system(graph, SYSTEM, "ServiceMonitor")} <= {*APIS, "redis"}


# monitoring/alert_rules.yml: what each alert compares with, for how long, and how bad it is.
ALERTS = {
    "ServiceDown": ("== 0", "1m", "critical"),
    "HighErrorRate": ("> 0.05", "2m", "warning"),
    "HighLatency": ("> 0.5", "3m", "warning"),
    "HighMemoryUsage": ("> 85", "5m", "warning"),
    "HighCPUUsage": ("> 80", "5m", "warning"),
    "DiskSpaceLow": ("> 85", "5m", "warning"),
    "DatabaseConnectionHigh": ("> 80", "2m", "warning"),
    "PSIPerformanceDegraded": ("> 10", "3m", "warning"),
    "ModelInferenceSlowdown": ("> 1", "2m", "warning"),
    "PrivacyBudgetLow": ("< 0.2", None, "critical"),
}


# In dev, alerts on what nothing scrapes there are left out.
@pytest.mark.parametrize("stack", ["staging", "prod"])
@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_the_documents_figures(stack: str, name: str) -> None:
    """monitoring/alert_rules.yml: threshold, duration, severity."""
    rules = [
        rule
        for group in spec_of(recorded(stack), "PrometheusRule", f"{SYSTEM}-alerts")["groups"]
        for rule in group["rules"]
        if rule.get("alert") == name
    ]
    assert len(rules) == 1, [rule.get("alert") for rule in rules]
    compared, duration, severity = ALERTS[name]
    assert rules[0]["expr"].endswith(compared)
    assert rules[0].get("for") in ({duration} if duration else {None, "0s"})
    assert rules[0]["labels"]["severity"] == severity


# --- scaling ----------------------------------------------------------------------------------------------------------

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


@in_full_size
def test_model_serving_scales_by_all_four_metrics_of_the_document(stack: str) -> None:
    """k8s/hpa.yaml: CPU 70 %, memory 80 %, 10 requests in the queue of each pod, 500m for the Service; 2 to 20."""
    spec = spec_of(recorded(stack), "ScaledObject", "model-serving")
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (2, 20)
    triggers = [
        (one["type"], one["metricType"], one["metadata"].get("value") or one["metadata"]["threshold"])
        for one in spec["triggers"]
    ]
    assert triggers == [
        ("cpu", "Utilization", "70"),
        ("memory", "Utilization", "80"),
        ("prometheus", "AverageValue", "10"),
        ("prometheus", "Value", "0.5"),
    ]
    assert [one["name"] for one in spec["triggers"][2:]] == ["request_queue_length", "http_request_duration_p95"]
    assert spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == BEHAVIOR
    autoscalers = {body["metadata"]["name"] for body in of_system(recorded(stack), SYSTEM, "HorizontalPodAutoscaler")}
    assert "model-serving" not in autoscalers, "two autoscalers would set one number of replicas"


def test_without_keda_model_serving_scales_by_cpu_and_memory(dev: Graph) -> None:
    """The sandbox has no KEDA, and its one node no room for 20."""
    spec = spec_of(dev, "HorizontalPodAutoscaler", "model-serving")
    targets = {one["resource"]["name"]: one["resource"]["target"]["averageUtilization"] for one in spec["metrics"]}
    assert targets == {"cpu": 70, "memory": 80}
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 4)
    assert spec["behavior"] == BEHAVIOR


@in_full_size
def test_the_vertical_autoscaler_recommends_within_the_documents_bounds(stack: str) -> None:
    """k8s/hpa.yaml: 100m and 256Mi to 2 and 4Gi. Its mode is Off: the autoscaler goes by the same two resources."""
    spec = spec_of(recorded(stack), "VerticalPodAutoscaler", "model-serving")
    (policy,) = spec["resourcePolicy"]["containerPolicies"]
    assert policy["minAllowed"] == {"cpu": "100m", "memory": "256Mi"}
    assert policy["maxAllowed"] == {"cpu": "2", "memory": "4Gi"}
    assert policy["controlledResources"] == ["cpu", "memory"]
    assert policy["containerName"] == "model-serving"
    assert spec["updatePolicy"]["updateMode"] == "Off"


# --- releases ---------------------------------------------------------------------------------------------------------


def test_without_a_mesh_a_version_is_exchanged_by_a_rolling_update(graph: Graph) -> None:
    """Nothing there could split the traffic."""
    assert of_system(graph, SYSTEM, "Canary", "VirtualService", "HTTPRoute") == []


@pytest.mark.parametrize(("mesh", "controller"), MESHES)
def test_with_a_mesh_the_system_passes_every_policy(scratch: Scratch, mesh: str, controller: str) -> None:
    """Paths of one host that two routes claim are found when half of the requests go astray."""
    graph = scratch.record(with_more("prod", f"mesh: {mesh}, controller: {controller}"))
    assert [finding.message for finding in evaluate(graph)] == []


@pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)
@pytest.mark.parametrize(("mesh", "controller"), MESHES)
def test_with_a_mesh_every_route_conforms_to_its_definition(scratch: Scratch, mesh: str, controller: str) -> None:
    """A field that Istio, Gateway API or Flagger does not know is dropped without a word."""
    graph = scratch.record(with_more("prod", f"mesh: {mesh}, controller: {controller}"))
    bodies = of_system(graph, SYSTEM, "VirtualService", "HTTPRoute", "Canary", "Gateway", "MetricTemplate")
    assert bodies
    for body in bodies:
        assert faults(masked(body), validator_of(body)) == [], title(body)


def test_flagger_releases_model_serving_with_the_documents_figures(scratch: Scratch) -> None:
    """canary_deploy.sh: 10 %, every 30 s for 300 s, over 1m; 5 % errors, 1 s at the 95th percentile.

    Flagger holds no weight for several checks (pkg/controller/scheduler.go, nextStepWeight, v1.44.0): 10 to 19 %.
    """
    graph = scratch.record(with_more("prod", "mesh: istio, controller: flagger"))
    (body,) = of_system(graph, SYSTEM, "Canary")
    assert body["metadata"]["name"] == "model-serving"
    analysis = body["spec"]["analysis"]
    assert analysis["stepWeights"] == list(range(10, 20))
    assert (analysis["interval"], len(analysis["stepWeights"]) * 30, analysis["threshold"]) == ("30s", 300, 1)
    limits = {one["name"]: (one["thresholdRange"]["max"], one["interval"]) for one in analysis["metrics"]}
    assert limits == {"error-rate": (5, "60s"), "latency-p95": (1, "60s"), "duration": (3600, "60s")}
    assert body["spec"]["service"]["match"] == [
        {"gateways": ["mesh"]},
        {"gateways": ["federated-risk/entry"], "uri": {"prefix": "/score"}},
    ]


def test_by_hand_requests_with_the_documents_header_go_to_the_candidate(scratch: Scratch) -> None:
    """canary_deploy.sh: the header `canary: "true"`, and a question before everything goes to the new version."""
    graph = scratch.record(with_more("prod", "mesh: istio, controller: none"))
    annotation = found(graph, "VirtualService", "model-serving")["metadata"]["annotations"]["platform.io/release"]
    for figure in ('"headers": {"canary": "true"}', '"approval": true', '"interval": 30', '"window": "60s"'):
        assert figure in annotation
    # Ten checks, one every 30 s, are 300 s at 10 %.
    assert f'"steps": {[10] * 10}' in annotation


def test_an_environment_may_keep_the_rolling_update_in_a_mesh(scratch: Scratch) -> None:
    """Whoever has no metrics for a canary would wait for ever."""
    rolling = "sizes: {model-serving: {release: {strategy: rolling}}}"
    graph = scratch.record(with_more("prod", "mesh: istio, controller: none", rolling))
    assert "model-serving-primary" not in [body["metadata"]["name"] for body in of_system(graph, SYSTEM, "Deployment")]


@pytest.mark.parametrize(("mesh", "kind"), [("istio", "VirtualService"), ("gateway-api", "HTTPRoute")])
def test_in_a_mesh_the_paths_of_the_api_lead_to_their_services(scratch: Scratch, mesh: str, kind: str) -> None:
    """All of the host's requests would end at whichever service came first."""
    graph = scratch.record(with_more("prod", f"mesh: {mesh}, controller: none"))
    for service, path in (("consent-service", "/consent"), ("psi-service", "/psi")):
        if mesh == "istio":
            spec = spec_of(graph, kind, f"{service}-entry")
            assert (spec["hosts"], spec["gateways"]) == (
                ["api.federated-risk.saas-platform.com"],
                ["federated-risk/entry"],
            )
            assert spec["http"][0]["match"] == [{"uri": {"prefix": path}}]
        else:
            (rule,) = spec_of(graph, kind, service)["rules"]
            assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": path}}]
    weighted = spec_of(graph, kind, "model-serving")
    assert "/score" in str(weighted)


# --- incidents --------------------------------------------------------------------------------------------------------


def test_slowness_starts_ten_pods_of_model_serving(scratch: Scratch) -> None:
    """emergency_response.sh, performance: replicas=10."""
    graph = scratch.record(with_more("prod", system="incident: performance"))
    assert spec_of(graph, "ScaledObject", "model-serving")["minReplicaCount"] == 10
    assert spec_of(graph, "ScaledObject", "model-serving")["maxReplicaCount"] == 20


def test_a_security_incident_makes_the_services_strict_and_watches_them_closely(scratch: Scratch) -> None:
    """emergency_response.sh, security: three settings, and metrics every 5 s."""
    graph = scratch.record(with_more("prod", system="incident: security"))
    strict = {"SECURITY_MODE": "strict", "AUTH_REQUIRED": "true", "AUDIT_LEVEL": "verbose"}
    assert strict.items() <= found(graph, "ConfigMap", "app-config")["data"].items()
    for name in APIS:
        assert spec_of(graph, "ServiceMonitor", name)["endpoints"][0]["interval"] == "5s"
    quiet = found(recorded("prod"), "ConfigMap", "app-config")["data"]
    assert not strict.keys() & quiet.keys()


# --- the document's smallest node -------------------------------------------------------------------------------------


def test_the_system_fits_the_smallest_machine_of_the_document(dev: Graph) -> None:
    """部署指南, environment table: 4 cores and 8 GiB. The replicas that dev starts are what it requests."""
    cpu, memory = Cpu(0), Bytes(0)
    for body in of_system(dev, SYSTEM, "Deployment"):
        name = body["metadata"]["name"]
        pods = spec_of(dev, "HorizontalPodAutoscaler", name)["minReplicas"]
        requests = container_of(dev, name)["resources"]["requests"]
        cpu, memory = cpu + Cpu.parse(requests["cpu"]) * pods, memory + Bytes.parse(requests["memory"]) * pods
    assert cpu <= Cpu.parse("4")
    assert memory <= Bytes.parse("8Gi")
