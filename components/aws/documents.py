"""IAM policy documents, as JSON text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

# The version of the policy language, not of a document: the only other one is from 2008.
_LANGUAGE = "2012-10-17"
Statement = Mapping[str, Any]


def document(*statements: Statement) -> pulumi.Output[str]:
    """A policy document of some statements, whose values may be outputs."""
    return pulumi.Output.json_dumps({"Version": _LANGUAGE, "Statement": list(statements)}, sort_keys=True)


def allow(
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """A statement that allows actions on resources, where a condition holds."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return statement | ({"Condition": dict(condition)} if condition else {})


def trust(service: str, *, account: str) -> pulumi.Output[str]:
    """Who may take a role: a service of AWS such as `eks.amazonaws.com`, on behalf of this account only.

    The condition keeps the service from being talked into using the role for somebody else (the confused deputy).
    """
    condition = {"StringEquals": {"aws:SourceAccount": account}}
    return document(_trusted(service, ["sts:AssumeRole"], condition))


def instance_trust() -> pulumi.Output[str]:
    """The trust of a role that EC2 instances take; EC2 sends no source account for it."""
    return document(_trusted("ec2.amazonaws.com", ["sts:AssumeRole"]))


def pod_trust(cluster_arn: str, *, account: str) -> pulumi.Output[str]:
    """The trust of a role that pods of one cluster take by EKS Pod Identity."""
    condition = {"StringEquals": {"aws:SourceAccount": account}, "ArnEquals": {"aws:SourceArn": cluster_arn}}
    return document(_trusted("pods.eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"], condition))


def _trusted(service: str, actions: Sequence[str], condition: Mapping[str, Any] | None = None) -> Statement:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions)}
    return statement | ({"Condition": dict(condition)} if condition else {})
