"""A cluster in memory behind kubectl's commands: just what the recorded engine asks of it.

Every workload is ready as soon as it is applied, and every condition that an object waits for is met, unless the object
is in `stuck`; a Job in `failing` has failed. `raw` is what it answers by path; an `unreachable` one answers nothing.
Objects in `refused` are refused as the API does, also to be deleted: the rest of the same call is done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.engines.changes import Key, key_of, title_of
from ops.engines.lookup import resource_of
from ops.kubectl import ClusterError, Kubectl

_ENVIRONMENTS = "/apis/platform.io/v1/environments/"
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
    applied: list[list[Key]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    events: list[dict[str, Any]] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)
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
        if command == "apply":
            return self._apply(rest, json.loads(stdin or ""))
        if command == "get":
            return self._get(rest)
        if command == "delete":
            return self._delete(rest, stdin)
        return ""

    def _apply(self, arguments: list[str], document: Mapping[str, Any]) -> str:
        bodies = document["items"] if document["kind"] == "List" else [document]
        done, errors = [], []
        for body in bodies:
            if title_of(key_of(body)) in self.state.refused:
                errors.append(f'{body["kind"]} "{body["metadata"]["name"]}" is invalid: spec: Required value')
            elif "--dry-run=server" in arguments:
                live = self.state.objects[key_of(body)]
                done.append({**live, **body, "metadata": {**live["metadata"], **body["metadata"]}})
            else:
                done.append(self._store(body))
        if "--dry-run=server" not in arguments:
            self.state.applied.append([key_of(body) for body in done])
        if errors:
            raise ClusterError("\n".join(errors))
        if "--prune" in arguments:
            return self._prune(arguments, {key_of(body) for body in bodies})
        return json.dumps({"kind": "List", "items": done})

    def _store(self, body: Mapping[str, Any]) -> dict[str, Any]:
        old = self.state.objects.get(key_of(body), {"metadata": {"resourceVersion": 0}})
        version = old["metadata"]["resourceVersion"] + 1
        live = {**body, "metadata": {**body["metadata"], "resourceVersion": version, "uid": "uid"}}
        if title_of(key_of(body)) not in self.state.stuck:
            live["status"] = dict(_READY)
        if title_of(key_of(body)) in self.state.failing:
            live["status"] = {"conditions": [{"type": "Failed", "status": "True", "message": "BackoffLimitExceeded"}]}
        self.state.objects[key_of(body)] = live
        return live

    def _prune(self, arguments: list[str], kept: set[Key]) -> str:
        reference = next(one for one in arguments if one.startswith("--applyset="))
        parent = self.state.objects["Environment", "", reference.rpartition("/")[2]]
        label = ("applyset.kubernetes.io/part-of", parent["metadata"]["labels"]["applyset.kubernetes.io/id"])
        gone = [
            key
            for key, body in self.state.objects.items()
            if label in body["metadata"].get("labels", {}).items() and key not in kept
        ]
        for key in gone:
            del self.state.objects[key]
        return "".join(f"{kind.lower()}/{name} pruned\n" for kind, _, name in gone)

    def _get(self, arguments: list[str]) -> str:
        what = arguments[0]
        if what == "events":
            return json.dumps({"items": self.state.events})
        if what == "--raw":
            return self._raw(arguments[1])
        if what == "environments.platform.io":
            return json.dumps({"items": [body for key, body in self.state.objects.items() if key[0] == "Environment"]})
        kinds = {one.partition(".")[0] for one in what.split(",")}
        selector = next(one for one in arguments if one.startswith("--selector=")).removeprefix("--selector=")
        label, _, value = selector.partition("=")
        found = [
            body
            for key, body in self.state.objects.items()
            if key[0] in kinds
            and (there := body["metadata"].get("labels", {}).get(label)) is not None
            and value in ("", there)
        ]
        return json.dumps({"kind": "List", "items": found})

    def _raw(self, path: str) -> str:
        if path in ("/readyz",):
            return "ok"
        if path.startswith(_ENVIRONMENTS):
            found = self.state.objects.get(("Environment", "", path.removeprefix(_ENVIRONMENTS)))
            if found is None:
                raise ClusterError("Error from server (NotFound): the server could not find the requested resource")
            return json.dumps(found)
        if path not in self.state.raw:
            raise ClusterError(f"Error from server (NotFound): {path} could not be found")
        return json.dumps(self.state.raw[path])

    def _delete(self, arguments: list[str], stdin: str | None) -> str:
        if stdin is not None:
            bodies = json.loads(stdin)["items"]
            doomed = [(key_of(body), resource_of(body)) for body in bodies]
        else:
            kind, _, name = arguments[0].partition("/")
            own = "Environment" if kind.startswith("environments") else "CustomResourceDefinition"
            doomed = [((own, "", name), kind)]
        errors = []
        for key, resource in doomed:
            if title_of(key) in self.state.refused:
                errors.append(f'Error from server (Forbidden): {resource} "{key[2]}" is forbidden: not today')
            elif self.state.objects.pop(key, None) is not None:
                self.state.deleted.append(title_of(key))
        if errors:
            raise ClusterError("\n".join(errors))
        return ""
