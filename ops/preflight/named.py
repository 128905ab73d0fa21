"""Objects that others must have made: classes, issuers, stores and the Secrets behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from graph.model import Graph
from ops.live.lookup import key_of, title_of
from ops.preflight.api import Answer, Api, Request
from ops.preflight.finding import Found, file_of, installed, installed_groups, several
from policy.facts.kinds import KINDS
from policy.facts.values import at, text

# Where the API has them; "{}" is the namespace.
_PATHS = {
    "StorageClass": "/apis/storage.k8s.io/v1/storageclasses/",
    "IngressClass": "/apis/networking.k8s.io/v1/ingressclasses/",
    "PriorityClass": "/apis/scheduling.k8s.io/v1/priorityclasses/",
    "RuntimeClass": "/apis/node.k8s.io/v1/runtimeclasses/",
    "GatewayClass": "/apis/gateway.networking.k8s.io/v1/gatewayclasses/",
    "ClusterIssuer": "/apis/cert-manager.io/v1/clusterissuers/",
    "Issuer": "/apis/cert-manager.io/v1/namespaces/{}/issuers/",
    "ClusterSecretStore": "/apis/external-secrets.io/v1/clustersecretstores/",
    "SecretStore": "/apis/external-secrets.io/v1/namespaces/{}/secretstores/",
    "Secret": "/api/v1/namespaces/{}/secrets/",
}
_BY_KEY = {
    "storageClassName": "StorageClass",
    "storageClass": "StorageClass",
    "ingressClassName": "IngressClass",
    "priorityClassName": "PriorityClass",
    "runtimeClassName": "RuntimeClass",
    "gatewayClassName": "GatewayClass",
    "cert-manager.io/cluster-issuer": "ClusterIssuer",
    "cert-manager.io/issuer": "Issuer",
}
# Operators that bring an object of a kind with them.
_BROUGHT_BY = {"IngressClass": "ingress-nginx", "GatewayClass": "istiod"}
# What to do, but for making it.
_KEY_OF_FILE = {
    "StorageClass": "`overrides: {storage_class: …}`",
    "IngressClass": "`ingress_class`",
    "GatewayClass": "`routing: {gateway_class: …}`",
    "ClusterIssuer": "`overrides: {cluster_issuer: …}`",
    "ClusterSecretStore": "`secret_store`",
}
_DEFAULT = "storageclass.kubernetes.io/is-default-class"
# These describe other objects, in the same words.
_DESCRIPTIONS = ("CustomResourceDefinition", "ValidatingAdmissionPolicy")


class Need(NamedTuple):
    """An object by its kind, namespace ("" for none) and name; a StorageClass without a name is the default one."""

    kind: str
    namespace: str
    name: str

    @property
    def request(self) -> Request:
        """How the API is asked for it."""
        return Request(_PATHS[self.kind].format(self.namespace) + self.name)


def check(server: Api, graph: Graph) -> Found:
    """The objects that are named and are not there."""
    users = needs(graph)
    wanted = sorted(users)
    secrets = list(stored(graph).items())
    answers = server.ask([one.request for one in (*wanted, *(need for need, _ in secrets))])
    problems, unknown = [], []
    for need, answer in zip(wanted, answers, strict=False):
        if answer.missing or (answer.ok and not need.name and not _has_default(answer)):
            problems.append(_problem(graph, need, users[need]))
        elif not answer.ok:
            unknown.append(f"{need.kind} {need.name}".strip())
    for (need, keys), answer in zip(secrets, answers[len(wanted) :], strict=True):
        missing = keys if answer.missing else keys - _keys(answer) if answer.ok else frozenset()
        if missing:
            problems.append(_secret_problem(need, missing, answer))
        elif not answer.ok:
            unknown.append(f"Secret {need.namespace}/{need.name}")
    return Found(tuple(problems), tuple(unknown))


def needs(graph: Graph) -> dict[Need, list[str]]:
    """What the environment's objects name and the environment does not make, with the titles of those objects."""
    own = {(body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"]) for body in graph.objects}
    brought, groups = installed(graph), installed_groups(graph)
    found: dict[Need, list[str]] = {}
    for body in graph.objects:
        if body["kind"] in _DESCRIPTIONS:
            continue
        for need in {*_needs(body, body["metadata"].get("namespace", "")), *_of_volumes(body)}:
            group = _PATHS[need.kind].split("/")[2]
            if need not in own and group not in groups and _BROUGHT_BY.get(need.kind) not in brought:
                found.setdefault(need, []).append(title_of(key_of(body)))
    return found


def _needs(value: Any, namespace: str) -> Iterator[Need]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _needs(item, namespace)
    if not isinstance(value, Mapping):
        return
    # A claim, wherever it stands: of the default class if it names none.
    if "accessModes" in value and "resources" in value and "storageClassName" not in value:
        yield Need("StorageClass", "", "")
    for key, item in value.items():
        yield from _named(key, item, namespace)
        yield from _needs(item, namespace)


def _of_volumes(body: Mapping[str, Any]) -> Iterator[Need]:
    """The classes of the volumes that an object of an operator's kind asks for in words of its own."""
    kind = KINDS.get(f"{str(body['apiVersion']).rpartition('/')[0]}/{body['kind']}")
    for one in kind.volumes if kind else ():
        volume = at(body, *one.path)
        if volume:
            yield Need("StorageClass", "", text(at(volume, *one.storage_class)))


def _named(key: str, item: Any, namespace: str) -> Iterator[Need]:
    kind = _BY_KEY.get(key)
    if kind and isinstance(item, str) and item and not (kind == "PriorityClass" and item.startswith("system-")):
        yield _need(kind, namespace, item)
    if key == "imagePullSecrets":
        yield from (_need("Secret", namespace, one["name"]) for one in item or () if isinstance(one, Mapping))
    if key in ("issuerRef", "secretStoreRef") and isinstance(item, Mapping):
        kind = str(item.get("kind") or ("Issuer" if key == "issuerRef" else "SecretStore"))
        if kind in _PATHS:
            yield _need(kind, namespace, str(item["name"]))


def _need(kind: str, namespace: str, name: str) -> Need:
    return Need(kind, namespace if "{}" in _PATHS[kind] else "", name)


def stored(graph: Graph) -> dict[Need, frozenset[str]]:
    """The Secrets that the environment's own store reads in this cluster, and the keys that must be in them."""
    spaces = {
        (body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"]): source["remoteNamespace"]
        for body in graph.objects
        if body["kind"] in ("ClusterSecretStore", "SecretStore")
        and (source := body["spec"]["provider"].get("kubernetes"))
    }
    found: dict[Need, frozenset[str]] = {}
    for body in graph.objects if spaces else ():
        if body["kind"] != "ExternalSecret":
            continue
        store = _need(body["spec"]["secretStoreRef"]["kind"], body["metadata"]["namespace"], _store(body))
        for entry in body["spec"].get("data", ()) if store in spaces else ():
            need = Need("Secret", spaces[store], entry["remoteRef"]["key"])
            found[need] = found.get(need, frozenset()) | {entry["remoteRef"]["property"]}
    return found


def _store(body: Mapping[str, Any]) -> str:
    return str(body["spec"]["secretStoreRef"]["name"])


def _has_default(answer: Answer) -> bool:
    annotations = [one["metadata"].get("annotations", {}) for one in answer.body["items"]]
    return any(one.get(_DEFAULT) == "true" for one in annotations)


def _keys(answer: Answer) -> frozenset[str]:
    return frozenset(answer.body.get("data") or ())


def _problem(graph: Graph, need: Need, users: list[str]) -> str:
    by = f"named by {several(users)}"
    other = f", or name another at {_KEY_OF_FILE[need.kind]} in {file_of(graph)}" if need.kind in _KEY_OF_FILE else ""
    if not need.name:
        return (
            f"the cluster has no default StorageClass ({several(users)} name none): make one the default by the "
            f'annotation {_DEFAULT}: "true", or name one at {_KEY_OF_FILE[need.kind]} in {file_of(graph)}'
        )
    where = f"{need.namespace}/" if need.namespace else ""
    return f"{need.kind} {where}{need.name} does not exist ({by}): make it{other}"


def _secret_problem(need: Need, keys: frozenset[str], answer: Answer) -> str:
    what = "does not exist" if answer.missing else "lacks keys"
    return (
        f"the store of secrets reads Secret {need.namespace}/{need.name}, which {what}: "
        f"put these into it: {', '.join(sorted(keys))}"
    )
