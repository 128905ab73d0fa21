"""The kubelet of every node: how full volumes are (`kubelet_volume_stats_*`), and by cAdvisor what containers use
(`container_*`).
"""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.kubernetes.naming import Scope
from components.monitoring import catalogue
from components.monitoring.monitors import Endpoint, service_monitor

NAME = "kubelet"
# The Prometheus operator keeps a Service of this name with the addresses of all nodes (its --kubelet-service).
_SERVICE = {"app.kubernetes.io/name": "kubelet", "k8s-app": "kubelet"}
_NAMESPACE = "kube-system"
_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def endpoints() -> list[Endpoint]:
    """The paths of the kubelet's port that serve metrics to whoever may read `nodes/metrics`: its own, and cAdvisor's.

    Of some hundred series a container only those of the catalogue are kept: nothing else can be read anyway. A
    kubelet's certificate is its own, which no authority of the cluster has signed unless somebody sees to that.
    """
    kept = "|".join(sorted(catalogue.SOURCES[NAME]))
    return [_endpoint(path, kept) for path in ("/metrics", "/metrics/cadvisor")]


def _endpoint(path: str, kept: str) -> Endpoint:
    return Endpoint(
        port="https-metrics",
        path=path,
        scheme="https",
        tls_config={"caFile": f"{_ACCOUNT}/ca.crt", "insecureSkipVerify": True},
        token_file=f"{_ACCOUNT}/token",
        honor_labels=True,
        metric_relabelings=[{"sourceLabels": ["__name__"], "regex": kept, "action": "keep"}],
    )


def kubelet_monitor(name: str, *, scope: Scope, opts: pulumi.ResourceOptions) -> CustomResource:
    """The ServiceMonitor of all kubelets. Only of kube-system: whoever made such a Service elsewhere would be sent
    Prometheus' token.
    """
    return service_monitor(
        name, scope=scope, component=NAME, selector=_SERVICE, namespace=_NAMESPACE, endpoints=endpoints(), opts=opts
    )
