"""A release's objects in the cluster: the route and both Deployments. Each write holds only for what was read."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from components.traffic.release import ROLLOUT, SPECIFICATION, TRACK_LABEL, Release, primary_name
from components.traffic.routes import OWNED_FIELD, route, weight_of
from ops.errors import OperationError
from ops.kubectl import ClusterError, Kubectl
from ops.releases.state import Action, Move, Rollout, Scale, Track, World

# On the candidate's Deployment: the rollout that scaled it last.
FENCE = "platform.io/rollout-started"
CONFLICT = "the object has been modified"
# The kinds of objects that hold a route, as kubectl calls them.
RESOURCES = {
    "VirtualService": "virtualservices.networking.istio.io",
    "HTTPRoute": "httproutes.gateway.networking.k8s.io",
    "Service": "services",
}


class ConflictError(Exception):
    """Somebody else has written the object since it was read."""


@dataclass(frozen=True)
class Observation:
    """What was read in one go, and what it means."""

    route: Mapping[str, Any]
    candidate: Mapping[str, Any]
    stable: Mapping[str, Any]
    release: Release
    port: int
    rollout: Rollout
    world: World

    @property
    def weight(self) -> int:
        """The candidate's share of the ordinary traffic, as the route has it."""
        return live_weight(self.route, self.candidate["metadata"]["name"])


@dataclass(frozen=True)
class ReleaseCluster:
    """Application `name` in `namespace`, whose route is an object of `kind`."""

    kubectl: Kubectl
    namespace: str
    name: str
    kind: str

    def observe(self) -> Observation:
        """Read everything. Raises OperationError if an object is missing."""
        wanted = [f"{RESOURCES[self.kind]}/{self.name}"]
        wanted += [f"deployments.apps/{name}" for name in (self.name, primary_name(self.name))]
        found = self.kubectl.json("get", *wanted, f"--namespace={self.namespace}", "--ignore-not-found")
        by_key = {(one["kind"], one["metadata"]["name"]): one for one in found.get("items", [found])}
        try:
            route = by_key[self.kind, self.name]
            candidate, stable = (by_key["Deployment", name] for name in (self.name, primary_name(self.name)))
            specification = route["metadata"]["annotations"][SPECIFICATION]
        except KeyError as missing:
            message = f"{self.namespace}/{self.name}: {missing} is not in the cluster; deploy the environment first"
            raise OperationError(message) from None
        release, port = _release(specification)
        world = World(stable=track_of(stable), candidate=track_of(candidate), now=time.time())
        return Observation(route, candidate, stable, release, port, rollout_of(route), world)

    def act(self, action: Action, seen: Observation) -> None:
        """Do it, unless what was seen is no longer so: then raise ConflictError."""
        try:
            if isinstance(action, Move):
                self._move(action.rollout, seen)
            elif isinstance(action, Scale):
                self._scale(action, seen)
            else:
                self._promote(seen)
        except ClusterError as error:
            if CONFLICT in str(error):
                raise ConflictError from error
            raise

    def _move(self, rollout: Rollout, seen: Observation) -> None:
        rules = route(self.name, seen.port, seen.release, rollout.exposure(seen.release), rollout.revision)
        _, _, field = OWNED_FIELD[self.kind].rpartition(".")
        annotations = {ROLLOUT: json.dumps(dataclasses.asdict(rollout))}
        self._patch(RESOURCES[self.kind], seen.route, annotations, {field: rules})

    def _scale(self, action: Scale, seen: Observation) -> None:
        annotations = {FENCE: repr(action.fence)}
        self._patch("deployments.apps", seen.candidate, annotations, {"replicas": action.replicas})

    def _promote(self, seen: Observation) -> None:
        promoted = copy.deepcopy(dict(seen.stable))
        promoted["spec"]["template"] = copy.deepcopy(seen.candidate["spec"]["template"])
        promoted["spec"]["template"]["metadata"]["labels"][TRACK_LABEL] = primary_name(self.name)
        self.kubectl.run("replace", "-f", "-", stdin=json.dumps(promoted))

    def _patch(
        self, resource: str, read: Mapping[str, Any], annotations: Mapping[str, str], spec: Mapping[str, Any]
    ) -> None:
        metadata = {"resourceVersion": read["metadata"]["resourceVersion"], "annotations": annotations}
        patch = json.dumps({"metadata": metadata, "spec": spec})
        name = read["metadata"]["name"]
        self.kubectl.run("patch", resource, name, f"--namespace={self.namespace}", "--type=merge", f"--patch={patch}")


def live_weight(route: Mapping[str, Any], name: str) -> int:
    """The share of the ordinary traffic in percent that a route gives to the candidate of application `name`."""
    kind = route["kind"]
    return weight_of(kind, route["spec"][OWNED_FIELD[kind].rpartition(".")[2]], name)


def rollout_of(route: Mapping[str, Any]) -> Rollout:
    """What is remembered on the object that holds the route."""
    text = route["metadata"].get("annotations", {}).get(ROLLOUT)
    return _adapter(Rollout).validate_json(text) if text else Rollout()


def _release(specification: str) -> tuple[Release, int]:
    values = json.loads(specification)
    port = values.pop("port")
    return _adapter(Release).validate_python(values), port


@cache
def _adapter(kind: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def revision_of(deployment: Mapping[str, Any]) -> str:
    """A short hash of the pods of a Deployment, the same for both versions if their pods are."""
    template = copy.deepcopy(deployment["spec"]["template"])
    template["metadata"].get("labels", {}).pop(TRACK_LABEL, None)
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:12]


def track_of(deployment: Mapping[str, Any]) -> Track:
    """What is seen of one of the two Deployments."""
    metadata, status = deployment["metadata"], deployment.get("status", {})
    # What the controller has not seen yet it says nothing about.
    seen = status.get("observedGeneration", 0) >= metadata.get("generation", 0)
    available = int(status.get("availableReplicas", 0))
    outdated = status.get("replicas", 0) - status.get("updatedReplicas", 0)
    return Track(
        revision=revision_of(deployment),
        replicas=int(deployment["spec"].get("replicas", 1)),
        available=available,
        # Which of the available pods are the outdated ones is not told: at worst all of these.
        updated=max(0, available - outdated) if seen else 0,
        fence=float(metadata.get("annotations", {}).get(FENCE, 0)),
    )
