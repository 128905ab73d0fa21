"""The two services as data: sections 5 (backend) and 6 (front end) of the manifests.

The document asks one path for liveness and readiness. Liveness asks half as often, and so waits twice as long: a pod
that only cannot serve for a while is taken out of its Service before it is restarted, as the policies want it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from stacks.schema.service.service import Service

# `migrating` is the step between the other two: the data moves, and nobody writes.
DataStore = Literal["sqlite", "migrating", "postgresql"]
BACKEND = "cloudlens-backend"
FRONTEND = "cloudlens-frontend"
CONFIG_MAP, SECRET = "cloudlens-config", "cloudlens-secrets"
# Sections 4 and 5: where the volume is, and the file on it.
DATA = "/data"
DATABASE_FILE = f"{DATA}/cloudlens.db"
# The environment's collector; the path is section 6's.
_TRACES = "http://otel-collector.telemetry.svc.cluster.local:4318/v1/traces"
_NO_BACKUP = "Nothing: what is to be backed up is moved to PostgreSQL with `storage: migrating`."
_LIVENESS = {"initial_delay": 30, "period": 10}

_BACKEND: dict[str, Any] = {
    "name": BACKEND,
    "replicas": 2,
    "cpu": "2000m",
    "memory": "2Gi",
    "cpu_request": "500m",
    "memory_request": "512Mi",
    "ports": {"http": 8000},
    "metrics": [{"port": "http", "path": "/metrics"}],
    "probes": {
        "liveness": {**_LIVENESS, "path": "/health", "timeout": 5, "failures": 3},
        "readiness": {"path": "/health", "initial_delay": 5, "period": 5, "timeout": 3, "failures": 3},
    },
    "environment": {"OTEL_SERVICE_NAME": BACKEND},
    "directories": [{"path": "/app/.cloudlens"}],
    # The role of the section on RBAC; the API server is where it is of use.
    "uses": ["internet", "kubernetes_api"],
    "rules": [
        {
            "api_groups": [""],
            "resources": ["configmaps", "secrets"],
            "verbs": ["get", "list"],
            "resource_names": [CONFIG_MAP, SECRET],
        }
    ],
}
_FRONTEND: dict[str, Any] = {
    "name": FRONTEND,
    "replicas": 2,
    "cpu": "1000m",
    "memory": "1Gi",
    "cpu_request": "200m",
    "memory_request": "256Mi",
    "ports": {"http": 3000},
    # It tells no metrics: the document scrapes the backend alone.
    "metrics": [],
    "probes": {
        "startup": {"path": "/"},
        "liveness": {**_LIVENESS, "path": "/"},
        "readiness": {"path": "/", "initial_delay": 5, "period": 5},
    },
    "environment": {
        "NEXT_PUBLIC_API_URL": f"http://{BACKEND}:8000",
        "NEXT_PUBLIC_OTEL_EXPORTER_OTLP_ENDPOINT": _TRACES,
        "OTEL_SERVICE_NAME": FRONTEND,
    },
    "calls": [BACKEND],
}


def services(store: DataStore, keys: Sequence[str]) -> tuple[Service, ...]:
    """Both, as they are with this store; `keys` are those of the Secret that the backend sees besides."""
    own = _postgresql() if store == "postgresql" else _sqlite()
    backend = {**_BACKEND, **own, "secrets": list(keys), "stopped": store == "migrating"}
    return Service.model_validate(backend), Service.model_validate(_FRONTEND)


def _postgresql() -> dict[str, Any]:
    return {"uses": [*_BACKEND["uses"], "database"]}


def _sqlite() -> dict[str, Any]:
    """Sections 4 and 5: one replica, and 10Gi for its file."""
    return {
        "replicas": 1,
        "storage": {"path": DATA, "size": "10Gi", "backup": _NO_BACKUP},
        "environment": {**_BACKEND["environment"], "DATABASE_PATH": DATABASE_FILE},
    }
