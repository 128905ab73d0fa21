"""How connections inside the mesh are made, and when a pod that answers badly gets none for a while."""

from __future__ import annotations

from typing import Any

# The probes of the AstrBot document (section 3.3) take a pod out of its Service after 3 failures, 5 s apart, each
# noticed within 3 s: 18 s. The mesh is quicker, and lets it back in only when the probes have had their say.
_CONSECUTIVE_ERRORS = 5
_INTERVAL = "5s"
_EJECTION = "30s"
# More would send everything to what is left, which then fails too.
_MOST_EJECTED_PERCENT = 50


def traffic_policy(*, locality: bool) -> dict[str, Any]:
    """The `trafficPolicy` of a DestinationRule: mutual TLS, outlier detection, and with `locality` requests that stay
    in their zone until its pods fail."""
    balancing: dict[str, Any] = {"simple": "LEAST_REQUEST"}
    if locality:
        # The zone first, then the region, then any: Istio's own order, and all that Flagger's Canary can say.
        balancing["localityLbSetting"] = {"enabled": True}
    return {
        "tls": {"mode": "ISTIO_MUTUAL"},
        "loadBalancer": balancing,
        "outlierDetection": {
            "consecutive5xxErrors": _CONSECUTIVE_ERRORS,
            "interval": _INTERVAL,
            "baseEjectionTime": _EJECTION,
            "maxEjectionPercent": _MOST_EJECTED_PERCENT,
        },
    }
