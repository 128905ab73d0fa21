"""The connections that an environment's objects cannot do without, read from the objects themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from components.kubernetes.identity import ROLE_ANNOTATION
from tests.unit.network.semantics import Target
from tests.unit.network.world import INTERNET, POD_IDENTITY, Pod, World
from tests.unit.recordings import Body, objects

_HOST = re.compile(r"\b(?P<name>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)\.svc(?:\.cluster\.local)?(?::(?P<port>\d+))\b")


class Wanted(NamedTuple):
    """A connection, and what asks for it."""

    source: Pod
    target: Target
    port: int
    why: str
    protocol: str = "TCP"

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}:{self.port}/{self.protocol}, for {self.why}"


def wanted(world: World) -> Iterator[Wanted]:
    """All of them."""
    yield from _names(world)
    yield from _api_server(world)
    yield from _identities(world)
    yield from _buckets(world)
    yield from _hosts(world)
    yield from _stores(world)
    yield from _scrapes(world)
    yield from _monitoring(world)
    yield from _entries(world)
    yield from _mesh(world)


def _names(world: World) -> Iterator[Wanted]:
    dns = next(one for one in world.services if one.name == "kube-dns")
    for pod in world.own:
        if not pod.spec.get("hostNetwork"):
            yield from (Wanted(pod, dns, 53, "names", protocol) for protocol in ("UDP", "TCP"))


def _api_server(world: World) -> Iterator[Wanted]:
    for pod in world.own:
        if pod.asks_api:
            yield Wanted(pod, world.api_server, 443, "its token of the API server")


def _identities(world: World) -> Iterator[Wanted]:
    associated = {
        (one.inputs["namespace"], one.inputs["serviceAccount"])
        for one in world.graph
        if one.type == "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    }
    roles = {
        (body["metadata"]["namespace"], body["metadata"]["name"])
        for body in objects(world.graph, "ServiceAccount")
        if ROLE_ANNOTATION in body["metadata"].get("annotations", {})
    }
    for pod in world.own:
        account = (pod.namespace, pod.account)
        template = pod.body["spec"].get("serviceAccountTemplate", {}) if pod.title.startswith("Cluster ") else {}
        if account in associated:
            yield Wanted(pod, POD_IDENTITY, 80, "credentials of the role that EKS associates with its account")
        if account in roles or ROLE_ANNOTATION in template.get("metadata", {}).get("annotations", {}):
            yield Wanted(pod, world.token_service, 443, "credentials of the role that its account names")


def _buckets(world: World) -> Iterator[Wanted]:
    """Where backups go, by the ObjectStore of each cluster, and where the dump and the telemetry's stores write."""
    stores = {_key(body): body["spec"]["configuration"] for body in objects(world.graph, "ObjectStore")}
    for pod in world.own:
        name = pod.title.partition(" ")[2]
        if pod.title.startswith("Cluster ") and (pod.namespace, name) in stores:
            address = stores[pod.namespace, name].get("endpointURL") or "https://s3.amazonaws.com"
            yield Wanted(pod, *_at(world, address), "backups")
        variables = _variables(pod)
        if "BACKUP_BUCKET" in variables:
            address = variables.get("AWS_ENDPOINT_URL_S3") or "https://s3.amazonaws.com"
            yield Wanted(pod, *_at(world, address), "the dump")


def _hosts(world: World) -> Iterator[Wanted]:
    """Every Service that a pod's own settings name, with its port."""
    maps = {_key(body): body.get("data", {}) for body in objects(world.graph, "ConfigMap")}
    services = {(one.namespace, one.name): one for one in world.services}
    for pod in world.own:
        texts = [*_variables(pod).values(), *_arguments(pod)]
        for name in _mounted(pod):
            texts += maps.get((pod.namespace, name), {}).values()
        found = {match.groups() for text in texts for match in _HOST.finditer(str(text))}
        for name, namespace, port in sorted(found):
            service = services.get((namespace, name))
            behind = [one for one, _ in world.behind(service, int(port))] if service else []
            # A server names itself, too, by which others are to know it.
            if service and behind and pod not in behind:
                yield Wanted(pod, service, int(port), "an address in its settings")


def _stores(world: World) -> Iterator[Wanted]:
    """Where a pod has a store's password, the hosts beside it in the settings that all services share."""
    maps = {_key(body): body.get("data", {}) for body in objects(world.graph, "ConfigMap")}
    services = {(one.namespace, one.name): one for one in world.services}
    for pod in world.own:
        shared = {key: value for name in _shared(pod) for key, value in maps.get((pod.namespace, name), {}).items()}
        for prefix in sorted(_passwords(pod)):
            for key in (f"{prefix}_HOST", f"{prefix}_READ_HOST"):
                if key in shared:
                    name, namespace = shared[key].split(".")[:2]
                    service = services[namespace, name]
                    yield Wanted(pod, service, next(iter(service.ports)), f"its {prefix}_PASSWORD")


def _passwords(pod: Pod) -> set[str]:
    names = [one["name"] for container in pod.spec.get("containers", ()) for one in container.get("env", ())]
    return {one.removesuffix("_PASSWORD") for one in names if one.endswith("_PASSWORD")}


def _scrapes(world: World) -> Iterator[Wanted]:
    """Every target of a monitor, from Prometheus or its agent."""
    readers = [one for one in world.own if one.title.startswith("Prometheus")]
    for body in objects(world.graph, "ServiceMonitor", "PodMonitor"):
        spec = body["spec"]
        endpoints = spec.get("endpoints") or spec.get("podMetricsEndpoints") or []
        if body["metadata"]["name"] == "kubelet":
            yield from (Wanted(reader, world.node, 10250, "containers' metrics") for reader in readers)
            continue
        for pod in _targets(world, body):
            for endpoint in endpoints:
                proxied = endpoint["port"] == "http-envoy-prom"
                port = 15020 if proxied else _port(world, body, pod, endpoint["port"])
                if port:
                    yield from (Wanted(one, pod, port, f"{body['kind']} {body['metadata']['name']}") for one in readers)


def _targets(world: World, body: Body) -> list[Pod]:
    selector = body["spec"]["selector"]
    names = body["spec"].get("namespaceSelector", {}).get("matchNames", [body["metadata"]["namespace"]])
    return [pod for name in names for pod in world.of(name, selector) if pod.body]


def _port(world: World, body: Body, pod: Pod, name: str) -> int | None:
    """The number behind a port's name: of the pod's own, or by a Service that selects it."""
    if body["kind"] == "ServiceMonitor":
        for service in world.declared:
            if service["metadata"]["namespace"] == pod.namespace and _selects(service, pod):
                for port in service["spec"]["ports"]:
                    if port["name"] == name:
                        target = port.get("targetPort", port["port"])
                        return pod.ports.get(target) if isinstance(target, str) else int(target)
    return pod.ports.get(name)


def _selects(service: Body, pod: Pod) -> bool:
    selector: Mapping[str, str] = service["spec"].get("selector", {})
    return bool(selector) and selector.items() <= pod.labels.items()


def _monitoring(world: World) -> Iterator[Wanted]:
    for pod in world.own:
        spec = pod.body["spec"]
        if pod.title.startswith("Prometheus"):
            for one in spec.get("remoteWrite", ()):
                yield Wanted(pod, *_at(world, one["url"]), "remote write")
            if "thanos" in spec:
                yield Wanted(pod, INTERNET, 443, "Thanos' bucket")
        if "thanos-object-storage" in str(pod.spec or spec) and not pod.title.startswith("Prometheus"):
            yield Wanted(pod, INTERNET, 443, "Thanos' bucket")


def _entries(world: World) -> Iterator[Wanted]:
    """What an Ingress leads to, from the controller of its class."""
    controller = next(one for one in world.pods if one.title == "ingress controller")
    services = {(one.namespace, one.name): one for one in world.services}
    for body in objects(world.graph, "Ingress"):
        for rule in body["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                service = services[body["metadata"]["namespace"], backend["name"]]
                for pod, port in world.behind(service, _number(world, body, backend)):
                    yield Wanted(controller, pod, port, f"Ingress {body['metadata']['name']}")


def _number(world: World, body: Body, backend: Body) -> int:
    if "number" in backend["port"]:
        return int(backend["port"]["number"])
    for service in world.declared:
        if _key(service) == (body["metadata"]["namespace"], backend["name"]):
            return next(int(one["port"]) for one in service["spec"]["ports"] if one["name"] == backend["port"]["name"])
    raise AssertionError(f"no Service {backend['name']}")


def _mesh(world: World) -> Iterator[Wanted]:
    """A proxy's certificates and routes, and the members of the mesh from the gateway that their hosts enter by."""
    istiod, gateway = (next(one for one in world.pods if one.title == name) for name in ("istiod", "mesh gateway"))
    for pod in world.own:
        if pod.labels.get("sidecar.istio.io/inject") == "true":
            yield Wanted(pod, istiod, 15012, "certificates and routes")
    services = {(one.namespace, one.name): one for one in world.services}
    for body in objects(world.graph, "VirtualService"):
        if any(one != "mesh" for one in body["spec"].get("gateways", ())):
            for rule in body["spec"]["http"]:
                for route in rule["route"]:
                    target = route["destination"]
                    service = services.get((body["metadata"]["namespace"], target["host"]))
                    for pod, port in world.behind(service, target["port"]["number"]) if service else ():
                        yield Wanted(gateway, pod, port, f"VirtualService {body['metadata']['name']}")


def _at(world: World, address: str) -> tuple[Target, int]:
    parts = urlsplit(address)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    match = re.fullmatch(r"([a-z0-9-]+)\.([a-z0-9-]+)\.svc.*", parts.hostname or "")
    if match is None:
        return INTERNET, port
    found = [one for one in world.services if (one.name, one.namespace) == match.groups()]
    assert found, f"no Service for {address}"
    return found[0], port


def _variables(pod: Pod) -> dict[str, Any]:
    return {
        one["name"]: one["value"]
        for container in pod.spec.get("containers", ())
        for one in container.get("env", ())
        if "value" in one
    }


def _arguments(pod: Pod) -> Iterator[str]:
    for container in pod.spec.get("containers", ()):
        yield from (*container.get("args", ()), *container.get("command", ()))


def _shared(pod: Pod) -> Iterator[str]:
    """The ConfigMaps that a pod has as variables, with what concerns other services too."""
    for container in pod.spec.get("containers", ()):
        yield from (one["configMapRef"]["name"] for one in container.get("envFrom", ()) if "configMapRef" in one)


def _mounted(pod: Pod) -> Iterator[str]:
    """The ConfigMaps that a pod reads as files."""
    for volume in pod.spec.get("volumes", ()):
        if "configMap" in volume:
            yield volume["configMap"]["name"]


def _key(body: Body) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]
