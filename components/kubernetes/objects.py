"""Objects of any kind: those of an operator, ConfigMaps that roll pods, and the options of what keeps data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ConfigMap

from components.kubernetes.naming import Scope
from versions import CustomResource as Kind


def custom_resource(
    name: str, kind: Kind, *, metadata: Mapping[str, Any], spec: Mapping[str, Any], opts: pulumi.ResourceOptions
) -> CustomResource:
    """Register it by the kind's version in `versions.py`; `metadata` and `spec` are as Kubernetes has them."""
    return CustomResource(
        name, api_version=kind.api_version, kind=kind.kind, metadata=metadata, spec=dict(spec), opts=opts
    )


CHECKSUM_ANNOTATION = "platform.io/config-checksum"


# Reloader 1.4 (internal/pkg/options/flags.go): the pods of a Deployment or StatefulSet that bears it are exchanged when
# a Secret changes that they read.
EXCHANGED_WITH_SECRETS = {"secret.reloader.stakater.com/auto": "true"}


def config_map(
    name: str, *, scope: Scope, config_name: str, data: Mapping[str, str], opts: pulumi.ResourceOptions
) -> ConfigMap:
    """A ConfigMap `config_name` with `data`."""
    return ConfigMap(name, metadata=scope.metadata(config_name), data=dict(data), opts=opts)


def checksum(data: Mapping[str, str]) -> dict[str, str]:
    """The pod annotation that changes with `data`: environment variables are read only when a container starts."""
    text = json.dumps(dict(data), sort_keys=True)
    return {CHECKSUM_ANNOTATION: hashlib.sha256(text.encode()).hexdigest()[:16]}


def kept(protect: bool, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """The options with both that keep a resource: no update deletes it, and its object stays when a stack goes.

    Without `protect` they are returned as they are.
    """
    if not protect:
        return opts
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=True, retain_on_delete=True))
