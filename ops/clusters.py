"""Which cluster an environment is deployed to, and the kubectl that reaches it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from components.kubernetes.naming import ENVIRONMENT_LABEL
from graph.model import Graph
from ops.eks import EksReference
from ops.errors import OperationError
from ops.kubectl import Kubectl
from paths import sandbox_kubeconfig

_PROVIDER = "pulumi:providers:kubernetes"


@dataclass(frozen=True)
class Cluster:
    """The target of a deployment, as the environment's own provider names it."""

    kubeconfig: Path | None
    context: str | None
    eks: EksReference | None = None

    @property
    def is_sandbox(self) -> bool:
        """Whether it is the local control plane, which commands start and stop themselves."""
        return self.kubeconfig == sandbox_kubeconfig()

    @property
    def title(self) -> str:
        """How messages call it."""
        if self.eks is not None:
            return f"the EKS cluster {self.eks.name}"
        return "the sandbox" if self.is_sandbox else f"context {self.context}"

    def kubectl(self) -> Kubectl:
        """A kubectl for it: the sandbox's own for the sandbox, the one on PATH for any other."""
        if self.is_sandbox:
            from sandbox import Sandbox

            return Kubectl(Sandbox().kubectl, self.kubeconfig)
        program = shutil.which("kubectl")
        if program is None:
            raise OperationError(
                "kubectl is not on PATH; it is needed to reach a cluster other than the sandbox. "
                "Install it from https://kubernetes.io/docs/tasks/tools/ and try again"
            )
        if self.eks is not None:
            return Kubectl(Path(program), self.eks.write_kubeconfig(), self.context)
        return Kubectl(Path(program), self.kubeconfig, self.context)


def cluster_of(graph: Graph) -> Cluster:
    """The cluster that the recorded environment's provider names, or that it makes itself."""
    if (eks := EksReference.of(graph)) is not None:
        return Cluster(eks.kubeconfig, eks.name, eks)
    (provider,) = (resource for resource in graph if resource.type == _PROVIDER)
    kubeconfig = provider.inputs.get("kubeconfig")
    return Cluster(Path(str(kubeconfig)) if kubeconfig else None, provider.inputs.get("context"))


def sandbox_is_used_by(kubectl: Kubectl, environment: str) -> list[str]:
    """The other environments that have something in the cluster of `kubectl`, sorted by name.

    Whatever belongs to an environment bears its name in a label; namespaces and all else that is in no namespace are
    looked at, since no environment is without them. Raises ClusterError if the cluster does not answer.
    """
    kinds = kubectl.run("api-resources", "--namespaced=false", "--verbs=list", "--output=name").split()
    others = f"--selector={ENVIRONMENT_LABEL},{ENVIRONMENT_LABEL}!={environment}"
    found = kubectl.json("get", ",".join(kinds), others)["items"]
    return sorted({body["metadata"]["labels"][ENVIRONMENT_LABEL] for body in found})
