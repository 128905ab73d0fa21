"""The applications of the guide as data: sections 3.2 and 3.3, 4.2, and 8.2.

Sections 3.2 and 8.2 both declare `rust-app`, and with different figures. The complete application of section 8.2 is the
one that there is; what sections 3.3 and 4.2 add beside it has the size and the probes of section 3.2.
"""

from __future__ import annotations

from typing import Any

from stacks.schema.service.service import Service

APPLICATION = "rust-app"
STATEFUL = "rust-stateful-app"
SEVERAL_PORTS = "multi-service"

# Section 3.2: limits, requests, and how long after its start and how often a pod is asked.
_SMALL: dict[str, Any] = {"cpu": "500m", "memory": "256Mi", "cpu_request": "100m", "memory_request": "128Mi"}
# The guide asks /health for both, and says nothing of failures: liveness waits twice as long as readiness before a pod
# is restarted that only cannot serve for a while.
_LIVENESS = {"path": "/health", "initial_delay": 10, "period": 5, "failures": 6}
_READINESS = {"path": "/health", "initial_delay": 5, "period": 5}
_NO_BACKUP = "Nothing: what the guide keeps there is an example of a volume, and no order is on it."

_APPLICATION = {
    "name": APPLICATION,
    "replicas": 3,
    "cpu": "1000m",
    "memory": "512Mi",
    "cpu_request": "250m",
    "memory_request": "256Mi",
    "ports": {"http": 8080},
    "service_ports": {"http": 80, "metrics": {"port": 9090, "target": "http"}},
    "metrics": [{"port": "metrics", "interval": "30s", "path": "/metrics"}],
    "environment": {"RUST_LOG": "info"},
    "probes": {
        "liveness": {**_LIVENESS, "period": 10, "failures": 3},
        "readiness": _READINESS,
    },
}
# Its one port bears the name that its PodMonitor scrapes: section 4.2.
_STATEFUL = {
    "name": STATEFUL,
    "kind": "stateful",
    "replicas": 3,
    **_SMALL,
    "ports": {"metrics": 8080},
    "metrics": [{"port": "metrics", "interval": "30s", "path": "/metrics"}],
    "storage": {"path": "/data", "size": "1Gi", "backup": _NO_BACKUP},
    "probes": {
        "startup": {"port": "metrics"},
        "liveness": {**_LIVENESS, "port": "metrics"},
        "readiness": {**_READINESS, "port": "metrics"},
    },
}
# Section 3.3 names the ports and numbers none: those of the metrics follow the 9090 of section 3.2.
_SEVERAL_PORTS = {
    "name": SEVERAL_PORTS,
    "replicas": 2,
    **_SMALL,
    "ports": {"http": 8080, "metrics": 9090, "jmx": 9091, "probe": 9092},
    "metrics": [
        {"port": "metrics", "interval": "30s", "path": "/metrics"},
        {"port": "jmx", "interval": "60s", "path": "/jmx-metrics"},
        {"port": "probe", "interval": "10s", "path": "/probe"},
    ],
    "probes": {"liveness": _LIVENESS, "readiness": _READINESS},
}

SERVICES = tuple(Service.model_validate(service) for service in (_APPLICATION, _STATEFUL, _SEVERAL_PORTS))
