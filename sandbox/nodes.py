"""The simulated nodes: Node objects whose kubelet is kwok."""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .client import Reader
from .errors import SandboxError

# Nodes with this label are the sandbox's to remove; nodes that a test makes itself are left alone.
OWN_LABEL = "sandbox.platform.io/node"
PODS_PER_NODE = "110"


@dataclass(frozen=True, kw_only=True)
class NodePool:
    """How many nodes there are and what each can hold; cpu and memory are Kubernetes quantities.

    The defaults are three of AWS's m6i.4xlarge (16 vCPU, 64 GiB) with a root disk of 100 GiB, each in its own zone.
    """

    nodes: int = 3
    zones: int = 3
    cpu: str = "16"
    memory: str = "64Gi"
    ephemeral_storage: str = "100Gi"
    instance_type: str = "m6i.4xlarge"
    region: str = "eu-central-1"

    def __post_init__(self) -> None:
        if self.nodes < 1:
            raise SandboxError(f"A sandbox needs at least one node, and {self.nodes} were asked for.")
        if not 1 <= self.zones <= len(string.ascii_lowercase):
            raise SandboxError(f"The number of zones must be between 1 and 26, and it is {self.zones}.")

    def manifests(self) -> list[dict[str, Any]]:
        """One Node for each, the zones taking turns, without a taint."""
        return [self._manifest(number) for number in range(self.nodes)]

    def statuses(self) -> list[dict[str, Any]]:
        """The same nodes with their capacity, which the API takes only through the status subresource."""
        amounts = {
            "cpu": self.cpu,
            "memory": self.memory,
            "ephemeral-storage": self.ephemeral_storage,
            "pods": PODS_PER_NODE,
        }
        status = {"capacity": amounts, "allocatable": amounts}
        return [{**_node(_name(number)), "status": status} for number in range(self.nodes)]

    def _manifest(self, number: int) -> dict[str, Any]:
        zone = self.region + string.ascii_lowercase[number % self.zones]
        node = _node(_name(number))
        node["metadata"]["labels"] = {
            OWN_LABEL: "true",
            "kubernetes.io/hostname": _name(number),
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "node.kubernetes.io/instance-type": self.instance_type,
            "topology.kubernetes.io/region": self.region,
            "topology.kubernetes.io/zone": zone,
        }
        node["metadata"]["annotations"] = {"kwok.x-k8s.io/node": "fake"}
        return node


def _name(number: int) -> str:
    return f"node-{number + 1}"


def _node(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}


def own(reader: Reader) -> list[dict[str, Any]]:
    """The nodes that the sandbox made."""
    return reader.items(f"/api/v1/nodes?labelSelector={quote(OWN_LABEL)}")


def surplus(pool: NodePool, present: Iterable[dict[str, Any]]) -> list[str]:
    """The names of those nodes that the pool does not have."""
    wanted = {_name(number) for number in range(pool.nodes)}
    return sorted({str(node["metadata"]["name"]) for node in present} - wanted)


def ready(present: Iterable[dict[str, Any]]) -> list[str]:
    """The names of those nodes that are Ready."""
    return [str(node["metadata"]["name"]) for node in present if _is_ready(node)]


def _is_ready(node: dict[str, Any]) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
