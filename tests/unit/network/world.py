"""A cluster with one pod of each sort that an environment's objects make, each with an address, and what is beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

from graph.model import Graph
from policy.facts.inventory import selects
from tests.unit.recordings import Body, objects
from tests.unit.workloads import workloads

_NAME = "kubernetes.io/metadata.name"
_TEMPLATES = {
    "Deployment": ("template",),
    "StatefulSet": ("template",),
    "DaemonSet": ("template",),
    "Job": ("template",),
    "CronJob": ("jobTemplate", "spec", "template"),
}
# The ports of pods that operators make, by the names that they give them.
_OPERATED: Mapping[str, Mapping[str, int]] = {
    "Cluster": {"postgresql": 5432, "metrics": 9187, "status": 8000},
    "Pooler": {"pgbouncer": 5432, "metrics": 9127},
    "Redis": {"redis-client": 6379, "redis-exporter": 9121},
    "RedisCluster": {"redis-client": 6379, "redis-exporter": 9121, "redis-bus": 16379},
    "Prometheus": {"web": 9090, "http": 10902, "grpc": 10901},
    "PrometheusAgent": {"web": 9090},
    "Alertmanager": {"web": 9093},
    "ThanosRuler": {"web": 10902, "grpc": 10901},
}
# The kinds whose pods ask the API server by themselves.
_ASKING = frozenset({"Cluster", "Pooler", "Prometheus", "PrometheusAgent"})


@dataclass(frozen=True)
class Pod:
    """A pod: by what made it, where it is, its account, the spec of its template (empty of an operator's)."""

    title: str
    namespace: str
    labels: Mapping[str, str]
    address: str
    ports: Mapping[str, int]
    account: str = ""
    spec: Body = field(default_factory=dict)
    body: Body = field(default_factory=dict)
    asks_api: bool = False

    def __str__(self) -> str:
        return f"{self.title} in {self.namespace}"


@dataclass(frozen=True)
class Service:
    """A Service; without an `address` it is headless, and its name means the pods themselves."""

    name: str
    namespace: str
    selector: Mapping[str, str]
    ports: Mapping[int, int | str]
    address: str | None

    def __str__(self) -> str:
        return f"Service {self.name} in {self.namespace}"


@dataclass(frozen=True)
class Place:
    """An address that is no pod's. A connection to the Service of the API server comes to `behind` it."""

    name: str
    address: str
    behind: str = ""
    node: bool = False

    def __str__(self) -> str:
        return f"{self.name} ({self.address})"


INTERNET = Place("the internet", "52.219.170.1")
METADATA = Place("the nodes' credentials", "169.254.169.254")
POD_IDENTITY = Place("the agent of Pod Identity", "169.254.170.23")
DNS = Pod("coredns", "kube-system", {"k8s-app": "kube-dns"}, "", {"dns": 53})
_OTHERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "ingress controller": ("ingress-nginx", {"app.kubernetes.io/name": "ingress-nginx"}),
    "mesh gateway": ("istio-ingress", {"istio": "ingressgateway"}),
    "istiod": ("istio-system", {"app": "istiod"}),
    "postgresql operator": ("cnpg-system", {"app.kubernetes.io/name": "cloudnative-pg"}),
    "redis operator": ("redis-operator", {"name": "redis-operator"}),
    "keda": ("keda", {"app": "keda-operator"}),
    "flagger": ("flagger-system", {"app.kubernetes.io/name": "flagger"}),
    "stranger": ("default", {"app": "stranger"}),
}


class World:
    """Everything of an environment that sends or gets a connection; `own` are the pods that its policies are about."""

    def __init__(self, graph: Graph) -> None:
        eks = next((one.inputs for one in graph if one.type == "aws:eks/cluster:Cluster"), None)
        vpc = next((one.inputs for one in graph if one.type == "aws:ec2/vpc:Vpc"), None)
        self.graph, self.eks = graph, eks is not None
        private = IPv4Network(vpc["cidrBlock"]) if vpc else IPv4Network("10.244.0.0/16")
        services = eks["kubernetesNetworkConfig"]["serviceIpv4Cidr"] if eks else "10.96.0.0/12"
        self._hosts = (str(one) for one in private.hosts() if int(one) % 256 > 9)
        self._virtual = (str(one) for one in IPv4Network(services).hosts() if int(one) % 256 > 9)
        first = str(IPv4Network(services)[1])
        self.node = Place("a node", str(private[5]) if eks else "10.0.0.7", node=True)
        behind = _control_plane(graph) if eks else "10.0.0.8"
        self.api_server = Place("the API server", first, behind=behind)
        self.api_behind = Place("the API server itself", behind, node=not eks)
        # By a private endpoint where the cluster has one in its network, else on the internet.
        self.token_service = Place("STS", str(private[7]) if eks else "52.94.5.1")
        self.namespaces = {
            body["metadata"]["name"]: {**body["metadata"].get("labels", {}), _NAME: body["metadata"]["name"]}
            for body in objects(graph, "Namespace")
        }
        self.declared = objects(graph, "Service")
        self.pods = [*self._made(), *self._beside()]
        self.own = [one for one in self.pods if one.body]
        self._within: dict[str, list[Pod]] = {}
        for one in self.pods:
            self._within.setdefault(one.namespace, []).append(one)
        self.services = [*self._declared(), *self._operated()]

    def namespace(self, name: str) -> Mapping[str, str]:
        """The labels of a namespace."""
        return self.namespaces.get(name, {_NAME: name})

    def of(self, namespace: str, selector: Mapping[str, Any] | None) -> list[Pod]:
        """The pods of a namespace that a selector of a policy finds."""
        return [one for one in self._within.get(namespace, ()) if selects(selector, one.labels)]

    def behind(self, service: Service, port: int) -> list[tuple[Pod, int]]:
        """The pods of a Service, each with the port that a connection to the Service's own comes to."""
        target = service.ports.get(port)
        found = self.of(service.namespace, {"matchLabels": service.selector})
        numbers = [(pod, pod.ports.get(target) if isinstance(target, str) else target) for pod in found]
        return [(pod, number) for pod, number in numbers if number is not None]

    def _made(self) -> Iterator[Pod]:
        for body in objects(self.graph, *_TEMPLATES):
            template = body["spec"]
            for key in _TEMPLATES[body["kind"]]:
                template = template[key]
            spec = template["spec"]
            declared = {
                port["name"]: int(port["containerPort"])
                for one in (*spec.get("initContainers", ()), *spec["containers"])
                for port in one.get("ports", ())
            }
            labels, name = template["metadata"]["labels"], body["metadata"]["name"]
            yield Pod(
                f"{body['kind']} {name}",
                body["metadata"]["namespace"],
                labels,
                next(self._hosts),
                declared,
                account=spec.get("serviceAccountName", "default"),
                spec=spec,
                body=body,
                asks_api=_has_token(spec),
            )
        for one in workloads(self.graph):
            kind, name = one.title.split(" ")[:2]
            if kind in _OPERATED:
                found = objects(self.graph, kind)
                body = next(
                    body
                    for body in found
                    if (body["metadata"]["namespace"], body["metadata"]["name"]) == (one.namespace, name)
                )
                yield Pod(
                    one.title,
                    one.namespace,
                    {**one.labels, **({"cnpg.io/instanceRole": "primary"} if kind == "Cluster" else {})},
                    next(self._hosts),
                    _OPERATED[kind],
                    account=name if kind == "Cluster" else str(body["spec"].get("serviceAccountName", "")),
                    body=body,
                    asks_api=kind in _ASKING,
                )

    def _beside(self) -> Iterator[Pod]:
        yield Pod(DNS.title, DNS.namespace, DNS.labels, next(self._hosts), DNS.ports)
        for name, (namespace, labels) in _OTHERS.items():
            yield Pod(name, namespace, labels, next(self._hosts), {"xds": 15012} if name == "istiod" else {})

    def _declared(self) -> Iterator[Service]:
        for body in self.declared:
            spec = body["spec"]
            headless = spec.get("clusterIP") == "None"
            ports = {int(one["port"]): _target(one) for one in spec["ports"]}
            yield Service(
                body["metadata"]["name"],
                body["metadata"]["namespace"],
                spec.get("selector", {}),
                ports,
                None if headless else next(self._virtual),
            )
        yield Service("kube-dns", "kube-system", DNS.labels, {53: 53}, next(self._virtual))

    def _operated(self) -> Iterator[Service]:
        """Those that operators make, with the selectors that they give them."""
        for body in objects(self.graph, "Cluster", "Pooler", "Redis", "RedisCluster", "Prometheus", "Alertmanager"):
            for name, selector, port, headless in _services_of(body):
                virtual = None if headless else next(self._virtual)
                yield Service(name, body["metadata"]["namespace"], selector, {port: port}, virtual)


def _target(port: Mapping[str, Any]) -> int | str:
    found = port.get("targetPort", port["port"])
    return found if isinstance(found, str) and not found.isdigit() else int(found)


def _services_of(body: Body) -> Sequence[tuple[str, Mapping[str, str], int, bool]]:
    # CloudNativePG pkg/specs/services.go and pkg/specs/pgbouncer/services.go; the redis operator's
    # internal/k8sutils/redis-cluster.go (CreateRedisClusterService selects by the labels of its pods).
    name, kind = body["metadata"]["name"], body["kind"]
    instances = {"cnpg.io/cluster": name, "cnpg.io/podRole": "instance"}
    primary = {"cnpg.io/cluster": name, "cnpg.io/instanceRole": "primary"}
    redis = {"app": name, "redis_setup_type": "standalone", "role": "standalone"}
    leaders = {"app": f"{name}-leader", "redis_setup_type": "cluster", "role": "leader"}
    return {
        "Cluster": [(f"{name}-r", instances, 5432, False), (f"{name}-rw", primary, 5432, False)],
        "Pooler": [(name, {"cnpg.io/poolerName": name}, 5432, False)],
        "Redis": [(name, redis, 6379, False)],
        "RedisCluster": [(f"{name}-leader", leaders, 6379, False)],
        "Prometheus": [("prometheus-operated", {"app.kubernetes.io/name": "prometheus"}, 9090, True)],
        "Alertmanager": [("alertmanager-operated", {"app.kubernetes.io/name": "alertmanager"}, 9093, True)],
    }[kind]


def _has_token(spec: Body) -> bool:
    """Whether a pod gets a token of the API server's: mounted by default, or projected without an audience."""
    if spec.get("automountServiceAccountToken") is not False:
        return True
    sources = [one for volume in spec.get("volumes", ()) for one in volume.get("projected", {}).get("sources", ())]
    return any("audience" not in one["serviceAccountToken"] for one in sources if "serviceAccountToken" in one)


def _control_plane(graph: Graph) -> str:
    """An address in a subnet of the control plane's interfaces."""
    subnets = [one.inputs["cidrBlock"] for one in graph if one.type == "aws:ec2/subnet:Subnet"]
    return str(IPv4Network(next(one for one in subnets if one.endswith("/28")))[5])
