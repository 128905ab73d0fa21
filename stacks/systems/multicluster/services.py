"""The two services of the document (sections 1 and 3): a Go backend and a Vue frontend.

Of figures it gives the backend's port and where its metrics are, and by `global` how often; replicas, CPU, memory and
the bounds of the VerticalPodAutoscalers are the program's own.
"""

from __future__ import annotations

from collections.abc import Sequence

from components.workload import SecretFiles
from stacks.schema.service.service import Service

BACKEND = "multi-cluster-manager-backend"
FRONTEND = "multi-cluster-manager-frontend"
# Where the backend finds the kubeconfigs of its clusters, a file for each.
CLUSTERS_DIRECTORY = "/etc/multi-cluster-manager/clusters"
_HELM = "/tmp/helm"

_BACKEND = Service.model_validate(
    {
        "name": BACKEND,
        "replicas": 2,
        "cpu": "1",
        "memory": "1Gi",
        "ports": {"http": 8080},
        "metrics": [{"port": "http", "path": "/metrics", "interval": 15}],
        # Beside API servers, wherever they are, it fetches charts, over HTTPS too.
        "uses": ["database", "cache", "other_clusters"],
        "environment": {
            "CLUSTERS_DIRECTORY": CLUSTERS_DIRECTORY,
            # Helm keeps indexes of repositories, and the root is read-only.
            "HELM_CACHE_HOME": f"{_HELM}/cache",
            "HELM_CONFIG_HOME": f"{_HELM}/config",
            "HELM_DATA_HOME": f"{_HELM}/data",
        },
        "vertical": {
            "mode": "off",
            "minimum": {"cpu": "100m", "memory": "256Mi"},
            "maximum": {"cpu": "1", "memory": "1Gi"},
        },
    }
)
# Files for the browser, which calls the API itself: from here nobody is called.
_FRONTEND = Service.model_validate(
    {
        "name": FRONTEND,
        "replicas": 2,
        "cpu": "250m",
        "memory": "256Mi",
        "ports": {"http": 8080},
        "service_ports": {"http": 80},
        "probes": {
            "startup": {"path": "/"},
            "liveness": {"path": "/"},
            "readiness": {"path": "/index.html"},
        },
        "metrics": [],
        "vertical": {
            "mode": "off",
            "minimum": {"cpu": "50m", "memory": "64Mi"},
            "maximum": {"cpu": "250m", "memory": "256Mi"},
        },
    }
)


def services(kubeconfigs: Sequence[tuple[str, str]] = ()) -> tuple[Service, ...]:
    """Both; `kubeconfigs` are the files that the backend gets, each by its name with the key of the system's Secret."""
    files = [SecretFiles(path=CLUSTERS_DIRECTORY, files=dict(kubeconfigs))] if kubeconfigs else []
    return (_BACKEND.model_copy(update={"secret_files": files}), _FRONTEND)
