"""Whether an object of the cluster is what it should be: available, complete, ready.

Workloads by the rules of `kubectl rollout status`; any other object by the `pulumi.com/waitFor` annotation, which the
Pulumi provider obeys too, so that both wait for the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_WAIT_FOR = "pulumi.com/waitFor"
_JSONPATH = re.compile(r"jsonpath=\{\.(?P<path>[\w.]+)\}=(?P<value>.+)")


@dataclass(frozen=True)
class Readiness:
    """How far an object is: `ready` of `wanted` replicas (0 of 1 or 1 of 1 for what has none), and why not.

    What has `failed` will never be ready by itself: waiting for it is of no use.
    """

    ready: int
    wanted: int
    reason: str = ""
    failed: bool = False

    @property
    def done(self) -> bool:
        """Whether nothing is missing."""
        return self.ready >= self.wanted and not self.reason


def readiness(live: Mapping[str, Any], minimum: int = 0) -> Readiness | None:
    """The readiness of a live object, or None for a kind that has none.

    `minimum` is what an autoscaler will scale it to at the least, even if it has not done so yet.
    """
    if live["kind"] in _WORKLOADS:
        if _observed(live):
            return _WORKLOADS[live["kind"]](live, minimum)
        return Readiness(0, max(1, minimum), "not yet seen by its controller")
    condition = live["metadata"].get("annotations", {}).get(_WAIT_FOR)
    return _waited(live, condition) if condition else None


def _observed(live: Mapping[str, Any]) -> bool:
    generation = live["metadata"].get("generation", 0)
    return live["kind"] == "Job" or bool(live.get("status", {}).get("observedGeneration", 0) >= generation)


def _deployment(live: Mapping[str, Any], minimum: int) -> Readiness:
    status = live.get("status", {})
    wanted = max(live["spec"].get("replicas", 1), minimum)
    ready = min(status.get("availableReplicas", 0), status.get("updatedReplicas", 0))
    for condition in status.get("conditions", []):
        if condition["type"] in ("ReplicaFailure",) and condition["status"] == "True":
            return Readiness(ready, wanted, condition.get("message", "replicas cannot be created"))
    leaving = status.get("replicas", 0) - status.get("updatedReplicas", 0)
    return Readiness(ready, wanted, f"{leaving} old pods are still there" if leaving > 0 else "")


def _stateful_set(live: Mapping[str, Any], minimum: int) -> Readiness:
    status, wanted = live.get("status", {}), max(live["spec"].get("replicas", 1), minimum)
    updating = status.get("currentRevision") != status.get("updateRevision")
    ready = min(status.get("readyReplicas", 0), status.get("updatedReplicas", 0) if updating else wanted)
    return Readiness(ready, wanted)


def _daemon_set(live: Mapping[str, Any], _minimum: int) -> Readiness:
    status = live.get("status", {})
    ready = min(status.get("numberAvailable", 0), status.get("updatedNumberScheduled", 0))
    return Readiness(ready, status.get("desiredNumberScheduled", 0))


def _job(live: Mapping[str, Any], _minimum: int) -> Readiness:
    status, wanted = live.get("status", {}), live["spec"].get("completions", 1)
    failed = [one for one in status.get("conditions", []) if one["type"] == "Failed" and one["status"] == "True"]
    reason = failed[0].get("message", "failed") if failed else ""
    return Readiness(status.get("succeeded", 0), wanted, reason, failed=bool(failed))


_WORKLOADS = {"Deployment": _deployment, "StatefulSet": _stateful_set, "DaemonSet": _daemon_set, "Job": _job}


def _waited(live: Mapping[str, Any], wanted: str) -> Readiness:
    met, found = _met(live, wanted)
    return Readiness(1, 1) if met else Readiness(0, 1, f"waits for {wanted}, is {found or 'without status'}")


def _met(live: Mapping[str, Any], wanted: str) -> tuple[bool, str]:
    if wanted.startswith("condition="):
        name, _, status = wanted.removeprefix("condition=").partition("=")
        for condition in live.get("status", {}).get("conditions", []):
            if condition["type"] == name:
                if _is_outdated(live, condition):
                    return False, f"{name}={condition['status']} of an older version"
                return condition["status"] == (status or "True"), f"{name}={condition['status']}"
        return False, ""
    match = _JSONPATH.fullmatch(wanted)
    if match is None:
        raise ValueError(f"{live['metadata']['name']}: {_WAIT_FOR} {wanted!r} is not condition=… or jsonpath={{.…}}=…")
    value: Any = live
    for part in match["path"].split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if _is_outdated(live):
        return False, f"{value} of an older version"
    return str(value) == match["value"], str(value or "")


def _is_outdated(live: Mapping[str, Any], condition: Mapping[str, Any] | None = None) -> bool:
    """Whether a status is that of an earlier spec, as far as its controller says so (as `kubectl wait` has it)."""
    of_status = live.get("status", {}).get("observedGeneration")
    seen = (condition or {}).get("observedGeneration", of_status)
    return seen is not None and bool(seen < live["metadata"].get("generation", 0))
