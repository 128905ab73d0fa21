"""A release that Flagger carries out, through the two ways in which it takes a person's word."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.traffic.release import primary_name
from components.traffic.routes import OWNED_FIELD, all_on_stable
from ops.errors import OperationError
from ops.kubectl import ClusterError, Kubectl
from ops.releases.cluster import CONFLICT, RESOURCES
from ops.releases.state import NothingToDoError, RefusedError

_RESOURCE = "canaries.flagger.app"
_GOING_ON = ("Progressing", "WaitingPromotion")
_ENDING = ("Promoting", "Finalising")
# What Flagger calls the mesh (up to its version), and the kind of object that it routes by there.
_ROUTES = {"istio": "VirtualService", "gatewayapi": "HTTPRoute"}
_LATE = "the candidate is becoming the stable version: release the one before it to go back"


@dataclass(frozen=True)
class FlaggerRelease:
    """The Canary `name` in `namespace`."""

    kubectl: Kubectl
    namespace: str
    name: str

    def read(self) -> Mapping[str, Any]:
        """The Canary as it is."""
        found = self._get(_RESOURCE, self.name)
        if "metadata" not in found:
            message = f"{self.namespace}/{self.name}: its Canary is not in the cluster; deploy the environment first"
            raise OperationError(message)
        return found

    def route(self) -> Mapping[str, Any] | None:
        """What splits the traffic; None where nothing does, or not yet."""
        kind = _ROUTES.get(str(self.read()["spec"]["provider"]).partition(":")[0])
        found = self._get(RESOURCES[kind], self.name) if kind else {}
        return found if "metadata" in found else None

    def deployments(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The stable Deployment and the candidate's; empty where there is none yet."""
        return self._get("deployments.apps", primary_name(self.name)), self._get("deployments.apps", self.name)

    def promote(self) -> None:
        """Promote now, without further checks: what Flagger does while its analysis is to be skipped."""
        phase = phase_of(self.read())
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
        if phase_of(canary) in (*_GOING_ON, *_ENDING):
            return False
        self._patch({"spec": {"skipAnalysis": None}})
        return True

    def abort(self) -> None:
        """Roll back: tell Flagger that as many checks have failed as may, and give stable the traffic before it looks.

        It needs no metrics for that.
        """
        canary = self.read()
        phase = phase_of(canary)
        if phase in _ENDING:
            raise RefusedError(_LATE)
        if phase not in _GOING_ON:
            raise NothingToDoError(f"Flagger says {phase}: all traffic is on the stable version")
        version = canary["metadata"]["resourceVersion"]
        failed = {"failedChecks": int(canary["spec"]["analysis"]["threshold"])}
        self._patch({"metadata": {"resourceVersion": version}, "status": failed}, "--subresource=status")
        self._return_traffic()

    def aborted(self) -> bool:
        """Whether Flagger has rolled back. Raises RefusedError if it had begun to promote before it could know."""
        phase = phase_of(self.read())
        if phase in (*_ENDING, "Succeeded"):
            raise RefusedError(_LATE)
        return phase == "Failed"

    def stable_ready(self) -> int:
        """The available pods of the stable version."""
        stable, _ = self.deployments()
        return int(stable.get("status", {}).get("availableReplicas", 0))

    def _return_traffic(self, attempts: int = 20) -> None:
        """All traffic to stable. Flagger leaves weights alone until it looks next, up to an interval later."""
        route = self.route()
        if route is None:
            return
        kind = route["kind"]
        field = OWNED_FIELD[kind].rpartition(".")[2]
        patch = {
            "metadata": {"resourceVersion": route["metadata"]["resourceVersion"]},
            "spec": {field: all_on_stable(kind, route["spec"][field], self.name)},
        }
        try:
            self._write(RESOURCES[kind], patch)
        except ClusterError as error:
            if CONFLICT not in str(error) or attempts == 1:
                raise
            self._return_traffic(attempts - 1)

    def _patch(self, patch: Mapping[str, Any], *options: str, attempts: int = 20) -> None:
        try:
            self._write(_RESOURCE, patch, *options)
        except ClusterError as error:
            if CONFLICT not in str(error) or attempts == 1:
                raise
            fresh = {"metadata": {"resourceVersion": self.read()["metadata"]["resourceVersion"]}}
            self._patch({**patch, **fresh}, *options, attempts=attempts - 1)

    def _write(self, resource: str, patch: Mapping[str, Any], *options: str) -> None:
        where = (resource, self.name, f"--namespace={self.namespace}", "--type=merge", *options)
        self.kubectl.run("patch", *where, f"--patch={json.dumps(patch)}")

    def _get(self, resource: str, name: str) -> Mapping[str, Any]:
        where = (resource, name, f"--namespace={self.namespace}", "--ignore-not-found")
        return self.kubectl.json("get", *where)  # type: ignore[no-any-return]


def phase_of(canary: Mapping[str, Any]) -> str:
    """What Flagger says of it: its own word."""
    return str(canary.get("status", {}).get("phase", "Initializing"))
