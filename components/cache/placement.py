"""Where the pods of a Redis cluster run: what a lost zone may take along, and what not."""

from __future__ import annotations

from typing import Any

from components.cache.args import CacheArgs

_ZONE = "topology.kubernetes.io/zone"
# The ordinal of a pod in its StatefulSet: the operator makes follower N follow leader N.
_ORDINAL = "apps.kubernetes.io/pod-index"


def spread(args: CacheArgs, pods: dict[str, str]) -> list[dict[str, Any]]:
    """Leaders evenly over zones, strictly where zones are required: a majority is left when one is lost.

    Followers only as far as there is room: strictly, and away from their leaders, the last one may find no place.
    """
    strict = args.zones is not None and pods["role"] == "leader"
    return [
        {
            "maxSkew": 1,
            "topologyKey": _ZONE,
            "whenUnsatisfiable": "DoNotSchedule" if strict else "ScheduleAnyway",
            "labelSelector": {"matchLabels": pods},
        }
    ]


def affinity(args: CacheArgs, pods: dict[str, str]) -> dict[str, Any]:
    """Away from whom: a follower from its leader, and leaders from each other where there is a zone for each.

    It lies on one side only, since the scheduler honours it for whichever of the two comes later.
    """
    required = args.zones is not None
    if pods["role"] == "follower":
        # The API server puts the pod's own ordinal into the selector: of the cluster, the leader with that ordinal.
        term = _term({"cluster": args.name}) | {"matchLabelKeys": [_ORDINAL]}
        return _anti_affinity(term, required=required)
    if args.zones is not None and args.shards <= args.zones:
        return _anti_affinity(_term(pods), required=True)
    return {}


def _term(labels: dict[str, str]) -> dict[str, Any]:
    return {"topologyKey": _ZONE, "labelSelector": {"matchLabels": labels}}


def _anti_affinity(term: dict[str, Any], *, required: bool) -> dict[str, Any]:
    if required:
        return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    weighted = {"weight": 100, "podAffinityTerm": term}
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [weighted]}}
