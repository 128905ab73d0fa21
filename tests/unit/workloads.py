"""What runs in an environment: the pods of Deployments and StatefulSets, and those that operators make."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from components.kubernetes.quantity import Bytes, Cpu
from graph.model import Graph
from tests.unit.recordings import Body, objects


@dataclass(frozen=True)
class Workload:
    """Equal pods: their labels, the resources of each of their containers, and how many there can be at a time."""

    title: str
    namespace: str
    labels: Mapping[str, str]
    containers: Sequence[Body]
    pods: int
    volumes: int = 0
    volume: Bytes = Bytes(0)

    def total(self, bound: str, resource: str) -> int:
        """`requests` or `limits` of all its pods: millicores of cpu, bytes of memory."""
        parse = Cpu.parse if resource == "cpu" else Bytes.parse
        return self.pods * sum(parse(one["resources"][bound][resource]).amount for one in self.containers)


def workloads(graph: Graph) -> list[Workload]:
    """Everything of an environment that makes pods."""
    autoscalers = {
        (body["metadata"]["namespace"], body["spec"]["scaleTargetRef"]["name"]): int(body["spec"]["maxReplicas"])
        for body in objects(graph, "HorizontalPodAutoscaler")
    }
    autoscalers |= {
        (body["metadata"]["namespace"], body["spec"]["scaleTargetRef"]["name"]): int(body["spec"]["maxReplicaCount"])
        for body in objects(graph, "ScaledObject")
    }
    claims = {
        (body["metadata"]["namespace"], body["metadata"]["name"]): body["spec"]
        for body in objects(graph, "PersistentVolumeClaim")
    }
    return [
        *(_deployment(body, autoscalers, claims) for body in objects(graph, "Deployment")),
        *(_stateful_set(body, autoscalers) for body in objects(graph, "StatefulSet")),
        *(_from_template(body, most_nodes(graph)) for body in objects(graph, "DaemonSet")),
        *(_postgresql(body, _archiver(graph, body)) for body in objects(graph, "Cluster")),
        *(_pooler(body) for body in objects(graph, "Pooler")),
        *(_job(body, body["spec"]) for body in objects(graph, "Job")),
        *(_job(body, body["spec"]["jobTemplate"]["spec"]) for body in objects(graph, "CronJob")),
        *(workload for body in objects(graph, "Redis", "RedisCluster") for workload in _redis(body)),
        *(_monitoring(body) for body in objects(graph, "Prometheus", "PrometheusAgent", "Alertmanager")),
        *(_monitoring(body, "thanos-ruler") for body in objects(graph, "ThanosRuler")),
    ]


def most_nodes(graph: Graph) -> int:
    """The most nodes that the environment's cluster may have: one pod of each DaemonSet on each."""
    return sum(int(pool["most"]) for pool in graph.outputs["node_pools"])


def selects(selector: Mapping[str, str], workload: Workload) -> bool:
    """Whether a label selector matches the workload's pods."""
    return selector.items() <= workload.labels.items()


def _deployment(
    body: Body, autoscalers: Mapping[tuple[str, str], int], claims: Mapping[tuple[str, str], Body]
) -> Workload:
    namespace = body["metadata"]["namespace"]
    replicas = autoscalers.get((namespace, body["metadata"]["name"])) or int(body["spec"].get("replicas", 1))
    mounted = [
        claims[namespace, volume["persistentVolumeClaim"]["claimName"]]
        for volume in body["spec"]["template"]["spec"].get("volumes", [])
        if "persistentVolumeClaim" in volume
    ]
    if body["spec"]["strategy"]["type"] == "Recreate":
        return _from_template(body, replicas, mounted[0])
    assert not [one for one in mounted if "ReadWriteMany" not in one["accessModes"]], (
        "a second pod could not mount the volume while the first one is there"
    )
    surge = body["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
    more = math.ceil(replicas * int(surge.rstrip("%")) / 100) if str(surge).endswith("%") else int(surge)
    return _from_template(body, replicas + more)


def _stateful_set(body: Body, autoscalers: Mapping[tuple[str, str], int]) -> Workload:
    key = (body["metadata"]["namespace"], body["metadata"]["name"])
    replicas = autoscalers.get(key) or int(body["spec"]["replicas"])
    claims = body["spec"]["volumeClaimTemplates"]
    assert len(claims) == 1, "the model counts one volume a pod"
    return _from_template(body, replicas, claims[0]["spec"])


def _job(body: Body, spec: Body) -> Workload:
    template = spec["template"]
    claims = [
        one["ephemeral"]["volumeClaimTemplate"]["spec"] for one in template["spec"]["volumes"] if "ephemeral" in one
    ]
    assert len(claims) <= 1, "the model counts one volume a pod"
    return _from_template({**body, "spec": spec}, 1, claims[0] if claims else None)


def _from_template(body: Body, pods: int, claim: Body | None = None) -> Workload:
    template = body["spec"]["template"]
    return Workload(
        title=f"{body['kind']} {body['metadata']['name']}",
        namespace=body["metadata"]["namespace"],
        labels=template["metadata"]["labels"],
        containers=[*template["spec"].get("initContainers", []), *template["spec"]["containers"]],
        pods=pods,
        volumes=pods if claim else 0,
        volume=Bytes.parse(claim["resources"]["requests"]["storage"]) if claim else Bytes(0),
    )


def _archiver(graph: Graph, cluster: Body) -> Body:
    """What the Barman Cloud plugin's container may take: as the ObjectStore says that the cluster archives to."""
    name = cluster["spec"]["plugins"][0]["parameters"]["barmanObjectName"]
    (store,) = (
        one
        for one in objects(graph, "ObjectStore")
        if (one["metadata"]["namespace"], one["metadata"]["name"]) == (cluster["metadata"]["namespace"], name)
    )
    found: Body = store["spec"]["instanceSidecarConfiguration"]["resources"]
    return found


def _postgresql(body: Body, archiver: Body) -> Workload:
    # The labels that CloudNativePG gives to the pods of a cluster, and those it is told to hand on.
    spec, name = body["spec"], body["metadata"]["name"]
    return Workload(
        title=f"Cluster {name}",
        namespace=body["metadata"]["namespace"],
        labels={"cnpg.io/cluster": name, "cnpg.io/podRole": "instance", **spec["inheritedMetadata"]["labels"]},
        # The archiver is the Barman Cloud plugin's, which it puts into every instance.
        containers=[
            {"name": "postgres", "resources": spec["resources"]},
            {"name": "archiver", "resources": archiver},
        ],
        pods=int(spec["instances"]),
        volumes=int(spec["instances"]) * 2,
        # Data and WAL, as the mean of two volumes.
        volume=Bytes(
            (Bytes.parse(spec["storage"]["size"]).amount + Bytes.parse(spec["walStorage"]["size"]).amount) // 2
        ),
    )


def _pooler(body: Body) -> Workload:
    # The labels that CloudNativePG gives to the pods of a pooler; the first is the cluster's own too.
    spec, name = body["spec"], body["metadata"]["name"]
    operators = {"cnpg.io/cluster": spec["cluster"]["name"], "cnpg.io/poolerName": name, "cnpg.io/podRole": "pooler"}
    return Workload(
        title=f"Pooler {name}",
        namespace=body["metadata"]["namespace"],
        labels=operators | spec["template"]["metadata"]["labels"],
        containers=spec["template"]["spec"]["containers"],
        pods=int(spec["instances"]) + 1,
    )


def _redis(body: Body) -> Iterator[Workload]:
    # The labels that the operator gives to the pods of each role; it adds those of the custom resource.
    spec, name, cluster = body["spec"], body["metadata"]["name"], body["kind"] == "RedisCluster"
    for role in ("leader", "follower") if cluster else ("standalone",):
        pods = int(spec[f"redis{role.title()}"]["replicas"]) if cluster else 1
        own = {"app": f"{name}-{role}", "cluster": name, "redis_setup_type": "cluster"}
        labels = own if cluster else {"app": name, "redis_setup_type": "standalone"}
        yield Workload(
            title=f"{body['kind']} {name} {role}",
            namespace=body["metadata"]["namespace"],
            labels={**body["metadata"]["labels"], **labels, "role": role},
            containers=[
                {"name": "redis", "resources": spec["kubernetesConfig"]["resources"]},
                {"name": "exporter", "resources": spec["redisExporter"]["resources"]},
            ],
            pods=pods,
            volumes=pods,
            volume=Bytes.parse(spec["storage"]["volumeClaimTemplate"]["spec"]["resources"]["requests"]["storage"]),
        )


def _monitoring(body: Body, application: str | None = None) -> Workload:
    # The labels that the Prometheus operator gives to its pods, and those it is told to.
    spec, name, kind = body["spec"], body["metadata"]["name"], application or body["kind"].lower()
    own = {"app.kubernetes.io/name": kind, "app.kubernetes.io/instance": name, kind: name}
    sidecar = [{"name": "thanos-sidecar", "resources": spec["thanos"]["resources"]}] if "thanos" in spec else []
    return Workload(
        title=f"{body['kind']} {name}",
        namespace=body["metadata"]["namespace"],
        labels={**spec["podMetadata"]["labels"], **own},
        containers=[{"name": kind, "resources": spec["resources"]}, *spec["containers"], *sidecar],
        pods=int(spec["replicas"]),
        volumes=int(spec["replicas"]),
        volume=Bytes.parse(spec["storage"]["volumeClaimTemplate"]["spec"]["resources"]["requests"]["storage"]),
    )
