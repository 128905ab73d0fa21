"""Names and labels of Kubernetes objects, made in one place so that selectors and policies can rely on them.

And the way from the SDK's notation of objects, in Python's names, to Kubernetes' own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.kubernetes.addresses import UNKNOWN, ClusterAddresses

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
DNS_LABEL_MAX = 63
DNS_LABEL_FORMAT = (
    "lower-case letters, digits and '-', starting and ending with a letter or digit, at most 63 characters"
)

# Namespaces are selected by their name through the label that the API server itself keeps.
NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"
SYSTEM_LABEL = "platform.io/system"
ENVIRONMENT_LABEL = "platform.io/environment"


def dns_label(name: str) -> str:
    """Return `name` if it may name a Service or be a label value (RFC 1123, 63 characters); else raise ValueError."""
    if len(name) > DNS_LABEL_MAX:
        raise ValueError(f"{name!r} has {len(name)} characters: at most {DNS_LABEL_MAX} are allowed")
    if not _DNS_LABEL.fullmatch(name):
        raise ValueError(f"{name!r} is not a valid name: use {DNS_LABEL_FORMAT}")
    return name


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Where a component's objects belong: their namespace, the labels that they all carry, and their cluster.

    `system` and `environment` become `platform.io/system` and `platform.io/environment`: one label selector finds
    everything of a system. `addresses` are the cluster's own, which no label finds.
    """

    namespace: str
    system: str
    environment: str
    addresses: ClusterAddresses = UNKNOWN

    @classmethod
    def of(cls, system: str, environment: str, addresses: ClusterAddresses = UNKNOWN) -> Scope:
        """That of a system whose namespace bears its name."""
        return cls(namespace=system, system=system, environment=environment, addresses=addresses)

    def labels(self, component: str, instance: str | None = None, version: str | None = None) -> dict[str, str]:
        """All recommended labels (https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/)."""
        labels = {
            **self.selector(component, instance),
            "app.kubernetes.io/part-of": self.system,
            "app.kubernetes.io/managed-by": "pulumi",
            ENVIRONMENT_LABEL: self.environment,
            SYSTEM_LABEL: self.system,
        }
        return labels | ({"app.kubernetes.io/version": version} if version else {})

    def metadata(
        self, component: str, name: str | None = None, *, annotations: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The `metadata` of an object of `component` in this namespace; `name` is by default the component's own."""
        metadata = {"name": name or component, "namespace": self.namespace, "labels": self.labels(component)}
        return metadata | ({"annotations": dict(annotations)} if annotations else {})

    def selector(self, component: str, instance: str | None = None) -> dict[str, str]:
        """The labels that never change over an object's life: those alone may select pods.

        A version is left out on purpose: a Deployment's selector is immutable, and an upgrade changes the version.
        """
        selector = {"app.kubernetes.io/name": dns_label(component)}
        return selector | ({"app.kubernetes.io/instance": dns_label(instance)} if instance else {})

    def host(self, service: str) -> str:
        """The cluster-internal DNS name of a Service in this namespace."""
        return f"{dns_label(service)}.{self.namespace}.svc.cluster.local"


def as_manifest(value: Any) -> dict[str, Any]:
    """Python's names as Kubernetes' own: `run_as_user` is `runAsUser`. Values below labels stay as they are."""
    return {_camel(key): as_manifest(one) if _is_struct(key, one) else one for key, one in value.items()}


def _is_struct(key: str, value: Any) -> bool:
    return isinstance(value, Mapping) and key != "match_labels"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
