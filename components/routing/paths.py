"""Which requests a route is for, where a host leads to several applications by path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.routing.release import Entry

# The gateway that stands for the proxies of the mesh.
MESH = "mesh"


def istio_matches(entry: Entry | None, **also: Any) -> list[dict[str, Any]]:
    """The `match` of a VirtualService's rule: from inside everything, from outside the paths of the entry.

    `also` is what a request must have besides. Empty where that is any request at all. Rules of several
    VirtualServices for one host are joined in no order, but that which is for all paths comes last
    (https://istio.io/latest/docs/ops/best-practices/traffic-management/#split-virtual-services).
    """
    if entry is None or entry.whole_host:
        return [also] if also else []
    outside = [{**also, "gateways": [entry.gateway], "uri": {"prefix": path}} for path in entry.paths]
    return [{**also, "gateways": [MESH]}, *outside]


def gateway_matches(entry: Entry | None, **also: Any) -> list[dict[str, Any]]:
    """The `matches` of an HTTPRoute's rule; the longest path of all routes of a host wins."""
    paths = ("/",) if entry is None else entry.paths
    return [{"path": {"type": "PathPrefix", "value": path}, **also} for path in paths]


def flagger_matches(mesh: str, entry: Entry | None) -> Mapping[str, Any]:
    """What a Canary's `service` says of it; nothing where all requests are the application's."""
    if entry is None or entry.whole_host:
        return {}
    if mesh == "istio":
        return {"match": istio_matches(entry)}
    return {"match": [{"uri": {"prefix": path}} for path in entry.paths]}
