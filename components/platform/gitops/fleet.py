"""An environment in several clusters: one ApplicationSet that rolls over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.platform.gitops.args import PLATFORM, SYNC_POLICY, GitOpsArgs

CLUSTER_LABEL = "platform.io/cluster"
PART_LABEL = "platform.io/part"


def application_set_spec(args: GitOpsArgs, annotations: Mapping[str, str]) -> dict[str, Any]:
    """An Application for each cluster and part, synced cluster by cluster.

    Every pair is an element of its own, with its source written out. A cluster that is taken off the
    list keeps what runs in it.
    """
    return {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [{"list": {"elements": _elements(args)}}],
        "strategy": {"type": "RollingSync", "rollingSync": {"steps": _steps(args)}},
        "syncPolicy": {"preserveResourcesOnDeletion": True},
        "template": {
            "metadata": {
                "name": "{{.name}}",
                "labels": {CLUSTER_LABEL: "{{.cluster}}", PART_LABEL: "{{.part}}"},
                **({"annotations": dict(annotations)} if annotations else {}),
            },
            "spec": {
                "project": args.environment,
                "source": {
                    "repoURL": args.repository,
                    "targetRevision": args.revision,
                    "path": "{{.path}}",
                    # A system's folder has none below it, so that one template does for all parts.
                    "directory": {"recurse": True, "exclude": "{{.exclude}}"},
                },
                "destination": {"server": "{{.server}}", "namespace": "{{.namespace}}"},
                "syncPolicy": dict(SYNC_POLICY),
            },
        },
    }


def _elements(args: GitOpsArgs) -> list[dict[str, str]]:
    elements = []
    for target in args.clusters:
        for part in args.parts:
            source: dict[str, Any] = args.source(target, part)
            elements.append(
                {
                    "name": args.application_name(target, part),
                    "cluster": target.name,
                    "server": target.server,
                    "part": part,
                    "namespace": args.namespace(part),
                    "path": source["path"],
                    "exclude": source["directory"].get("exclude", ""),
                }
            )
    return elements


def _steps(args: GitOpsArgs) -> list[dict[str, Any]]:
    """For each cluster its platform, then its systems: a step starts once all of the one before is healthy."""
    return [
        {"matchExpressions": [_in(CLUSTER_LABEL, target.name), _in(PART_LABEL, *parts)]}
        for target in args.clusters
        for parts in ((PLATFORM,), tuple(args.systems))
        if parts
    ]


def _in(label: str, *values: str) -> dict[str, Any]:
    return {"key": label, "operator": "In", "values": list(values)}
