"""Compliant Kubernetes objects to make mutations of, and what tests of rules need besides, found in one place."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from tests.policy.judging import OPTIONS, TODAY, judge, objecting, resource_arguments, stack_arguments
from tests.policy.tokens import TOKENS, token_of, urn_of, urn_of_type
from tests.policy.workload_objects import (
    LABELS,
    TEMPLATE_PATHS,
    WORKLOAD_KINDS,
    Props,
    container,
    init_container,
    resources,
    template_path,
    workload,
)

__all__ = [
    "LABELS",
    "OPTIONS",
    "TEMPLATE_PATHS",
    "TODAY",
    "TOKENS",
    "WORKLOAD_KINDS",
    "Props",
    "container",
    "init_container",
    "judge",
    "objecting",
    "resource_arguments",
    "resources",
    "stack_arguments",
    "template_path",
    "token_of",
    "urn_of",
    "urn_of_type",
    "workload",
]


def namespace(name: str = "shop") -> Props:
    security = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    return {"kind": "Namespace", "metadata": {"name": name, "labels": {**LABELS, **security}}}


def quota(namespace: str = "shop") -> Props:
    identity = {"name": "quota", "namespace": namespace, "labels": dict(LABELS)}
    return {"kind": "ResourceQuota", "metadata": identity, "spec": {"hard": {"pods": "20"}}}


def service_account(namespace: str = "shop", name: str = "api") -> Props:
    identity = {"name": name, "namespace": namespace, "labels": dict(LABELS)}
    return {"kind": "ServiceAccount", "metadata": identity, "automountServiceAccountToken": False}


def limit_range(namespace: str = "shop") -> Props:
    identity = {"name": "limits", "namespace": namespace, "labels": dict(LABELS)}
    limit = {"type": "Container", "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "100m"}}
    return {"kind": "LimitRange", "metadata": identity, "spec": {"limits": [limit]}}


def default_deny(namespace: str = "shop") -> Props:
    return {
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny", "namespace": namespace, "labels": dict(LABELS)},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }


def allow(namespace: str = "shop", name: str = "api", labels: Mapping[str, str] = LABELS) -> Props:
    return {
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(LABELS)},
        "spec": {
            "podSelector": {"matchLabels": dict(labels)},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 8000}]}],
        },
    }


def shop() -> list[Props]:
    """A stack that no rule objects to; the workload is its last object."""
    return [namespace(), default_deny(), allow(), quota(), limit_range(), service_account(), workload()]


def without(props: Props, path: str) -> Props:
    """A copy without what lies at a dotted path; a number is an index. Keys with dots are written with `~` for them."""
    changed, parent, key = _parent(props, path)
    del parent[key]
    return changed


def having(props: Props, path: str, value: Any) -> Props:
    """A copy with a value at a dotted path."""
    changed, parent, key = _parent(props, path)
    parent[key] = value
    return changed


def _parent(props: Props, path: str) -> tuple[Props, Any, Any]:
    changed = copy.deepcopy(props)
    *keys, last = (int(key) if key.isdigit() else key.replace("~", ".") for key in path.split("."))
    parent: Any = changed
    for key in keys:
        parent = parent[key]
    return changed, parent, last
