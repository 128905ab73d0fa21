"""Waiting until an environment's objects are ready, and saying what holds them up if they are not."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from components.traffic.release import primary_name
from graph.manifests import Manifest
from ops.kubectl import ClusterError
from ops.live.lookup import Key, Lookup, title_of
from ops.live.readiness import Readiness, readiness

_POLL_SECONDS = 0.5
# As many of the cluster's warnings are shown, the last ones.
_WARNINGS = 10
# The kinds that scale workloads, with their fields for the least number of pods and what goes without.
_AUTOSCALERS = {"HorizontalPodAutoscaler": ("minReplicas", 1), "ScaledObject": ("minReplicaCount", 0)}

State = Mapping[Key, Readiness]


class Progress(Protocol):
    """Told how far a deployment is."""

    def waiting(self, state: State) -> None:
        """The workloads that are waited for, as they are now."""


@dataclass(frozen=True)
class Waiting:
    """Waits for some of `manifests`, which are all of an environment; `timeout` in seconds."""

    lookup: Lookup
    manifests: Sequence[Manifest]
    progress: Progress
    timeout: int

    def wait(self, manifests: Sequence[Manifest], live: Mapping[Key, Mapping[str, Any]] | None = None) -> State:
        """Wait until all of `manifests` that have a readiness are ready, and return it.

        `live` is how they were just now, if known. Raises ClusterError if one has failed, or when time is up.
        """
        deadline = time.monotonic() + self.timeout
        while True:
            state = self.state(manifests, live)
            self.progress.waiting(state)
            missing = {key: one for key, one in state.items() if not one.done}
            if not missing:
                return state
            if failed := {key: one for key, one in missing.items() if one.failed}:
                raise ClusterError(_missing("failed", failed, self._warnings(failed)))
            if time.monotonic() > deadline:
                raise ClusterError(_missing(f"not available within {self.timeout} s", missing, self._warnings(missing)))
            if live is None:
                time.sleep(_POLL_SECONDS)
            live = None

    def state(
        self, manifests: Sequence[Manifest], live: Mapping[Key, Mapping[str, Any]] | None = None
    ) -> dict[Key, Readiness]:
        """The readiness of the objects that have one; an object that is not there counts as not ready."""
        wanted = [one for one in manifests if _can_wait(one)]
        if not wanted:
            return {}
        if live is None:
            live = self.lookup.declared(wanted)
        minimums = dict(_minimums(self.manifests))
        return {one.key: _state(one, live.get(one.key), minimums.get(one.key, 0)) for one in wanted}

    def held_up(self) -> str:
        """What of an environment is not ready now, and the cluster's warnings of that ("" if all of it is ready)."""
        missing = {key: one for key, one in self.state(self.manifests).items() if not one.done}
        return _missing("not available", missing, self._warnings(missing)) if missing else ""

    def _warnings(self, missing: State) -> list[str]:
        """What the cluster itself says of the workloads that do not come up and of their pods, each message once.

        Where it says nothing of these, what it says of the rest of their namespaces.
        """
        events = [
            event
            for namespace in sorted({namespace for _, namespace, _ in missing})
            for event in self._events(namespace)
        ]
        about = [event for event in events if _is_about(event["involvedObject"], missing)]
        lines = [
            f"{one['involvedObject']['kind']} {one['involvedObject']['name']}: {one['message']}"
            for one in about or events
        ]
        return list(dict.fromkeys(lines))[-_WARNINGS:]

    def _events(self, namespace: str) -> list[dict[str, Any]]:
        arguments = (f"--namespace={namespace}", "--field-selector=type=Warning")
        return list(self.lookup.kubectl.json("get", "events", *arguments)["items"])


def _is_about(involved: Mapping[str, Any], missing: State) -> bool:
    """Whether an event's object is one of `missing`, or was made for one: their names begin with its name."""
    if involved["kind"] in _AUTOSCALERS:
        return False
    return any(
        involved.get("namespace") == namespace and (involved["name"] == name or involved["name"].startswith(f"{name}-"))
        for _, namespace, name in missing
    )


def _can_wait(manifest: Manifest) -> bool:
    return readiness({**manifest.body, "status": {}}) is not None


def _state(manifest: Manifest, live: Mapping[str, Any] | None, minimum: int) -> Readiness:
    if live is None:
        return Readiness(0, max(1, minimum), "does not exist")
    declared = 0 if "spec.replicas" in manifest.owned else int(manifest.body.get("spec", {}).get("replicas") or 0)
    return readiness(live, max(minimum, declared)) or Readiness(1, 1)


def _minimums(manifests: Sequence[Manifest]) -> Iterator[tuple[Key, int]]:
    """What autoscalers scale their workloads to at the least, except those that a release scales, to none at times."""
    released = set(_released(manifests))
    for manifest in manifests:
        if manifest.kind in _AUTOSCALERS:
            field, default = _AUTOSCALERS[manifest.kind]
            spec = manifest.body["spec"]
            target = spec["scaleTargetRef"]
            key = (str(target.get("kind", "Deployment")), manifest.namespace, str(target["name"]))
            if key not in released:
                yield key, int(spec.get(field, default))


def _released(manifests: Sequence[Manifest]) -> Iterator[Key]:
    """The candidates of releases: what Flagger targets, and what has a stable version beside it."""
    keys = {one.key for one in manifests}
    for one in manifests:
        if one.kind == "Canary":
            target = one.body["spec"]["targetRef"]
            yield str(target["kind"]), one.namespace, str(target["name"])
        elif (one.kind, one.namespace, primary_name(one.name)) in keys:
            yield one.key


def _missing(title: str, missing: State, warnings: Sequence[str]) -> str:
    lines = [f"{title}:"]
    lines += [
        f"  {title_of(key)}: {one.ready} of {one.wanted}" + (f", {one.reason}" if one.reason else "")
        for key, one in missing.items()
    ]
    if warnings:
        lines += ["the cluster's warnings:", *(f"  {warning}" for warning in warnings)]
    return "\n".join([*lines, "what was applied stays; the same command goes on from there"])
