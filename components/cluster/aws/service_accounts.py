"""Who in a cluster takes a role of IAM."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ServiceAccount:
    """A service account of Kubernetes, by namespace and name."""

    namespace: str
    name: str
