"""An environment's objects applied to a sandbox without Pulumi: in an order that people would take, and no slower."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from graph.manifests import manifests
from graph.model import Graph, revealed
from sandbox import Sandbox
from sandbox.client import Kubectl

Body = Mapping[str, Any]
# What others are judged by or belong to. Accounts and Secrets are named by pods, which come as soon as their owners do.
_FIRST = ("Namespace", "PriorityClass", "ValidatingAdmissionPolicy")
_SECOND = (
    *("ValidatingAdmissionPolicyBinding", "ResourceQuota", "LimitRange", "ServiceAccount", "Secret", "ConfigMap"),
    *("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "ImageCatalog", "ObjectStore"),
)


def bodies(graph: Graph) -> list[dict[str, Any]]:
    """Every Kubernetes object of an environment, and the Secrets that others make of what it declares."""
    found = [revealed(one.body) for one in manifests(graph)]
    return [*found, *(_secret(one) for one in found if one["kind"] == "ExternalSecret")]


def _secret(external: Body) -> dict[str, Any]:
    """What External Secrets would make, with a value of no meaning for each key of the store."""
    target, keys = external["spec"]["target"], [one["secretKey"] for one in external["spec"].get("data", [])]
    template = target.get("template", {})
    data = template.get("data", {}) or dict.fromkeys(keys, "secret")
    metadata = {"name": target["name"], "namespace": external["metadata"]["namespace"]}
    metadata |= {
        key: template["metadata"][key] for key in ("labels", "annotations") if key in template.get("metadata", {})
    }
    kept = {key: value if "{{" not in value else "secret" for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "type": template.get("type", "Opaque"), "metadata": metadata} | {
        "stringData": kept
    }


def batches(found: Iterable[Body]) -> Iterator[list[Body]]:
    """The objects in three batches, in the order in which they are applied."""
    found = list(found)
    yield [one for one in found if one["kind"] in _FIRST]
    yield [one for one in found if one["kind"] in _SECOND]
    yield [one for one in found if one["kind"] not in (*_FIRST, *_SECOND)]


def apply(sandbox: Sandbox, found: Iterable[Body], *options: str) -> None:
    """Server-side apply of all, each in its own namespace. Raises SandboxError with all that is refused."""
    kubectl = Kubectl(sandbox.kubectl, sandbox.kubeconfig)
    listed = {"apiVersion": "v1", "kind": "List", "items": list(found)}
    # Against their definitions unit tests hold them; without that kubectl need not fetch all of these each time.
    kubectl(
        "apply", "--server-side", "--force-conflicts", "--validate=false", *options, "-f", "-", stdin=json.dumps(listed)
    )


def eventually(description: Callable[[], object], seconds: float = 120) -> None:
    """Wait until nothing is left of what is missing; fails with the rest of it."""
    deadline = time.monotonic() + seconds
    while missing := description():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {missing}"
        time.sleep(0.5)
