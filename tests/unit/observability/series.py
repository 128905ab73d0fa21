"""For every alert, series that fire it and series that do not, in promtool's notation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Series = Mapping[str, str]


class Case(NamedTuple):
    """One sample a minute each; `loud` fires the alert, `quiet` comes close to it."""

    loud: Series
    quiet: Series


def constant(value: float) -> str:
    return f"{value}x90"


def counter(per_minute: float) -> str:
    return f"0+{per_minute}x90"


def gauge(metric: str, loud: float, quiet: float) -> Case:
    return Case({metric: constant(loud)}, {metric: constant(quiet)})


def errors(namespace: str) -> Case:
    """Of 100 requests a minute, 6 or 4 fail: the documents all say 5 %."""
    ok, bad = (f'http_requests_total{{namespace="{namespace}",job="api",status="{code}"}}' for code in (200, 503))
    return Case({ok: counter(94), bad: counter(6)}, {ok: counter(96), bad: counter(4)})


def latency(namespace: str, below: float, above: float, metric: str = "http_request_duration_seconds") -> Case:
    """Nine of ten requests are faster than `below`; the tenth is slower, or is not."""
    labels = f'namespace="{namespace}",job="api"'
    slow = {f'{metric}_bucket{{{labels},le="{below}"}}': counter(90)}
    slow |= {f'{metric}_bucket{{{labels},le="{le}"}}': counter(100) for le in (above, "+Inf")}
    return Case(slow, {series: counter(100) for series in slow})


def mean(metric: str, loud: float, quiet: float) -> Case:
    """A sum of seconds that grows by ten times the mean while ten are counted."""
    count, total = (f"{metric}_{part}" + '{namespace="federated-risk"}' for part in ("count", "sum"))
    return Case(
        {count: counter(10), total: counter(loud * 10)},
        {count: counter(10), total: counter(quiet * 10)},
    )


def memory(namespace: str, pod: str = "rust-app-0") -> Case:
    labels = f'namespace="{namespace}",pod="{pod}",container="main"'
    used, limit = (f"container_{name}_bytes{{{labels}}}" for name in ("memory_working_set", "spec_memory_limit"))
    return Case({used: constant(95), limit: constant(100)}, {used: constant(89), limit: constant(100)})


def down(namespace: str, job: str) -> Case:
    return gauge(f'up{{namespace="{namespace}",job="{job}",instance="10.0.0.1:8080"}}', 0, 1)


def any_down(namespace: str, *jobs: str) -> Case:
    """The first does not answer, or all do."""
    found = [f'up{{namespace="{namespace}",job="{job}",instance="10.0.0.1:8080"}}' for job in jobs]
    every = {one: constant(1) for one in found}
    return Case({**every, found[0]: constant(0)}, every)


def restarts(namespace: str) -> Case:
    series = f'kube_pod_container_status_restarts_total{{namespace="{namespace}",pod="a",container="b"}}'
    return Case({series: counter(1)}, {series: constant(7)})


def condition(name: str, status: str) -> Case:
    return gauge(f'kube_node_status_condition{{node="a",condition="{name}",status="{status}"}}', 1, 0)


def node_share(used: str, capacity: str, *, rate: bool) -> Case:
    """Of a capacity of 10, 9.5 or 7 are used."""
    value = (lambda amount: counter(amount * 60)) if rate else constant
    return Case({used: value(9.5), capacity: constant(10)}, {used: value(7), capacity: constant(10)})


def filled(available: str, size: str) -> Case:
    return Case({available: constant(10), size: constant(100)}, {available: constant(20), size: constant(100)})


ORDERS = ("rust-app", "rust-stateful-app", "multi-service")
FEDERATED_RISK = ("consent-service", "psi-service", "model-serving")
_NODE_CPU = 'node_cpu_seconds_total{instance="a",mode="idle"}'
_REPLICAS = 'kube_deployment_{}{{namespace="a",deployment="b"}}'
_ORDERS = [f'http_{name}_total{{namespace="orders",job="api"}}' for name in ("errors", "requests")]
_CONTAINER = 'namespace="a",pod="b",container="c",node="n"'
_CAPACITY = 'kube_node_status_capacity{{node="n",resource="{}"}}'

CASES: Mapping[tuple[str, str], Case] = {
    ("astrbot", "HighAPILatency"): latency("astrbot", 0.25, 1.0),
    ("astrbot", "HighErrorRate"): errors("astrbot"),
    ("astrbot", "HighMemoryUsage"): memory("astrbot"),
    ("astrbot", "AstrBotInstanceDown"): down("astrbot", "astrbot-instance"),
    ("cloudlens", "HighErrorRate"): Case(
        {'cloudlens_api_errors_total{namespace="cloudlens",job="api"}': counter(7)},
        {'cloudlens_api_errors_total{namespace="cloudlens",job="api"}': counter(5)},
    ),
    ("cloudlens", "HighLatency"): latency("cloudlens", 500, 2000, "cloudlens_api_duration_ms"),
    ("cloudlens", "LowCacheHitRate"): gauge('cloudlens_cache_hit_rate{namespace="cloudlens"}', 0.4, 0.6),
    ("cloudlens", "PodCrashLooping"): restarts("cloudlens"),
    ("orders", "HighErrorRate"): Case(
        dict(zip(_ORDERS, (counter(6), counter(100)), strict=True)),
        dict(zip(_ORDERS, (counter(4), counter(100)), strict=True)),
    ),
    ("orders", "HighLatency"): latency("orders", 0.5, 2.0),
    ("orders", "PodDown"): down("orders", "rust-app"),
    ("orders", "HighMemoryUsage"): memory("orders"),
    ("orders", "ServiceDown"): any_down("orders", *ORDERS),
    ("orders", "HighCPU"): Case(
        {'process_cpu_seconds_total{namespace="orders"}': counter(54)},
        {'process_cpu_seconds_total{namespace="orders"}': counter(42)},
    ),
    ("orders", "RustAppDown"): down("orders", "rust-app"),
    ("multicluster", "NodeNotReady"): condition("Ready", "false"),
    ("multicluster", "NodeMemoryPressure"): condition("MemoryPressure", "true"),
    ("multicluster", "NodeDiskPressure"): condition("DiskPressure", "true"),
    ("multicluster", "PodCrashLooping"): restarts("anywhere"),
    ("multicluster", "PodNotReady"): gauge('kube_pod_status_ready{namespace="a",pod="b",condition="false"}', 1, 0),
    ("multicluster", "HighCPUUsage"): node_share(
        f"container_cpu_usage_seconds_total{{{_CONTAINER}}}", _CAPACITY.format("cpu"), rate=True
    ),
    ("multicluster", "HighMemoryUsage"): node_share(
        f"container_memory_working_set_bytes{{{_CONTAINER}}}", _CAPACITY.format("memory"), rate=False
    ),
    ("multicluster", "DeploymentReplicasMismatch"): Case(
        {_REPLICAS.format("spec_replicas"): constant(3), _REPLICAS.format("status_replicas_available"): constant(2)},
        {_REPLICAS.format("spec_replicas"): constant(3), _REPLICAS.format("status_replicas_available"): constant(3)},
    ),
    ("multicluster", "HighErrorRate"): errors("multicluster"),
    ("multicluster", "HighLatency"): latency("multicluster", 0.5, 2.0),
    ("federated-risk", "ServiceDown"): any_down("federated-risk", *FEDERATED_RISK),
    ("federated-risk", "HighErrorRate"): errors("federated-risk"),
    ("federated-risk", "HighLatency"): latency("federated-risk", 0.25, 1.0),
    ("federated-risk", "HighMemoryUsage"): filled(
        'node_memory_MemAvailable_bytes{instance="a"}', 'node_memory_MemTotal_bytes{instance="a"}'
    ),
    ("federated-risk", "HighCPUUsage"): Case({_NODE_CPU: counter(6)}, {_NODE_CPU: counter(18)}),
    ("federated-risk", "DiskSpaceLow"): filled(
        'node_filesystem_avail_bytes{instance="a",fstype="ext4"}',
        'node_filesystem_size_bytes{instance="a",fstype="ext4"}',
    ),
    ("federated-risk", "DatabaseConnectionHigh"): gauge(
        'cnpg_backends_total{namespace="federated-risk",instance="a"}', 81, 80
    ),
    ("federated-risk", "PSIPerformanceDegraded"): mean("psi_intersection_duration_seconds", 11, 9),
    ("federated-risk", "ModelInferenceSlowdown"): mean("model_inference_duration_seconds", 1.2, 0.8),
    ("federated-risk", "PrivacyBudgetLow"): gauge('privacy_budget_remaining{namespace="federated-risk"}', 0.1, 0.3),
}
