"""The identity that pods have outside of the cluster, and the flow that each kind of it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.kubernetes.needs import POD_IDENTITY, TOKEN_SERVICE
from components.kubernetes.network import Flow

# What ties a service account to an IAM role on EKS (IRSA).
ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"


def role_annotations(role_arn: str | None) -> dict[str, str]:
    """What ties a service account to an IAM role on EKS (IRSA); nothing without one."""
    return {ROLE_ANNOTATION: role_arn} if role_arn else {}


def credential_flows(annotations: Mapping[str, str], *, pod_identity: bool = False) -> tuple[Flow, ...]:
    """How pods come by the credentials of their role: that which their service account's `annotations` name, from AWS
    STS; that which EKS associates with the account (`pod_identity`), from the agent of their node.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html: without the flow every call
    of the SDK waits, and then fails with no credentials at all.
    """
    by_token = (TOKEN_SERVICE,) if ROLE_ANNOTATION in annotations else ()
    return (*by_token, *((POD_IDENTITY,) if pod_identity else ()))


def with_credentials(egress: Sequence[Flow], annotations: Mapping[str, str]) -> tuple[Flow, ...]:
    """The flows of pods with those that their service account's annotations bring."""
    return (*egress, *(flow for flow in credential_flows(annotations) if flow not in egress))
