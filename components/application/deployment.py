"""The Deployment of an application."""

from __future__ import annotations

from typing import Any

from components.application.args import ApplicationArgs
from components.application.pod import pod_template
from components.routing.release import TRACK_LABEL, primary_name


def deployment_spec(args: ApplicationArgs, *, stable: bool = False) -> dict[str, Any]:
    """The `spec` of the application's Deployment, or with `stable` of the one that serves while it is released."""
    # The two versions' pods differ in this one label, and so do the selectors.
    track = {TRACK_LABEL: primary_name(args.name)} if stable else {}
    template: Any = pod_template(args)
    metadata = {**template["metadata"], "labels": template["metadata"]["labels"] | track}
    return {
        **_replicas(args, stable),
        "selector": {"match_labels": args.selector | track},
        "strategy": _strategy(args),
        "revision_history_limit": 5,
        "template": {**template, "metadata": metadata},
    }


def _replicas(args: ApplicationArgs, stable: bool) -> dict[str, int]:
    if args.release and args.release.controller == "none" and not stable:
        # The candidate runs while it is released. One that serves already is left to: see the option ignore_changes.
        return {"replicas": 0}
    return {"replicas": args.replicas.minimum}


def _strategy(args: ApplicationArgs) -> dict[str, Any]:
    if args.files.storage:
        # A second pod could not mount the volume, and would wait for the first one for ever.
        return {"type": "Recreate"}
    steps = {"max_surge": args.rollout.max_surge, "max_unavailable": args.rollout.max_unavailable}
    return {"type": "RollingUpdate", "rolling_update": steps}
