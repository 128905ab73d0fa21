"""An environment with one service of every shape that a service may have, in the figures of the documents."""

from __future__ import annotations

from typing import Any

from paths import PROJECT
from tests.unit.recordings import with_systems
from tests.unit.scratch import as_text

_MEDIUM = {"cpu": "1", "memory": "1Gi"}
_BACKUP = "Velero, daily"

# federated-risk: HorizontalPodAutoscaler and VerticalPodAutoscaler of model-serving.
MODEL_SERVING: dict[str, Any] = {
    "name": "model-serving",
    "replicas": 2,
    "cpu": "500m",
    "memory": "1Gi",
    "cpu_request": "250m",
    "memory_request": "512Mi",
    "ports": {"http": 7003},
    "autoscaling": {
        "minimum": 2,
        "maximum": 20,
        "cpu_percent": 70,
        "memory_percent": 80,
        "pods": [{"name": "request_queue_length", "average_value": "10"}],
        "objects": [{"name": "http_request_duration_p95", "value": "500m", "service": "model-serving"}],
        "behavior": {
            "scale_down": {"stabilization_window": 300, "policies": [{"percent": 10, "period": 60}]},
            "scale_up": {
                "stabilization_window": 60,
                "policies": [{"percent": 50, "period": 60}, {"pods": 2, "period": 60}],
                "select": "max",
            },
        },
    },
    "vertical": {
        "mode": "auto",
        "minimum": {"cpu": "100m", "memory": "256Mi"},
        "maximum": {"cpu": "2", "memory": "4Gi"},
        "controlled": ["cpu", "memory"],
    },
}
# orders, sections 4.2 and 8.2.
RUST_STATEFUL_APP: dict[str, Any] = {
    "name": "rust-stateful-app",
    "kind": "stateful",
    "replicas": 3,
    "cpu": "1",
    "memory": "512Mi",
    "ports": {"http": 8080},
    "service_ports": {"http": 80, "metrics": {"port": 9090, "target": "http"}},
    "storage": {"path": "/data", "size": "1Gi", "backup": _BACKUP},
    "pod_management": "parallel",
    "environment": {"RUST_LOG": "info"},
}
# orders, section 3.3.
MULTI_SERVICE: dict[str, Any] = {
    "name": "multi-service",
    "replicas": 2,
    **_MEDIUM,
    "ports": {"http": 8080, "metrics": 9090, "jmx": 9091, "probe": 9092},
    "metrics": [
        {"port": "metrics", "interval": "30s", "path": "/metrics"},
        {"port": "jmx", "interval": "60s", "path": "/jmx-metrics"},
        {"port": "probe", "interval": "10s", "path": "/probe"},
    ],
    "probes": {
        "liveness": {"path": "/live", "initial_delay": 10, "period": 5},
        "readiness": {"path": "/ready", "port": "probe", "initial_delay": 5, "timeout": 2, "failures": 5},
    },
    "rollout": {"max_surge": 1, "max_unavailable": 0, "drain": 5, "stop": "1m"},
}
# cloudlens: the backend's SQLite volume, and the collector with its configuration.
CLOUDLENS_BACKEND: dict[str, Any] = {
    "name": "cloudlens-backend",
    "replicas": 1,
    "cpu": "2000m",
    "memory": "2Gi",
    "cpu_request": "500m",
    "memory_request": "512Mi",
    "storage": {"path": "/data", "size": "10Gi", "backup": _BACKUP},
    "directories": [{"path": "/app/.cloudlens", "size": "1Gi"}],
    "environment": {"DATABASE_PATH": "/data/cloudlens.db"},
    # It has one path for both; liveness must not ask what readiness asks.
    "probes": {"liveness": {"tcp": True}, "readiness": {"path": "/health"}},
}
COLLECTOR: dict[str, Any] = {
    "name": "span-collector",
    "replicas": 2,
    **_MEDIUM,
    "ports": {"otlp-grpc": 4317, "otlp-http": 4318, "health": 13133},
    "metrics": [],
    "arguments": ["--config=/etc/otel/config.yaml"],
    "config_files": [{"path": "/etc/otel", "files": {"config.yaml": "receivers: {}\n"}}],
    "probes": {
        "startup": {"path": "/health", "port": "health"},
        "liveness": {"path": "/health", "port": "health"},
        "readiness": {"path": "/", "port": "health"},
    },
    "rollout": {"drain": 0},
}
# federated-risk: the front end on port 80.
FRONTEND: dict[str, Any] = {
    "name": "frontend",
    "replicas": 2,
    **_MEDIUM,
    "ports": {"http": 8080},
    "service_ports": {"http": 80},
    "calls": ["model-serving"],
    "autoscaling": {"cpu_percent": 60, "memory_percent": None},
    "vertical": {"mode": "recreate", "controlled": ["memory"]},
}
# multi-cluster-manager: the kubeconfigs of the clusters that it manages.
CLUSTER_MANAGER: dict[str, Any] = {
    "name": "cluster-manager",
    "replicas": 2,
    **_MEDIUM,
    "autoscaled": False,
    "secret_files": [{"path": "/etc/clusters", "files": {"production.yaml": "JWT_SECRET"}}],
    "vertical": {"mode": "initial", "maximum": {"memory": "1Gi"}},
}

SERVICES = (
    MODEL_SERVING,
    RUST_STATEFUL_APP,
    MULTI_SERVICE,
    CLOUDLENS_BACKEND,
    COLLECTOR,
    FRONTEND,
    CLUSTER_MANAGER,
)


def environment(
    stack: str, *services: dict[str, Any], system: str = "astrbot", sizes: dict[str, Any] | None = None, rest: str = ""
) -> str:
    """The file of `stack` with one system alone, and these services (of every shape, if none is named) beside its own.

    It keeps no logs: no shape has anything to do with them.
    """
    own = {"services": list(services or SERVICES), **({"sizes": sizes} if sizes else {})}
    document = with_systems(stack, system)
    document["config"][f"{PROJECT}:systems"][system] |= own
    document["config"][f"{PROJECT}:logs"] = {"kind": "none"}
    return as_text(document) + rest
