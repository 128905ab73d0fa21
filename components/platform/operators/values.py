"""The charts' values that differ from their defaults, from a few typed figures.

Every chart is told to keep its custom resource definitions when the release is removed: with a definition Kubernetes
deletes every object of its kind, databases included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from components.kubernetes.quantity import Bytes
from components.traffic.flagger import PROVIDERS
from components.traffic.release import Mesh

Values = Mapping[str, Any]
_KEEP = {"helm.sh/resource-policy": "keep"}
# Without it the operator leaves the configuration to the image (internal/features/features.go of its repository).
REDIS_CONFIGURATION_GATE = "GenerateConfigInInitContainer"


@dataclass(frozen=True, kw_only=True)
class Sizing:
    """What follows from a tier. `replicas` of each controller; `storage` of each volume of logs and traces, of
    `storage_class` (None: the cluster's default); logs are kept for `retention_days`, traces for a tenth of that and
    at least a day; `trace_sampling_rate` from 0 to 1; `ingress_class` that the ingress controller serves;
    `mesh` that splits traffic, and `metrics_url` of the Prometheus that releases are judged by."""

    replicas: int
    storage: Bytes
    storage_class: str | None
    retention_days: int
    trace_sampling_rate: float
    ingress_class: str
    mesh: Mesh = "none"
    metrics_url: str = "http://prometheus-operated.monitoring.svc.cluster.local:9090"


Build = Callable[[Sizing], Values]


def none(_sizing: Sizing) -> Values:
    """A chart whose defaults fit."""
    return {}


def controllers(sizing: Sizing) -> Values:
    """A chart that is told nothing but how many replicas its one controller has."""
    return {"replicaCount": sizing.replicas}


def redis_operator(sizing: Sizing) -> Values:
    """The operator's own init container writes redis.conf: the entrypoint of an image reads other variables than the
    operator has set since 0.24, and announces names that do not resolve (docs/decisions/0047).

    The chart names that container's image by the operator's own version.
    """
    return {"replicas": sizing.replicas, "featureGates": {REDIS_CONFIGURATION_GATE: True}}


def cert_manager(sizing: Sizing) -> Values:
    """Definitions with the chart; its three Deployments in as many replicas as every controller."""
    replicas = {"replicaCount": sizing.replicas}
    return {"crds": {"enabled": True, "keep": True}, **replicas, "webhook": replicas, "cainjector": replicas}


def external_secrets(sizing: Sizing) -> Values:
    """Replicas elect a leader only where that is asked for."""
    replicas = {"replicaCount": sizing.replicas}
    return {
        "installCRDs": True,
        "crds": {"annotations": _KEEP},
        "leaderElect": sizing.replicas > 1,
        **replicas,
        "webhook": replicas,
        "certController": replicas,
    }


def reloader(sizing: Sizing) -> Values:
    """It acts on what bears its annotation, and notes what it did in the pods' template as an annotation: by default
    it adds a variable to the first container, which a deployer takes for a change by hand."""
    several = sizing.replicas > 1
    return {
        "reloader": {
            "reloadStrategy": "annotations",
            # What the program makes of ConfigMaps has a checksum of its own, and Jobs run once.
            "ignoreConfigMaps": True,
            "ignoreJobs": True,
            "ignoreCronJobs": True,
            "enableHA": several,
            "readOnlyRootFileSystem": True,
            "deployment": {"replicas": sizing.replicas},
        }
    }


def prometheus_definitions(_sizing: Sizing) -> Values:
    """The definitions alone, so that they can be there before any operator and stay after it."""
    return {"crds": {"annotations": _KEEP}}


def prometheus_operator(_sizing: Sizing) -> Values:
    """The operator alone: Prometheus, Alertmanager, Grafana, exporters and rules are ours.

    It keeps the Service `kubelet` in kube-system, by which all kubelets are found. The control plane's own parts are
    not scraped: a managed control plane does not show them.
    """
    mine = ("alertmanager", "grafana", "prometheus", "kubeStateMetrics", "nodeExporter", "kubelet")
    ours = {name: {"enabled": False} for name in mine}
    hidden = {name: {"enabled": False} for name in ("kubeControllerManager", "kubeEtcd", "kubeScheduler", "kubeProxy")}
    return {"crds": {"enabled": False}, "defaultRules": {"create": False}, **ours, **hidden}


def istiod(sizing: Sizing) -> Values:
    """At least `replicas`, and the tier's share of traces (Istio counts in percent)."""
    return {"autoscaleMin": sizing.replicas, "traceSampling": sizing.trace_sampling_rate * 100}


def istio_gateway(sizing: Sizing) -> Values:
    """The gateway scales by itself."""
    return {"autoscaling": {"minReplicas": sizing.replicas}}


def flagger(sizing: Sizing) -> Values:
    """Canaries over the environment's mesh (over Istio, if it has none), judged by its own Prometheus."""
    return {
        "meshProvider": PROVIDERS["istio" if sizing.mesh == "none" else sizing.mesh],
        "metricsServer": sizing.metrics_url,
        # Both versions of a service share its ConfigMaps and Secrets; Flagger would copy them for one.
        "configTracking": {"enabled": False},
        "leaderElection": {"enabled": sizing.replicas > 1, "replicaCount": sizing.replicas},
    }


def argo_cd(sizing: Sizing) -> Values:
    """Sync waves wait for an Application only where Argo CD can tell its health, which it is not told by default
    (https://argo-cd.readthedocs.io/en/stable/operator-manual/health/#argocd-app)."""
    replicas = {"replicas": sizing.replicas}
    health = (
        "hs = {status = 'Progressing', message = ''}\n"
        "if obj.status ~= nil and obj.status.health ~= nil then\n"
        "  hs.status = obj.status.health.status\n"
        "  hs.message = obj.status.health.message\n"
        "end\n"
        "return hs\n"
    )
    return {
        "crds": {"install": True, "keep": True},
        "configs": {
            "cm": {"resource.customizations.health.argoproj.io_Application": health},
            # Without it an ApplicationSet syncs all clusters at once.
            "params": {"applicationsetcontroller.enable.progressive.syncs": True},
        },
        "notifications": _argo_notifications(),
        "redis-ha": {"enabled": sizing.replicas > 2},
        "server": replicas,
        "repoServer": replicas,
        "applicationSet": replicas,
    }


def _argo_notifications() -> dict[str, Any]:
    """The triggers that an environment can subscribe to, and what is said; who says it is the notifiers' part."""
    conditions = {
        "on-sync-failed": "app.status?.operationState.phase in ['Error', 'Failed']",
        "on-health-degraded": "app.status.health.status == 'Degraded'",
        "on-deployed": "app.status?.operationState.phase in ['Succeeded'] and app.status.health.status == 'Healthy'",
    }
    message = "message: '{{.app.metadata.name}}: {{.app.status.sync.status}}, {{.app.status.health.status}}'\n"
    return {
        "templates": {"template.app-state": message},
        "triggers": {
            f"trigger.{name}": f'- when: "{when}"\n  send: [app-state]\n' for name, when in conditions.items()
        },
    }


def ingress_nginx(sizing: Sizing) -> Values:
    """One class of its own; snippets in annotations stay forbidden, which is the chart's default."""
    class_ = {"name": sizing.ingress_class, "controllerValue": f"k8s.io/{sizing.ingress_class}"}
    return {"controller": {"replicaCount": sizing.replicas, "ingressClassResource": class_}}


def keda(sizing: Sizing) -> Values:
    """Two of its three parts may run twice; of the operator only one works at a time."""
    replicas = {"replicaCount": sizing.replicas}
    return {
        "crds": {"install": True, "additionalAnnotations": _KEEP},
        "operator": replicas,
        "metricsServer": replicas,
        "webhooks": replicas,
    }


def vertical_pod_autoscaler(sizing: Sizing) -> Values:
    """Its three parts."""
    replicas = {"replicas": sizing.replicas}
    return {"admissionController": replicas, "recommender": replicas, "updater": replicas}


def loki(sizing: Sizing) -> Values:
    """One binary on one volume: enough for some tens of GB a day (the chart's own figure)."""
    period = {
        "from": "2024-04-01",
        "store": "tsdb",
        "object_store": "filesystem",
        "schema": "v13",
        "index": {"prefix": "index_", "period": "24h"},
    }
    return {
        "deploymentMode": "Monolithic",
        "loki": {
            "auth_enabled": False,
            "commonConfig": {"replication_factor": 1},
            "storage": {"type": "filesystem"},
            "schemaConfig": {"configs": [period]},
            "limits_config": {"retention_period": f"{sizing.retention_days * 24}h"},
            "compactor": {"retention_enabled": True, "delete_request_store": "filesystem"},
        },
        "singleBinary": {"replicas": 1, "persistence": _volume(sizing, "storageClass")},
        "chunksCache": {"enabled": False},
        "resultsCache": {"enabled": False},
        "lokiCanary": {"enabled": False},
        "test": {"enabled": False},
    }


def tempo(sizing: Sizing) -> Values:
    """One binary on one volume."""
    days = max(1, sizing.retention_days // 10)
    return {"tempo": {"retention": f"{days * 24}h"}, "persistence": _volume(sizing, "storageClassName")}


def opentelemetry_operator(sizing: Sizing) -> Values:
    """Its webhook's certificate comes from cert-manager, the chart's default."""
    return {"replicaCount": sizing.replicas, "crds": {"create": True, "annotations": _KEEP}}


def opentelemetry_collector(sizing: Sizing) -> Values:
    """A gateway that takes OTLP and sends traces on to Tempo; `memory_limiter` comes first by the chart's default."""
    traces = {"receivers": ["otlp"], "exporters": ["otlp_grpc/tempo"]}
    tempo_ = {"otlp_grpc/tempo": {"endpoint": "tempo.tempo:4317", "tls": {"insecure": True}}}
    return {
        "mode": "deployment",
        "replicaCount": sizing.replicas,
        "image": {"repository": "ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-k8s"},
        "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
        "config": {"exporters": tempo_, "service": {"pipelines": {"traces": traces}}},
    }


def metrics_server(sizing: Sizing) -> Values:
    """A budget only where there is a second replica: one that allows no disruption would block every drain."""
    return {"replicas": sizing.replicas, "podDisruptionBudget": {"enabled": sizing.replicas > 1, "minAvailable": 1}}


def _volume(sizing: Sizing, class_key: str) -> dict[str, Any]:
    volume: dict[str, Any] = {"enabled": True, "size": str(sizing.storage)}
    return volume | ({class_key: sizing.storage_class} if sizing.storage_class else {})
