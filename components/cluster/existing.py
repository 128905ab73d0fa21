"""A cluster that is there already, reached by a kubeconfig."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import Provider

from components.cluster.provider import kubernetes_provider


@dataclass(frozen=True, kw_only=True)
class ExistingClusterArgs:
    """`kubeconfig` is a path (None: `$KUBECONFIG`, else ~/.kube/config); `context` None means its current context."""

    kubeconfig: str | None = None
    context: str | None = None


class ExistingCluster(pulumi.ComponentResource):
    """A cluster by its kubeconfig. Outputs: `provider`, to be passed on in `providers`."""

    provider: Provider

    def __init__(self, name: str, args: ExistingClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:cluster:ExistingCluster", name, {}, opts)
        self.provider = kubernetes_provider(
            name,
            kubeconfig=args.kubeconfig,
            context=args.context,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
