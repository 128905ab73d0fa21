"""The Kubernetes provider, with the same settings for every kind of cluster."""

from __future__ import annotations

import os

import pulumi
from pulumi_kubernetes import Provider

from components.performance import BURST, REQUESTS_PER_SECOND


def kubernetes_provider(
    name: str,
    *,
    kubeconfig: pulumi.Input[str] | None,
    context: str | None = None,
    opts: pulumi.ResourceOptions,
) -> Provider:
    """A provider for a kubeconfig (path or text; None: the user's own) and a context in it (None: its current)."""
    if kubeconfig is None and os.pathsep in os.environ.get("KUBECONFIG", ""):
        # The SDK would hand the variable on as one file's name. Told of none, the provider reads it as kubectl does.
        kubeconfig = ""
    return Provider(
        name,
        kubeconfig=kubeconfig,
        context=context,
        enable_server_side_apply=True,
        # A change of data then updates the object in place; the default replaces it, which for an object of a
        # fixed name means to delete it first.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        kube_client_settings={"qps": REQUESTS_PER_SECOND, "burst": BURST},
        opts=opts,
    )
