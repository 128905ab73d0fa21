"""How Argo CD syncs, wherever an Application comes from: this component's own, or a rendered Helm release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Where Argo CD runs and looks for its Applications.
ARGO_NAMESPACE = "argocd"
# The cluster that Argo CD itself runs in.
IN_CLUSTER = "https://kubernetes.default.svc"
# With it, removing an Application removes what it deployed.
FINALIZER = "resources-finalizer.argocd.argoproj.io"
# As the documents have it (multi-cluster-manager, section 4); server-side, since definitions are too large otherwise.
SYNC_POLICY: Mapping[str, Any] = {
    "automated": {"prune": True, "selfHeal": True, "allowEmpty": False},
    "syncOptions": ["CreateNamespace=true", "ServerSideApply=true"],
    "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}},
}


def operators_project(environment: str) -> str:
    """The name of the AppProject of an environment's Helm releases."""
    return f"{environment}-operators"
