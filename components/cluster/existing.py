"""A cluster that is there already, reached by a kubeconfig."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import Provider

from components.performance import BURST, REQUESTS_PER_SECOND


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
        self.provider = Provider(
            name,
            kubeconfig=args.kubeconfig,
            context=args.context,
            enable_server_side_apply=True,
            # A change of data then updates the object in place; the default replaces it, which for an object of a
            # fixed name means to delete it first.
            enable_config_map_mutable=True,
            enable_secret_mutable=True,
            kube_client_settings={"qps": REQUESTS_PER_SECOND, "burst": BURST},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
