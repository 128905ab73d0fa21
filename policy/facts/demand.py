"""What the pods of an environment ask of nodes: how many of each sort there are, how many at the most, and their size.

Those that operators make are counted from their custom resources, with the sidecars that come into them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from policy.facts.kinds import KINDS
from policy.facts.values import at, items, mapping, quantity, text

Body = Mapping[str, Any]
_SCALERS = {
    "HorizontalPodAutoscaler": ("minReplicas", "maxReplicas"),
    "ScaledObject": ("minReplicaCount", "maxReplicaCount"),
}
_TEMPLATES = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
_OF_MONITORING = ("Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler")
# Annotations by which Istio sizes the proxy that it puts into a pod.
_PROXY = {"cpu": "sidecar.istio.io/proxyCPU", "memory": "sidecar.istio.io/proxyMemory"}


class Size(NamedTuple):
    """CPU in cores and memory in bytes."""

    cpu: float
    memory: float

    def fits(self, other: Size) -> bool:
        """Whether it is no more than the other in both."""
        return self.cpu <= other.cpu and self.memory <= other.memory

    def plus(self, other: Size) -> Size:
        """The sum of both."""
        return Size(self.cpu + other.cpu, self.memory + other.memory)

    def times(self, factor: float) -> Size:
        """As many of it."""
        return Size(self.cpu * factor, self.memory * factor)

    def __str__(self) -> str:
        return f"{self.cpu:g} CPU and {self.memory / 2**30:.3g} GiB"


def size(amounts: Mapping[str, Any]) -> Size:
    """The CPU and memory of a list of resources; what is no quantity counts as nothing."""
    return Size(quantity(amounts.get("cpu", 0)) or 0.0, quantity(amounts.get("memory", 0)) or 0.0)


@dataclass(frozen=True, kw_only=True)
class Pods:
    """Equal pods of one object: what each requests, how many there are usually, and at the most during an update.

    `everywhere` is one on each node, whatever the figures; `bound` are those that stay in the zone of their volume.
    """

    title: str
    namespace: str
    request: Size
    usual: int
    most: int
    everywhere: bool = False
    bound: bool = False


def demand(objects: Sequence[Body]) -> list[Pods]:
    """All sorts of pods that an environment's objects bring into being."""
    scaled = {key: figures for body in objects for key, figures in _scaled(body)}
    archivers = {
        (_namespace(body), _name(body)): size(
            mapping(at(body, "spec", "instanceSidecarConfiguration", "resources", "requests"))
        )
        for body in objects
        if body.get("kind") == "ObjectStore"
    }
    released = {
        (_namespace(body), text(at(body, "spec", "targetRef", "name")))
        for body in objects
        if body.get("kind") == "Canary"
    }
    found: list[Pods] = []
    for body in objects:
        kind, key = body.get("kind"), (_namespace(body), _name(body))
        if kind in _TEMPLATES:
            found.append(_of_template(body, scaled.get(key), released=key in released))
        elif _object_type(body) not in KINDS:
            # Another group's kind of one of the names below.
            continue
        elif kind == "Cluster":
            found.append(_postgresql(body, archivers))
        elif kind in _OTHERS:
            found.extend(_OTHERS[str(kind)](body))
    return found


def _of_template(body: Body, scaled: tuple[int, int] | None, *, released: bool) -> Pods:
    kind = body["kind"]
    template = (
        at(body, "spec", "jobTemplate", "spec", "template") if kind == "CronJob" else at(body, "spec", "template")
    )
    usual, most = scaled or (_count(body, "replicas"),) * 2
    if kind in ("Job", "CronJob"):
        usual, most = 0, 1
    elif kind == "Deployment":
        most += _surge(body, most)
    claims = bool(items(at(body, "spec", "volumeClaimTemplates"))) or any(
        "persistentVolumeClaim" in mapping(one) for one in items(at(template, "spec", "volumes"))
    )
    return Pods(
        title=_title(body),
        namespace=_namespace(body),
        request=pod_size(mapping(template)),
        usual=usual,
        # Flagger's stable version beside the one under trial.
        most=most * (2 if released else 1),
        everywhere=kind == "DaemonSet",
        bound=claims,
    )


def pod_size(template: Mapping[str, Any]) -> Size:
    """What a pod of a template requests: the sum of its containers, or its largest init container; and its proxy."""
    spec = mapping(template.get("spec"))
    running = [_requests(one) for one in items(spec.get("containers"))]
    first: list[Size] = []
    for one in items(spec.get("initContainers")):
        # An init container that restarts always is a sidecar: it runs as long as the pod does.
        (running if mapping(one).get("restartPolicy") == "Always" else first).append(_requests(one))
    whole = _sum(running)
    largest = Size(max([whole.cpu, *(one.cpu for one in first)]), max([whole.memory, *(one.memory for one in first)]))
    annotations = mapping(at(template, "metadata", "annotations"))
    return largest.plus(size({key: annotations.get(name, 0) for key, name in _PROXY.items()}))


def _surge(body: Body, replicas: int) -> int:
    if at(body, "spec", "strategy", "type") == "Recreate":
        return 0
    surge = at(body, "spec", "strategy", "rollingUpdate", "maxSurge")
    stated = "25%" if surge is None else str(surge)
    return math.ceil(replicas * float(stated[:-1]) / 100) if stated.endswith("%") else int(float(stated))


def _postgresql(body: Body, archivers: Mapping[tuple[str, str], Size]) -> Pods:
    spec = mapping(body["spec"])
    named = {text(at(one, "parameters", "barmanObjectName")) for one in items(spec.get("plugins")) if mapping(one)}
    beside = [archivers[_namespace(body), name] for name in sorted(named) if (_namespace(body), name) in archivers]
    instances = _count(body, "instances")
    return Pods(
        title=_title(body),
        namespace=_namespace(body),
        request=_sum([_requests(spec), *beside]),
        usual=instances,
        # One more joins while another is replaced.
        most=instances + 1,
        bound=True,
    )


def _pooler(body: Body) -> Iterator[Pods]:
    instances = _count(body, "instances")
    yield Pods(
        title=_title(body),
        namespace=_namespace(body),
        request=pod_size(mapping(at(body, "spec", "template"))),
        usual=instances,
        most=instances + _surge({"spec": {"strategy": at(body, "spec", "deploymentStrategy")}}, instances),
    )


def _redis(body: Body) -> Iterator[Pods]:
    spec = mapping(body["spec"])
    request = _sum([_requests(spec.get("kubernetesConfig")), _requests(spec.get("redisExporter"))])
    shards = int(quantity(spec.get("clusterSize", 0)) or 0)
    roles = {"leader": shards, "follower": shards} if body["kind"] == "RedisCluster" else {"": 1}
    for role, pods in roles.items():
        own = int(quantity(at(spec, f"redis{role.title()}", "replicas") or 0) or pods) if role else pods
        yield Pods(
            title=f"{_title(body)} {role}".rstrip(),
            namespace=_namespace(body),
            request=request,
            usual=own,
            most=own,
            bound=bool(at(spec, "storage", "volumeClaimTemplate")),
        )


def _of_monitoring(body: Body) -> Iterator[Pods]:
    spec = mapping(body["spec"])
    beside = [_requests(one) for one in items(spec.get("containers"))]
    replicas = _count(body, "replicas")
    yield Pods(
        title=_title(body),
        namespace=_namespace(body),
        request=_sum([_requests(spec), _requests(spec.get("thanos")), *beside]),
        usual=replicas,
        most=replicas,
        bound=bool(at(spec, "storage", "volumeClaimTemplate")),
    )


_OTHERS: Mapping[str, Callable[[Body], Iterator[Pods]]] = {
    "Pooler": _pooler,
    "Redis": _redis,
    "RedisCluster": _redis,
    **dict.fromkeys(_OF_MONITORING, _of_monitoring),
}


def _scaled(body: Body) -> Iterator[tuple[tuple[str, str], tuple[int, int]]]:
    if body.get("kind") in _SCALERS:
        least, most = (quantity(at(body, "spec", key)) for key in _SCALERS[str(body["kind"])])
        target = text(at(body, "spec", "scaleTargetRef", "name"))
        yield (_namespace(body), target), (int(1 if least is None else least), int(most or 1))


def _requests(container: Any) -> Size:
    return size(mapping(at(container, "resources", "requests")))


def _sum(sizes: Sequence[Size]) -> Size:
    return Size(sum(one.cpu for one in sizes), sum(one.memory for one in sizes))


def _count(body: Body, field: str) -> int:
    amount = quantity(at(body, "spec", field))
    return 1 if amount is None else int(amount)


def _object_type(body: Body) -> str:
    return f"{text(body.get('apiVersion')).rpartition('/')[0]}/{body.get('kind')}"


def _name(body: Body) -> str:
    return text(at(body, "metadata", "name"))


def _namespace(body: Body) -> str:
    return text(at(body, "metadata", "namespace"))


def _title(body: Body) -> str:
    return f"{body['kind']} {_namespace(body)}/{_name(body)}"
