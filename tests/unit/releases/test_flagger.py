"""A person's word to Flagger: what is written when, and what is refused because it would never be heard."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ops.kubectl import ClusterError, Kubectl
from ops.releases.flagger import FlaggerRelease
from ops.releases.state import NothingToDoError, RefusedError

SWITCHED = {"istio": "VirtualService", "gatewayapi:v1": "HTTPRoute"}


def canary(phase: str, provider: str = "istio") -> dict[str, Any]:
    return {
        "kind": "Canary",
        "metadata": {"name": "api", "resourceVersion": "7"},
        "spec": {"provider": provider, "analysis": {"threshold": 3}},
        "status": {"phase": phase},
    }


def route(kind: str) -> dict[str, Any]:
    """Everything is on the candidate, and requests with a cookie too."""
    shares = (("api-primary", 0), ("api-canary", 100))
    if kind == "VirtualService":
        to = [{"destination": {"host": name}, "weight": weight} for name, weight in shares]
        spec: dict[str, Any] = {"http": [{"match": [{"headers": {}}], "route": to}, {"route": to}]}
    else:
        to = [{"name": name, "port": 80, "weight": weight} for name, weight in shares]
        spec = {"rules": [{"matches": [{}], "backendRefs": to}, {"backendRefs": to}]}
    return {"kind": kind, "metadata": {"name": "api", "resourceVersion": "9"}, "spec": spec}


@dataclass(frozen=True)
class Objects(Kubectl):
    """Objects by resource, what was patched, and how often the next patches are too late."""

    program: Path = Path("kubectl")
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    patches: list[tuple[str, Any]] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        command, resource = arguments[:2]
        if command == "get":
            return json.dumps(self.found.get(resource.partition(".")[0], {}))
        if resource in self.late:
            self.late.remove(resource)
            raise ClusterError("the object has been modified")
        self.patches.append((resource.partition(".")[0], json.loads(arguments[-1].removeprefix("--patch="))))
        return ""


def released(phase: str, provider: str = "istio") -> tuple[FlaggerRelease, Objects]:
    found = {"canaries": canary(phase, provider)}
    if kind := SWITCHED.get(provider):
        found[f"{kind.lower()}s"] = route(kind)
    kubectl = Objects(found=found)
    return FlaggerRelease(kubectl, "astrbot", "api"), kubectl


@pytest.mark.parametrize("provider", SWITCHED)
def test_an_abort_returns_the_traffic_before_flagger_looks_next(provider: str) -> None:
    """First that Flagger is not to go on: it must not take the weights for its own again."""
    release, kubectl = released("Progressing", provider)
    release.abort()
    (told, status), (moved, patch) = kubectl.patches
    assert (told, status["status"]) == ("canaries", {"failedChecks": 3})
    assert moved == f"{SWITCHED[provider].lower()}s"
    (rules,) = patch["spec"].values()
    for rule in rules:
        weights = [one["weight"] for one in rule.get("route") or rule["backendRefs"]]
        assert weights == [100, 0]
    assert patch["metadata"] == {"resourceVersion": "9"}


def test_a_route_that_flagger_writes_meanwhile_is_read_again() -> None:
    release, kubectl = released("Progressing")
    kubectl.late.append("virtualservices.networking.istio.io")
    release.abort()
    assert [resource for resource, _ in kubectl.patches] == ["canaries", "virtualservices"]


def test_without_a_mesh_there_is_no_route_to_move() -> None:
    release, kubectl = released("Progressing", "kubernetes")
    release.abort()
    assert [resource for resource, _ in kubectl.patches] == ["canaries"]


@pytest.mark.parametrize("phase", ["Promoting", "Finalising"])
def test_what_is_becoming_stable_is_not_aborted(phase: str) -> None:
    release, kubectl = released(phase)
    with pytest.raises(RefusedError, match="release the one before it"):
        release.abort()
    assert not kubectl.patches


@pytest.mark.parametrize("phase", ["Waiting", "Succeeded", "Failed", "Initialized"])
def test_where_no_traffic_is_on_the_candidate_there_is_nothing_to_abort(phase: str) -> None:
    """While a webhook has not confirmed the release, Flagger does not look at failed checks: it would be waited for."""
    release, kubectl = released(phase)
    with pytest.raises(NothingToDoError):
        release.abort()
    assert not kubectl.patches


@pytest.mark.parametrize(("phase", "over"), [("Progressing", False), ("Failed", True)])
def test_an_abort_is_waited_for(phase: str, over: bool) -> None:
    assert released(phase)[0].aborted() is over


@pytest.mark.parametrize("phase", ["Promoting", "Succeeded"])
def test_an_abort_that_came_too_late_is_not_waited_for(phase: str) -> None:
    with pytest.raises(RefusedError, match="becoming the stable version"):
        released(phase)[0].aborted()


@pytest.mark.parametrize("phase", ["Waiting", "Failed"])
def test_only_a_candidate_with_pods_is_promoted(phase: str) -> None:
    release, kubectl = released(phase)
    with pytest.raises(RefusedError, match=phase):
        release.promote()
    assert not kubectl.patches
