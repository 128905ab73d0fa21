"""Every figure that the AstrBot document gives, on the recorded objects of the development environment.

Sections: 1.1 components, 2.1 ConfigMap and Secret, 2.2 PostgreSQL and Redis, 3.2 Helm values, 3.3 rolling update.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from graph.model import Graph, revealed
from tests.unit.recordings import (
    container,
    environment_of,
    in_the_cluster,
    objects,
    of_system,
    one,
    recorded,
    settings_of,
    tenants_of,
    with_systems,
)
from tests.unit.scratch import Scratch, as_text

# Section 1.1: replicas, CPU and memory. The manager, which section 4.2 adds, has the tenant service's size.
COMPONENTS = {
    "api-gateway": (3, "2", "4Gi"),
    "tenant-service": (2, "1", "2Gi"),
    "session-service": (3, "2", "4Gi"),
    "message-service": (3, "2", "4Gi"),
    "auth-service": (2, "1", "2Gi"),
    "astrbot-manager": (1, "1", "2Gi"),
}
AUTOSCALED = [name for name in COMPONENTS if name != "astrbot-manager"]
DEPLOYMENTS = [*COMPONENTS, *(f"astrbot-instance-{tenant}" for tenant in tenants_of("dev"))]
every_component = pytest.mark.parametrize("name", COMPONENTS)
every_deployment = pytest.mark.parametrize("name", DEPLOYMENTS)


def autoscaler(graph: Graph, name: str) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = one(graph, "HorizontalPodAutoscaler", name)["spec"]
    return spec


def test_the_deployments_are_the_listed_components_and_an_instance_for_every_tenant(dev: Graph) -> None:
    """A component that is left out would be missed only when its callers fail."""
    names = [body["metadata"]["name"] for body in of_system(dev, "astrbot", "Deployment")]
    assert sorted(names) == sorted(DEPLOYMENTS)
    assert tenants_of("dev"), "an environment without tenants shows nothing of the seventh component"


@every_component
def test_a_component_runs_the_listed_number_of_replicas(dev: Graph, name: str) -> None:
    """Too few replicas lose the availability that the document promises. Autoscaled, it is the minimum."""
    replicas = COMPONENTS[name][0]
    if name in AUTOSCALED:
        assert autoscaler(dev, name)["minReplicas"] == replicas
    else:
        assert one(dev, "Deployment", name)["spec"]["replicas"] == replicas


@every_component
def test_a_component_is_limited_to_the_listed_cpu_and_memory(dev: Graph, name: str) -> None:
    """Section 1.1 names them as 2C4G and 1C2G."""
    _, cpu, memory = COMPONENTS[name]
    limits = container(dev, name)["resources"]["limits"]
    assert (limits["cpu"], limits["memory"]) == (cpu, memory)


def test_an_instance_is_limited_to_one_core_and_two_gibibytes_a_tenant(dev: Graph) -> None:
    """Section 1.1: 1C2G for every tenant, and one replica each."""
    for tenant in tenants_of("dev"):
        limits = container(dev, f"astrbot-instance-{tenant}")["resources"]["limits"]
        assert (limits["cpu"], limits["memory"]) == ("1", "2Gi")
        assert one(dev, "Deployment", f"astrbot-instance-{tenant}")["spec"]["replicas"] == 1


def test_production_requests_half_of_each_limit() -> None:
    """Section 3.2: 1000m of 2000m, 2Gi of 4Gi. Requests of nothing would pack production onto one node."""
    resources = container(recorded("prod"), "api-gateway")["resources"]
    assert (resources["requests"]["cpu"], resources["requests"]["memory"]) == ("1", "2Gi")
    assert (resources["limits"]["cpu"], resources["limits"]["memory"]) == ("2", "4Gi")


@every_deployment
def test_liveness_is_asked_of_health_with_the_documents_figures(dev: Graph, name: str) -> None:
    """Section 3.3. A probe on another path or a shorter delay restarts healthy pods."""
    assert container(dev, name)["livenessProbe"] == {
        "httpGet": {"path": "/health", "port": "http"},
        "initialDelaySeconds": 30,
        "periodSeconds": 10,
        "timeoutSeconds": 5,
        "failureThreshold": 3,
    }


@every_deployment
def test_readiness_is_asked_of_ready_with_the_documents_figures(dev: Graph, name: str) -> None:
    """Section 3.3. Without it traffic reaches pods that cannot answer yet."""
    assert container(dev, name)["readinessProbe"] == {
        "httpGet": {"path": "/ready", "port": "http"},
        "initialDelaySeconds": 5,
        "periodSeconds": 5,
        "timeoutSeconds": 3,
        "failureThreshold": 3,
    }


@every_deployment
def test_the_probed_port_is_8000(dev: Graph, name: str) -> None:
    """Sections 3.2 and 3.3. Probes name the port: the name must be that of 8000, in the container and its Service."""
    ports = {port["name"]: port["containerPort"] for port in container(dev, name)["ports"]}
    assert ports == {"http": 8000}
    (port,) = one(dev, "Service", name)["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (8000, "http")
    assert one(dev, "Service", name)["spec"]["type"] == "ClusterIP"


@every_deployment
def test_the_start_up_probe_waits_longer_than_liveness_would(dev: Graph, name: str) -> None:
    """Without it a start slower than a minute is killed half-way, for ever."""
    startup = container(dev, name)["startupProbe"]
    assert startup["httpGet"] == {"path": "/health", "port": "http"}
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 120


@every_deployment
def test_a_pod_drains_for_fifteen_seconds_before_it_stops(dev: Graph, name: str) -> None:
    """Section 3.3. Without the sleep, requests in flight are cut off at every update."""
    assert container(dev, name)["lifecycle"]["preStop"] == {"exec": {"command": ["/bin/sh", "-c", "sleep 15"]}}
    grace = one(dev, "Deployment", name)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace >= 30, f"{grace} s of grace: after the sleep too little is left for the process to stop"


@every_deployment
def test_a_rolling_update_surges_by_half_and_keeps_three_quarters(dev: Graph, name: str) -> None:
    """Section 3.3: maxSurge 50 %, maxUnavailable 25 %."""
    assert one(dev, "Deployment", name)["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": "25%"},
    }


@every_deployment
def test_images_are_pinned_to_the_documents_version_and_pulled_once(dev: Graph, name: str) -> None:
    """Section 3.2: tag 1.0.0, IfNotPresent. A moving tag makes two pods of one Deployment differ."""
    component = "astrbot-instance" if name.startswith("astrbot-instance") else name
    registry = settings_of("dev").get("registry", "ghcr.io/saas-platform")
    assert container(dev, name)["image"] == f"{registry}/{component}:1.0.0"
    assert container(dev, name)["imagePullPolicy"] == "IfNotPresent"


@pytest.mark.parametrize("name", AUTOSCALED)
def test_an_autoscaler_aims_at_70_percent_cpu_and_80_percent_memory(dev: Graph, name: str) -> None:
    """Section 3.2."""
    spec = autoscaler(dev, name)
    targets = {metric["resource"]["name"]: metric["resource"]["target"] for metric in spec["metrics"]}
    assert targets == {
        "cpu": {"type": "Utilization", "averageUtilization": 70},
        "memory": {"type": "Utilization", "averageUtilization": 80},
    }
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}


def test_only_the_listed_components_are_autoscaled(dev: Graph) -> None:
    """Two managers would restart the same instance; an instance keeps a tenant's session."""
    names = {body["metadata"]["name"] for body in of_system(dev, "astrbot", "HorizontalPodAutoscaler")}
    assert names == set(AUTOSCALED)


def test_production_scales_from_three_to_ten() -> None:
    """Section 3.2: minReplicas 3, maxReplicas 10."""
    spec = autoscaler(recorded("prod"), "api-gateway")
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 10)


@pytest.mark.parametrize("name", AUTOSCALED)
def test_a_replicated_component_can_always_lose_exactly_one_pod_to_a_drain(dev: Graph, name: str) -> None:
    """A budget that allows none blocks every node upgrade; no budget lets a drain take all replicas at a time."""
    spec = one(dev, "PodDisruptionBudget", name)["spec"]
    assert (spec["maxUnavailable"], "minAvailable" in spec) == (1, False)
    assert spec["selector"] == {"matchLabels": {"app.kubernetes.io/name": name}}


def test_the_config_map_has_the_documents_keys_and_values(dev: Graph) -> None:
    """Section 2.1. Hosts differ: they are those of the Services that the operators make."""
    data = one(dev, "ConfigMap", "saas-platform-config")["data"]
    assert data | {"DB_USER": "", "ENVIRONMENT": ""} == {
        "DB_HOST": "postgresql-cluster-pooler-rw.astrbot.svc.cluster.local",
        # One instance has no replica to read from.
        "DB_READ_HOST": "postgresql-cluster-pooler-rw.astrbot.svc.cluster.local",
        "DB_PORT": "5432",
        "DB_NAME": "saas_platform",
        "DB_USER": "",
        "DB_SSLMODE": "require",
        "REDIS_HOST": "redis.astrbot.svc.cluster.local",
        "REDIS_PORT": "6379",
        "REDIS_USER": "saas_platform",
        "REDIS_CLUSTER": "false",
        "REDIS_TLS": "false",
        "OBJECT_STORAGE_ENDPOINT": "http://minio.astrbot.svc.cluster.local:9000",
        "OBJECT_STORAGE_BUCKET": "astrbot-files",
        "OBJECT_STORAGE_REGION": "us-east-1",
        "API_RATE_LIMIT": "1000",
        "SESSION_TIMEOUT": "3600",
        "MAX_ASTRBOT_INSTANCES": "1000",
        "METRICS_ENABLED": "true",
        "LOG_LEVEL": "DEBUG",
        "TRACE_SAMPLING_RATE": "1.0",
        "ENVIRONMENT": "",
    }
    assert (data["DB_USER"], data["ENVIRONMENT"]) == ("saas_platform", "dev")


def test_production_logs_and_samples_as_the_document_says() -> None:
    """Section 2.1: LOG_LEVEL INFO, TRACE_SAMPLING_RATE 0.1. DEBUG in production logs what users write."""
    data = one(recorded("prod"), "ConfigMap", "saas-platform-config")["data"]
    assert (data["LOG_LEVEL"], data["TRACE_SAMPLING_RATE"]) == ("INFO", "0.1")


def test_the_secret_has_the_documents_six_keys(dev: Graph) -> None:
    """Section 2.1. Under another name a service finds no credential and does not start."""
    secret = one(dev, "Secret", "saas-platform-secrets")
    assert secret["type"] == "Opaque"
    assert sorted(revealed(secret["data"])) == [
        "DB_PASSWORD",
        "JWT_SECRET",
        "LLM_API_KEY",
        "MINIO_ACCESS_KEY",
        "MINIO_SECRET_KEY",
        "REDIS_PASSWORD",
    ]


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("api-gateway", {"JWT_SECRET"}),
        ("tenant-service", {"DB_PASSWORD"}),
        ("session-service", {"DB_PASSWORD"}),
        ("message-service", {"REDIS_PASSWORD"}),
        ("auth-service", {"JWT_SECRET"}),
        ("astrbot-manager", set()),
        *(
            (f"astrbot-instance-{tenant}", {"LLM_API_KEY", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"})
            for tenant in tenants_of("dev")
        ),
    ],
)
def test_a_service_sees_only_the_secrets_that_it_needs(dev: Graph, name: str, keys: set[str]) -> None:
    """A gateway that is broken into must not give away the database."""
    variables = environment_of(container(dev, name)).values()
    seen = {found["valueFrom"]["secretKeyRef"]["key"] for found in variables if "valueFrom" in found}
    assert seen == keys
    sources = container(dev, name).get("envFrom", [])
    assert sources == [{"configMapRef": {"name": "saas-platform-config"}}], "a whole Secret would be in the environment"


@pytest.mark.parametrize(
    ("parameter", "value"),
    {
        "max_connections": "200",
        "shared_buffers": "256MB",
        "effective_cache_size": "1GB",
        "maintenance_work_mem": "64MB",
        "checkpoint_completion_target": "0.9",
        "wal_buffers": "16MB",
        "default_statistics_target": "100",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "200",
    }.items(),
)
def test_postgresql_runs_with_the_documents_parameter(dev: Graph, parameter: str, value: str) -> None:
    """Section 2.2. A number in place of the text would be refused by the API."""
    assert one(dev, "Cluster", "postgresql-cluster")["spec"]["postgresql"]["parameters"][parameter] == value


def test_postgresql_has_just_the_nine_parameters(dev: Graph) -> None:
    """One more than the document's would change the database without anybody having decided it."""
    assert len(one(dev, "Cluster", "postgresql-cluster")["spec"]["postgresql"]["parameters"]) == 9


def test_postgresql_has_the_documents_cpu_memory_and_storage_class() -> None:
    """Section 2.2: requests 1 CPU and 1Gi, limits 2 CPU and 2Gi, class fast-ssd. In dev five systems share a node."""
    spec = one(recorded("staging"), "Cluster", "postgresql-cluster")["spec"]
    requests, limits = spec["resources"]["requests"], spec["resources"]["limits"]
    assert (requests["cpu"], requests["memory"]) == ("1", "1Gi")
    assert (limits["cpu"], limits["memory"]) == ("2", "2Gi")
    assert spec["storage"]["storageClass"] == "fast-ssd"


@pytest.mark.parametrize(("stack", "instances", "storage"), [("dev", 1, "10Gi"), ("prod", 3, "100Gi")])
def test_postgresql_has_the_instances_and_the_volume_of_its_tier(stack: str, instances: int, storage: str) -> None:
    """Section 2.2 gives production's: three instances, 100Gi each."""
    spec = one(recorded(stack), "Cluster", "postgresql-cluster")["spec"]
    assert (spec["instances"], spec["storage"]["size"]) == (instances, storage)


def test_postgresql_is_made_with_the_documents_database_and_its_own_secret(dev: Graph) -> None:
    """Section 2.1 DB_NAME, section 6.1 postgresql-secret with `username` and `password`."""
    initdb = one(dev, "Cluster", "postgresql-cluster")["spec"]["bootstrap"]["initdb"]
    assert (initdb["database"], initdb["secret"]["name"]) == ("saas_platform", "postgresql-secret")
    secret = one(dev, "Secret", "postgresql-secret")
    assert secret["type"] == "kubernetes.io/basic-auth"
    assert set(revealed(secret["data"])) == {"username", "password"}
    assert initdb["owner"] == one(dev, "ConfigMap", "saas-platform-config")["data"]["DB_USER"]


def test_redis_has_the_documents_cpu_memory_exporter_and_storage_class() -> None:
    """Section 2.2: requests 500m and 1Gi, limits 1 CPU and 2Gi, the exporter, class fast-ssd."""
    spec = one(recorded("staging"), "RedisCluster", "redis-cluster")["spec"]
    resources = spec["kubernetesConfig"]["resources"]
    assert (resources["requests"]["cpu"], resources["requests"]["memory"]) == ("500m", "1Gi")
    assert (resources["limits"]["cpu"], resources["limits"]["memory"]) == ("1", "2Gi")
    assert spec["redisExporter"]["enabled"] is True
    claim = spec["storage"]["volumeClaimTemplate"]["spec"]
    assert (claim["accessModes"], claim["storageClassName"]) == (["ReadWriteOnce"], "fast-ssd")
    assert not spec["redisExporter"]["image"].endswith(":latest"), "the document's own tag moves"


@pytest.mark.parametrize(("stack", "shards", "storage"), [("staging", 3, "50Gi"), ("prod", 6, "50Gi")])
def test_redis_has_the_shards_and_the_volume_of_its_tier(stack: str, shards: int, storage: str) -> None:
    """Section 2.2 gives production's: clusterSize 6, 50Gi. Fewer than three leaders form no cluster."""
    spec = one(recorded(stack), "RedisCluster", "redis-cluster")["spec"]
    assert spec["clusterSize"] == spec["redisLeader"]["replicas"] == spec["redisFollower"]["replicas"] == shards
    assert spec["storage"]["volumeClaimTemplate"]["spec"]["resources"]["requests"]["storage"] == storage


def test_minio_keeps_its_data_on_the_documents_storage_class(dev: Graph) -> None:
    """An emptyDir would lose every tenant's files with the pod."""
    stateful_set = one(dev, "StatefulSet", "minio")["spec"]
    (claim,) = stateful_set["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "fast-ssd"
    mounts = stateful_set["template"]["spec"]["containers"][0]["volumeMounts"]
    assert {"name": claim["metadata"]["name"], "mountPath": "/data"} in mounts


def test_minio_in_production_lists_exactly_its_own_servers(scratch: Scratch) -> None:
    """An erasure set with a server too many never starts."""
    document = in_the_cluster(with_systems("prod", telemetry=False, monitoring="basic", astrbot={}))
    stateful_set = one(scratch.record(as_text(document)), "StatefulSet", "minio")["spec"]
    assert stateful_set["replicas"] == 4
    assert stateful_set["template"]["spec"]["containers"][0]["args"] == [
        "server",
        "http://minio-{0...3}.minio-headless.astrbot.svc.cluster.local:9000/data",
    ]


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_the_ingress_serves_the_environments_host_with_tls(stack: str) -> None:
    """Section 3.2: host api.DOMAIN, path / as Prefix, class nginx, certificate in saas-platform-tls."""
    graph = recorded(stack)
    host = f"api.{settings_of(stack)['domain']}"
    spec = one(graph, "Ingress", "api-gateway")["spec"]
    assert spec["ingressClassName"] == settings_of(stack).get("ingress_class", "nginx")
    assert spec["tls"] == [{"hosts": [host], "secretName": "saas-platform-tls"}]
    (rule,) = spec["rules"]
    assert rule["host"] == host
    backend = {"service": {"name": "api-gateway", "port": {"number": 8000}}}
    assert rule["http"]["paths"] == [{"path": "/", "pathType": "Prefix", "backend": backend}]
    assert graph.outputs["astrbot_url"] == f"https://{host}"


def test_production_is_served_at_the_documents_host() -> None:
    """Section 3.2: api.saas-platform.com."""
    assert recorded("prod").outputs["astrbot_url"] == "https://api.saas-platform.com"


def test_the_ingress_limits_the_rate_and_redirects_to_tls(dev: Graph) -> None:
    """Section 3.2 says `rate-limit`, which ingress-nginx ignores; `limit-rpm` is the one that it obeys."""
    annotations = one(dev, "Ingress", "api-gateway")["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/rate-limit"] == "1000"
    assert annotations["nginx.ingress.kubernetes.io/limit-rpm"] == "1000"
    assert annotations["nginx.ingress.kubernetes.io/ssl-redirect"] == "true"


@pytest.mark.parametrize(("stack", "issuer"), [("staging", "letsencrypt-staging"), ("prod", "letsencrypt-prod")])
def test_certificates_come_from_the_tiers_issuer(stack: str, issuer: str) -> None:
    """Section 3.2: letsencrypt-prod. Staging must not use up production's rate limit."""
    annotations = one(recorded(stack), "Ingress", "api-gateway")["metadata"]["annotations"]
    assert annotations["cert-manager.io/cluster-issuer"] == issuer
    assert "cert-manager.io/issuer" not in annotations, "cert-manager refuses an Ingress with both"


def test_development_signs_its_own_certificate(dev: Graph) -> None:
    """A host that the internet cannot reach gets no certificate of Let's Encrypt."""
    annotations = one(dev, "Ingress", "api-gateway")["metadata"]["annotations"]
    assert "cert-manager.io/cluster-issuer" not in annotations
    assert one(dev, "Issuer", annotations["cert-manager.io/issuer"])["spec"] == {"selfSigned": {}}


def test_only_the_manager_may_talk_to_the_api_server_and_only_about_instances(dev: Graph) -> None:
    """A token in every pod would let whoever breaks into one read the namespace."""
    for deployment in of_system(dev, "astrbot", "Deployment"):
        name, pod = deployment["metadata"]["name"], deployment["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is (name == "astrbot-manager"), name
    (role,) = of_system(dev, "astrbot", "Role")
    assert role["rules"] == [
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch", "patch"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
    ]
    # Prometheus finds its targets in all namespaces; nobody else may look beyond their own.
    assert [body["metadata"]["name"] for body in objects(dev, "ClusterRole")] == ["monitoring-prometheus-main"]
    assert {rule for body in objects(dev, "ClusterRole") for one in body["rules"] for rule in one["verbs"]} == {
        "get",
        "list",
        "watch",
    }


def test_a_change_of_the_config_map_rolls_the_pods_that_read_it(dev: Graph) -> None:
    """Environment variables are read once: without the annotation a changed setting would never arrive."""
    annotations = {
        stack: one(recorded(stack), "Deployment", "api-gateway")["spec"]["template"]["metadata"]["annotations"]
        for stack in ("dev", "staging", "prod")
    }
    checksums = {found["platform.io/config-checksum"] for found in annotations.values()}
    assert len(checksums) == 3, "three different ConfigMaps have the same checksum"
