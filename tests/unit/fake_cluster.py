"""A cluster in memory behind kubectl's commands: just what is asked of one that is only looked at.

Every workload is ready as soon as it is stored, and every condition that an object waits for is met, unless the object
is in `stuck`; a Job in `failing` has failed. `raw` is what it answers by path; an `unreachable` one answers nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graph.manifests import Manifest
from graph.model import revealed
from ops.kubectl import ClusterError, Kubectl
from ops.live.lookup import Key, key_of, resource_of, title_of

_READY = {
    "availableReplicas": 99,
    "updatedReplicas": 99,
    "readyReplicas": 99,
    "replicas": 99,
    "succeeded": 99,
    "conditions": [{"type": "Ready", "status": "True"}],
    "state": "Ready",
}


@dataclass
class State:
    """What the cluster holds, and what was asked of it."""

    objects: dict[Key, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    patches: list[Any] = field(default_factory=list)
    stuck: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    events: list[dict[str, Any]] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    unreachable: bool = False


@dataclass(frozen=True)
class FakeKubectl(Kubectl):
    """kubectl of a cluster that is a dict."""

    program: Path = Path("kubectl")
    state: State = field(default_factory=State)

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        self.state.calls.append(arguments)
        command, *rest = arguments
        if self.state.unreachable:
            raise ClusterError("context gone cannot be reached: dial tcp: connection refused")
        if command == "get":
            return self._get(rest)
        if command == "patch":
            self.state.patches.append(json.loads(stdin or "[]"))
        return ""

    def store(self, *manifests: Manifest) -> None:
        """Have objects as a deployment leaves them."""
        for one in manifests:
            self.put(revealed(one.body))

    def put(self, body: Mapping[str, Any]) -> None:
        """Have one object, ready unless it is to be stuck or to fail."""
        live = {**body, "metadata": {"resourceVersion": "1", **body["metadata"]}}
        title = title_of(key_of(live))
        if title not in self.state.stuck:
            live.setdefault("status", dict(_READY))
        if title in self.state.failing:
            live["status"] = {"conditions": [{"type": "Failed", "status": "True", "message": "BackoffLimitExceeded"}]}
        self.state.objects[key_of(live)] = live

    def _get(self, arguments: list[str]) -> str:
        what = arguments[0]
        if what == "events":
            return json.dumps({"items": self.state.events})
        if what == "--raw":
            return self._raw(arguments[1])
        if "--all-namespaces" in arguments and self.state.forbidden:
            raise ClusterError('Error from server (Forbidden): pods is forbidden: User "jane" cannot list at the scope')
        kinds = what.split(",")
        found = [body for body in self.state.objects.values() if self._is_asked_for(body, kinds, arguments)]
        return json.dumps({"kind": "List", "items": found})

    @staticmethod
    def _is_asked_for(body: Mapping[str, Any], kinds: Sequence[str], arguments: Sequence[str]) -> bool:
        options = dict(one.partition("=")[::2] for one in arguments if "=" in one)
        label, _, value = options.get("--selector", "").partition("=")
        labels = body["metadata"].get("labels") or {}
        kind, _, _ = resource_of(body).partition(".")
        return (
            any(resource_of(body) == one or kind.lower() + "s" == one for one in kinds)
            and (not label or (label in labels and value in ("", labels[label])))
            and options.get("--namespace", body["metadata"].get("namespace")) == body["metadata"].get("namespace")
        )

    def _raw(self, path: str) -> str:
        if path in ("/readyz",):
            return "ok"
        if path not in self.state.raw:
            raise ClusterError(f"Error from server (NotFound): {path} could not be found")
        return json.dumps(self.state.raw[path])
