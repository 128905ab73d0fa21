"""The kubeconfig of an EKS cluster: it has no credential, `aws` makes a token of a quarter of an hour each time."""

from __future__ import annotations

import json

import pulumi
from pulumi_aws.eks import Cluster


def kubeconfig(cluster: Cluster, name: str, region: str) -> pulumi.Output[str]:
    """The kubeconfig as text, and as a secret: it says where the cluster is, and who the people are who reach it."""
    found = pulumi.Output.all(cluster.endpoint, cluster.certificate_authority.data)
    return pulumi.Output.secret(found.apply(lambda both: as_text(name, region, *both)))


def as_text(name: str, region: str, endpoint: str, certificate: str) -> str:
    """The kubeconfig of the cluster `name`, for its `endpoint` and its certificate authority (PEM in base64)."""
    command = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"],
        "interactiveMode": "Never",
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": endpoint, "certificate-authority-data": certificate}}],
        "users": [{"name": name, "user": {"exec": command}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return json.dumps(document, sort_keys=True)
