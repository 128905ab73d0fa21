"""An object of a kind that an operator defines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from versions import CustomResource as Kind


def custom_resource(
    name: str, kind: Kind, *, metadata: Mapping[str, Any], spec: Mapping[str, Any], opts: pulumi.ResourceOptions
) -> CustomResource:
    """Register it by the kind's version in `versions.py`; `metadata` and `spec` are as Kubernetes has them."""
    return CustomResource(
        name, api_version=kind.api_version, kind=kind.kind, metadata=metadata, spec=dict(spec), opts=opts
    )
