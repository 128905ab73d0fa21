"""A ConfigMap whose change rolls the pods that read it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap

from components.naming import Scope

CHECKSUM_ANNOTATION = "platform.io/config-checksum"


def config_map(
    name: str, *, scope: Scope, config_name: str, data: Mapping[str, str], opts: pulumi.ResourceOptions
) -> ConfigMap:
    """A ConfigMap `config_name` with `data`."""
    return ConfigMap(name, metadata=scope.metadata(config_name), data=dict(data), opts=opts)


def checksum(data: Mapping[str, str]) -> dict[str, str]:
    """The pod annotation that changes with `data`: environment variables are read only when a container starts."""
    text = json.dumps(dict(data), sort_keys=True)
    return {CHECKSUM_ANNOTATION: hashlib.sha256(text.encode()).hexdigest()[:16]}
