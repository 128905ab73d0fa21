"""The four services of the document: its Compose file, `canary_deploy.sh`, `k8s/hpa.yaml` and `monitoring/`.

The document sizes model-serving (canary_deploy.sh); consent and PSI have its figures here, since there are none of
their own. `deploy_k8s.sh` starts three of each; model-serving has the bounds of its autoscaler instead.
"""

from __future__ import annotations

from typing import Any

from stacks.schema.service.service import Service

CONSENT, PSI, MODEL_SERVING, FRONTEND = "consent-service", "psi-service", "model-serving", "frontend"
_REPLICAS = 3
_SIZE = {"cpu": "500m", "cpu_request": "250m", "memory": "1Gi", "memory_request": "512Mi"}
_SCRAPE_INTERVAL = 10
_SCRATCH = "1Gi"
# RS256 signs by the private half of a pair and verifies by the public one: JWT_SECRET is neither.
JWT_KEYS = "/app/keys"
_SIGNING = {
    "JWT_ALGORITHM": "RS256",
    "JWT_PRIVATE_KEY_PATH": f"{JWT_KEYS}/private.pem",
    "JWT_PUBLIC_KEY_PATH": f"{JWT_KEYS}/public.pem",
}
# Where Feast keeps its registry, a file that all pods of model-serving read.
FEAST = "/app/data/feast"
_CONSENT_URL = {"CONSENT_SERVICE_URL": f"http://{CONSENT}:7002"}
# What DATABASE_URL and REDIS_URL of the Compose file are made of: the password is put in when the container starts.
_DATABASE_URL = {
    "DATABASE_URL": (
        "postgresql://$(POSTGRES_USER):$(POSTGRES_PASSWORD)@$(POSTGRES_HOST):$(POSTGRES_PORT)/$(POSTGRES_NAME)"
        "?sslmode=$(POSTGRES_SSLMODE)"
    )
}


def _redis_url(database: int) -> dict[str, str]:
    return {"REDIS_URL": f"$(REDIS_SCHEME)://$(REDIS_USER):$(REDIS_PASSWORD)@$(REDIS_HOST):$(REDIS_PORT)/{database}"}


def _probes(path: str) -> dict[str, Any]:
    """The health check of the Compose file is the liveness probe: there too it decides who is restarted.

    The services answer one path (health_check.sh). Readiness asks it every 5 s, six times as often as liveness: a
    pod that fails gets no requests long before it is restarted. deploy_k8s.sh waits 300 s for a Deployment: 60
    times the 5 s of the start-up probe.
    """
    liveness = {"path": path, "period": 30, "timeout": 10, "failures": 3}
    return {"startup": {"path": path}, "liveness": liveness, "readiness": {"path": path}}


def _api(name: str, port: int, **extra: Any) -> dict[str, Any]:
    logs = {"path": "/app/logs", "size": _SCRATCH}
    return {
        "name": name,
        "replicas": _REPLICAS,
        **_SIZE,
        "ports": {"http": port},
        "probes": _probes("/health"),
        "metrics": [{"port": "http", "path": "/metrics", "interval": _SCRAPE_INTERVAL}],
        **extra,
        "directories": [logs, *extra.get("directories", ())],
    }


# k8s/hpa.yaml. The two metrics are Prometheus', by KEDA; 500m is half a second.
_AUTOSCALING = {
    "minimum": 2,
    "maximum": 20,
    "cpu_percent": 70,
    "memory_percent": 80,
    "pods": [{"name": "request_queue_length", "average_value": "10"}],
    "objects": [{"name": "http_request_duration_p95", "value": "500m", "service": MODEL_SERVING}],
    "behavior": {
        "scale_down": {"stabilization_window": 300, "policies": [{"percent": 10, "period": 60}]},
        "scale_up": {
            "stabilization_window": 60,
            "policies": [{"percent": 50, "period": 60}, {"pods": 2, "period": 60}],
            "select": "max",
        },
    },
}
# The same file, whose mode `Auto` gives way to the autoscaler: both would own CPU and memory.
_VERTICAL = {
    "mode": "off",
    "controlled": ["cpu", "memory"],
    "minimum": {"cpu": "100m", "memory": "256Mi"},
    "maximum": {"cpu": "2", "memory": "4Gi"},
}

SERVICES: tuple[Service, ...] = tuple(
    Service.model_validate(service)
    for service in (
        _api(
            CONSENT,
            7002,
            uses=["database", "cache"],
            secrets=["JWT_SECRET", "ENCRYPTION_KEY"],
            environment={**_DATABASE_URL, **_redis_url(0), **_SIGNING},
        ),
        _api(PSI, 7001, uses=["cache"], calls=[CONSENT], environment={**_redis_url(1), **_CONSENT_URL}),
        _api(
            MODEL_SERVING,
            7003,
            replicas=2,
            uses=["database", "cache"],
            calls=[CONSENT],
            autoscaling=_AUTOSCALING,
            vertical=_VERTICAL,
            directories=[{"path": FEAST, "size": _SCRATCH}],
            environment={
                **_DATABASE_URL,
                **_redis_url(2),
                **_CONSENT_URL,
                "FEAST_REGISTRY_PATH": f"{FEAST}/registry.db",
            },
        ),
        # Files for the browser, which calls the API itself: from here nobody is called.
        {
            "name": FRONTEND,
            "replicas": _REPLICAS,
            "cpu": "250m",
            "memory": "256Mi",
            # Below 1024 only root may listen.
            "ports": {"http": 8080},
            "service_ports": {"http": 80},
            "probes": _probes("/"),
            "metrics": [],
        },
    )
)
