"""A release that Flagger carries out, through the two ways in which it takes a person's word."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.routing.release import primary_name
from ops.errors import OperationError
from ops.kubectl import ClusterError, Kubectl
from ops.releases.machine import NothingToDoError, RefusedError

_RESOURCE = "canaries.flagger.app"
_GOING_ON = ("Progressing", "Waiting", "WaitingPromotion")
_ENDING = ("Promoting", "Finalising")


@dataclass(frozen=True)
class FlaggerRelease:
    """The Canary `name` in `namespace`."""

    kubectl: Kubectl
    namespace: str
    name: str

    def read(self) -> Mapping[str, Any]:
        """The Canary as it is."""
        found = self.kubectl.json("get", _RESOURCE, self.name, f"--namespace={self.namespace}", "--ignore-not-found")
        if "metadata" not in found:
            message = f"{self.namespace}/{self.name}: its Canary is not in the cluster; deploy the environment first"
            raise OperationError(message)
        return found  # type: ignore[no-any-return]

    def promote(self) -> None:
        """Promote now, without further checks: what Flagger does while its analysis is to be skipped."""
        phase = _phase(self.read())
        if phase in ("Succeeded", "Initialized"):
            raise NothingToDoError(f"Flagger says {phase}: the stable version is what is declared")
        if phase not in (*_GOING_ON, *_ENDING):
            raise RefusedError(f"Flagger says {phase}: only a candidate that is being released can be promoted")
        self._patch({"spec": {"skipAnalysis": True}})

    def settle(self) -> bool:
        """Take `skipAnalysis` back once it has done its work, also for a command that was killed; whether it has."""
        canary = self.read()
        if not canary["spec"].get("skipAnalysis"):
            return True
        if _phase(canary) in (*_GOING_ON, *_ENDING):
            return False
        self._patch({"spec": {"skipAnalysis": None}})
        return True

    def abort(self) -> None:
        """Roll back: tell Flagger that as many checks have failed as may. It needs no metrics for that."""
        canary = self.read()
        phase = _phase(canary)
        if phase in _ENDING:
            raise RefusedError("the candidate is becoming the stable version: release the one before it to go back")
        if phase not in _GOING_ON:
            raise NothingToDoError(f"Flagger says {phase}: all traffic is on the stable version")
        version = canary["metadata"]["resourceVersion"]
        failed = {"failedChecks": int(canary["spec"]["analysis"]["threshold"])}
        self._patch({"metadata": {"resourceVersion": version}, "status": failed}, "--subresource=status")

    def stable_ready(self) -> int:
        """The available pods of the stable version."""
        name = primary_name(self.name)
        found = self.kubectl.json(
            "get", "deployments.apps", name, f"--namespace={self.namespace}", "--ignore-not-found"
        )
        return int(found.get("status", {}).get("availableReplicas", 0))

    def _patch(self, patch: Mapping[str, Any], *options: str, attempts: int = 20) -> None:
        arguments = ("patch", _RESOURCE, self.name, f"--namespace={self.namespace}", "--type=merge", *options)
        try:
            self.kubectl.run(*arguments, f"--patch={json.dumps(patch)}")
        except ClusterError as error:
            if "the object has been modified" not in str(error) or attempts == 1:
                raise
            fresh = {"metadata": {"resourceVersion": self.read()["metadata"]["resourceVersion"]}}
            self._patch({**patch, **fresh}, *options, attempts=attempts - 1)


def _phase(canary: Mapping[str, Any]) -> str:
    return str(canary.get("status", {}).get("phase", "Initializing"))
