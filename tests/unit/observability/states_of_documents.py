"""For every alert of the documents: what it watches gone, finished, idle, and stopped on purpose."""

from __future__ import annotations

from collections.abc import Mapping

from tests.unit.observability.series import FEDERATED_RISK, ORDERS, Series, constant
from tests.unit.observability.states import ALWAYS_ON, Ended, Fires, Silent, State, States, Still, level, traffic

NODE_GONE = Ended("A node that is gone was taken away by who scales them; what ran on it is missed by its own alerts.")
NODE = States(NODE_GONE, "A node does not finish.", "What a node says of itself is no rate.", ALWAYS_ON)
CONTAINER_DONE = Ended("A container that has finished uses nothing, and the kubelet tells nothing of it.")
NOT_STOPPED = "It is judged by the application, which says nothing when it is stopped."


def container(namespace: str) -> States:
    """The page cache is no use of memory: idle containers are full of it."""
    labels = f'namespace="{namespace}",pod="rust-app-0",container="main"'
    values = {"memory_usage": 99, "memory_working_set": 40, "spec_memory_limit": 100}
    cached = {f"container_{name}_bytes{{{labels}}}": constant(value) for name, value in values.items()}
    return States(Ended(told_by="WorkloadDown"), CONTAINER_DONE, Silent(cached), "As what is gone, it uses nothing.")


def target(namespace: str, job: str, others: tuple[str, ...] = ()) -> States:
    """The exporter of what is gone is gone with it; what is scaled to zero is meant to be."""
    up = {f'up{{namespace="{namespace}",job="{one}",instance="a"}}': constant(1) for one in others if one != job}
    scaled = {f'kube_deployment_spec_replicas{{namespace="{namespace}",deployment="{job}"}}': constant(0)}
    return States(Fires(up), "A server does not finish.", "It asks whether it answers.", Silent({**up, **scaled}))


def replicas(wanted: int, available: int) -> Series:
    labels = 'namespace="a",deployment="b"'
    return {
        f"kube_deployment_spec_replicas{{{labels}}}": constant(wanted),
        f"kube_deployment_status_replicas_available{{{labels}}}": constant(available),
    }


def instance(wanted: int) -> Series:
    """A tenant's Deployment without any pod."""
    labels = 'namespace="astrbot",deployment="astrbot-instance-acme"'
    return {
        f"kube_deployment_spec_replicas{{{labels}}}": constant(wanted),
        f"kube_deployment_status_replicas_available{{{labels}}}": constant(0),
    }


def pod(phase: str) -> Series:
    """One that is not ready, in a phase."""
    labels = 'namespace="a",pod="b"'
    return {
        f'kube_pod_status_ready{{{labels},condition="false"}}': constant(1),
        f'kube_pod_status_phase{{{labels},phase="{phase}"}}': constant(1),
    }


def look_ups(per_minute: int) -> Series:
    """A cache whose hit rate is 0."""
    labels = 'namespace="cloudlens",job="api",instance="a"'
    counters = {f"cloudlens_cache_{name}_total{{{labels}}}": f"0+{per_minute}x90" for name in ("hits", "misses")}
    return {f"cloudlens_cache_hit_rate{{{labels}}}": constant(0), **counters}


_RESTARTS: State = Silent(
    {'kube_pod_container_status_restarts_total{namespace="cloudlens",pod="a",container="b"}': constant(7)}
)
_LOOPING = States(Ended(told_by="WorkloadDown"), _RESTARTS, Still(), "What is stopped does not restart.")
_DEPLOYMENT_GONE = Ended("A Deployment that is removed is wanted no more; a service is missed.", "ServiceMissing")

STATES: Mapping[tuple[str, str], States] = {
    ("astrbot", "HighAPILatency"): traffic("ServiceMissing"),
    ("astrbot", "HighErrorRate"): traffic("ServiceMissing"),
    ("astrbot", "HighMemoryUsage"): container("astrbot"),
    ("astrbot", "AstrBotInstanceDown"): States(
        Fires(instance(1)), "A tenant's instance does not finish.", "It asks whether it answers.", Silent(instance(0))
    ),
    ("cloudlens", "HighErrorRate"): traffic("ServiceMissing"),
    ("cloudlens", "HighLatency"): traffic("ServiceMissing"),
    ("cloudlens", "LowCacheHitRate"): level("ServiceMissing", idle=Silent(look_ups(0))),
    ("cloudlens", "PodCrashLooping"): _LOOPING,
    ("orders", "HighErrorRate"): traffic("ServiceMissing"),
    ("orders", "HighLatency"): traffic("ServiceMissing"),
    ("orders", "PodDown"): target("orders", "rust-app"),
    ("orders", "HighMemoryUsage"): container("orders"),
    ("orders", "ServiceDown"): target("orders", "rust-app", ORDERS),
    ("orders", "HighCPU"): traffic("ServiceMissing"),
    ("orders", "RustAppDown"): target("orders", "rust-app"),
    ("multicluster", "NodeNotReady"): NODE,
    ("multicluster", "NodeMemoryPressure"): NODE,
    ("multicluster", "NodeDiskPressure"): NODE,
    ("multicluster", "PodCrashLooping"): _LOOPING,
    ("multicluster", "PodNotReady"): States(
        Ended(told_by="WorkloadDown"),
        Silent({**pod("Succeeded"), **{name.replace('"b"', '"c"'): one for name, one in pod("Failed").items()}}),
        "Readiness is no rate: an idle pod is ready.",
        "What is scaled to zero has no pods.",
    ),
    ("multicluster", "HighCPUUsage"): States(NODE_GONE, NODE.finished, Still(), ALWAYS_ON),
    ("multicluster", "HighMemoryUsage"): NODE,
    ("multicluster", "DeploymentReplicasMismatch"): States(
        _DEPLOYMENT_GONE, "A Deployment does not finish.", "Idle pods are available.", Silent(replicas(0, 0))
    ),
    ("multicluster", "HighErrorRate"): traffic("ServiceMissing"),
    ("multicluster", "HighLatency"): traffic("ServiceMissing"),
    ("federated-risk", "ServiceDown"): target("federated-risk", "psi-service", FEDERATED_RISK),
    ("federated-risk", "HighErrorRate"): traffic("ServiceMissing"),
    ("federated-risk", "HighLatency"): traffic("ServiceMissing"),
    ("federated-risk", "HighMemoryUsage"): NODE,
    ("federated-risk", "HighCPUUsage"): States(
        NODE_GONE,
        NODE.finished,
        Silent({'node_cpu_seconds_total{instance="a",mode="idle"}': "0+60x90"}),
        ALWAYS_ON,
    ),
    ("federated-risk", "DiskSpaceLow"): NODE,
    ("federated-risk", "DatabaseConnectionHigh"): level("PostgresqlDown"),
    ("federated-risk", "PSIPerformanceDegraded"): traffic("ServiceMissing"),
    ("federated-risk", "ModelInferenceSlowdown"): traffic("ServiceMissing"),
    ("federated-risk", "PrivacyBudgetLow"): level("ServiceMissing", stopped=NOT_STOPPED),
}
