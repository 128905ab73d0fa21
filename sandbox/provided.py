"""What a cluster has besides its kinds, and environments name without making it: namespaces, classes, issuers, a store.

Only the objects are there. What they stand for (an ingress controller, a mesh, Argo CD, Elasticsearch) does not run.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .client import Manifest, Reader
from .custom_resources import Installed

# Of Elasticsearch, to which staging and production send the logs of one system.
OTHER_NAMESPACES = ("logging",)
# In every cluster from its beginning.
_OWN = "kube-"
# The issuers of staging and production, and the store of secrets that environments call so.
ISSUERS = ("letsencrypt-prod", "letsencrypt-staging")
STORE = "platform"


def namespaces() -> list[str]:
    """Those of the project's operators, from its table, and the others."""
    # Loads pulumi_kubernetes, which takes a second: only a cluster that comes up waits for it.
    from components.platform.operators.table import OPERATORS

    operators = {one.namespace for one in OPERATORS.values() if not one.namespace.startswith(_OWN)}
    return sorted(operators.union(OTHER_NAMESPACES))


def built_in() -> list[Manifest]:
    """The objects of kinds that every cluster knows."""
    spaces = [_thing("v1", "Namespace", name) for name in namespaces()]
    controller = {"controller": "k8s.io/ingress-nginx"}
    return [*spaces, _thing("networking.k8s.io/v1", "IngressClass", "nginx", controller)]


def custom() -> list[Manifest]:
    """The objects of kinds that operators define."""
    issuers = [_thing("cert-manager.io/v1", "ClusterIssuer", name, {"selfSigned": {}}) for name in ISSUERS]
    store: dict[str, Any] = {"provider": {"fake": {"data": []}}}
    gateway = {"controllerName": "istio.io/gateway-controller"}
    return [
        *issuers,
        _thing("external-secrets.io/v1", "ClusterSecretStore", STORE, store),
        _thing("gateway.networking.k8s.io/v1", "GatewayClass", "istio", gateway),
    ]


def missing(reader: Reader, present: Iterable[Installed]) -> list[Manifest]:
    """Those of `custom` that are not there and whose kinds are: what a person changed or took over stays as it is."""
    plurals = {(one.group, version, one.kind): one.plural for one in present for version in one.versions}
    found = []
    for one in custom():
        group, _, version = str(one["apiVersion"]).rpartition("/")
        plural = plurals.get((group, version, str(one["kind"])))
        if plural and reader.text(f"/apis/{group}/{version}/{plural}/{one['metadata']['name']}") is None:
            found.append(one)
    return found


def _thing(api_version: str, kind: str, name: str, spec: dict[str, Any] | None = None) -> Manifest:
    body: dict[str, Any] = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}}
    return {**body, "spec": spec} if spec else body
