"""What an EKS cluster takes beyond any other: a kubeconfig that `aws` writes, and upgrades step by step."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.cluster.eks.args import upgrade_problem
from graph.model import Graph
from ops.errors import OperationError
from paths import state_directory

_CLUSTER = "aws:eks/cluster:Cluster"


@dataclass(frozen=True)
class EksReference:
    """A cluster by its name in a region; who reaches it is decided by the AWS credentials of the moment."""

    name: str
    region: str

    @classmethod
    def of(cls, graph: Graph) -> EksReference | None:
        """The cluster that a recorded environment makes; None if it makes none."""
        if not any(resource.type == _CLUSTER for resource in graph):
            return None
        return cls(str(graph.outputs["cluster_name"]), str(graph.outputs["region"]))

    @property
    def kubeconfig(self) -> Path:
        """Where this machine keeps its kubeconfig, in which there is no credential."""
        return state_directory() / "eks" / f"{self.region}-{self.name}" / "kubeconfig"

    def write_kubeconfig(self) -> Path:
        """Have `aws` write it anew. Raises OperationError with its words if the cluster is not to be found."""
        program = shutil.which("aws")
        if program is None:
            raise OperationError(
                f"aws is not on PATH; it is needed to reach the EKS cluster {self.name}. Install the AWS CLI from "
                "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html and try again"
            )
        self.kubeconfig.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        command = [program, "eks", "update-kubeconfig", "--name", self.name, "--region", self.region]
        command += ["--alias", self.name, "--kubeconfig", str(self.kubeconfig)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise OperationError(f"the EKS cluster {self.name} in {self.region}: {done.stderr.strip()}")
        return self.kubeconfig


def check_upgrades(graph: Graph, deployed: Iterable[Mapping[str, Any]]) -> None:
    """Raise OperationError if a control plane would skip a version, or go back.

    `deployed` are the resources of the stack's state: AWS refuses it too, but only after what comes before the cluster
    has been changed.
    """
    versions = {
        resource["urn"]: resource.get("outputs", {}).get("version")
        for resource in deployed
        if resource.get("type") == _CLUSTER
    }
    for resource in graph:
        wanted, has = resource.inputs.get("version"), versions.get(resource.urn)
        if resource.type == _CLUSTER and has and (problem := upgrade_problem(has, str(wanted))):
            raise OperationError(f"Pulumi.{graph.environment}.yaml: cluster.version: {problem}")
