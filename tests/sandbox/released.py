"""The dev environment with releases in it, on a sandbox with the definitions of Istio and Flagger themselves."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from paths import ROOT
from tests.sandbox.project import Project
from tests.unit.definitions import FOLDER

NAMESPACE = "astrbot"
# Services that the system does not have, and gets when they are released.
FURTHER = ("billing", "reports")
_SMALL = {"replicas": 2, "cpu": "100m", "memory": "128Mi"}
_FILE = "Pulumi.dev.yaml"
_DEFINITIONS = ("istio", "flagger", "gateway-api")
# The kind of object that splits traffic, by mesh.
ROUTES = {
    "istio": "virtualservices.networking.istio.io",
    "gateway-api": "httproutes.gateway.networking.k8s.io",
}


@dataclass
class Environment:
    """A copy of the program whose environment file says how services are released, and in which version."""

    project: Project
    routing: Mapping[str, Any]
    releases: Mapping[str, Mapping[str, Any]]
    versions: dict[str, str] = field(default_factory=dict)

    def up(self) -> str:
        """Deploy it as it is to be now."""
        sizes = {name: {"release": dict(one), **self._version(name)} for name, one in self.releases.items()}
        document = yaml.safe_load((ROOT / _FILE).read_text(encoding="utf-8"))
        services = [{"name": name, **_SMALL} for name in self.releases if name in FURTHER]
        systems = {"astrbot": {"tenants": [], "services": services, "sizes": sizes}}
        document["config"]["saas-platform:systems"] = systems
        document["config"]["saas-platform:routing"] = dict(self.routing)
        # JSON is YAML, and has no anchors for what is used twice.
        (self.project.root / _FILE).write_text(json.dumps(document), encoding="utf-8")
        return self.project.succeed("up")

    def _version(self, name: str) -> dict[str, str]:
        return {"version": self.versions[name]} if name in self.versions else {}

    def get(self, kind: str, name: str) -> dict[str, Any]:
        found = self.project.kubectl("get", kind, name, f"-n{NAMESPACE}", "-o", "json")
        return dict(json.loads(found))

    def image(self, deployment: str) -> str:
        template = self.get("deployment", deployment)["spec"]["template"]
        return str(template["spec"]["containers"][0]["image"]).rpartition(":")[2]

    def replicas(self, deployment: str) -> int:
        return int(self.get("deployment", deployment)["spec"]["replicas"])

    def route(self, name: str) -> dict[str, Any]:
        """The object that says who gets which share of its traffic."""
        return self.get(ROUTES[str(self.routing["mesh"])], name)

    def pods(self) -> dict[str, float]:
        """When each pod was created, in seconds since the epoch."""
        found = (one["metadata"] for one in self.project.objects("pods", f"-n{NAMESPACE}"))
        return {one["name"]: datetime.fromisoformat(one["creationTimestamp"]).timestamp() for one in found}

    def rules(self, name: str) -> list[dict[str, Any]]:
        """The rules of its route."""
        return rules_of(self.route(name))

    def weight(self, name: str) -> int:
        """The candidate's share of the requests that nothing distinguishes."""
        return weight_in(name, self.rules(name))


def rules_of(route: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules of a VirtualService or an HTTPRoute."""
    return list(route["spec"]["http" if route["kind"] == "VirtualService" else "rules"])


def shares(rule: Mapping[str, Any]) -> dict[str, int]:
    """Which Service gets how much of what a rule matches."""
    if "route" in rule:
        return {one["destination"]["host"]: one.get("weight", 100) for one in rule["route"]}
    return {one["name"]: one.get("weight", 1) for one in rule["backendRefs"]}


def weight_in(name: str, rules: list[dict[str, Any]]) -> int:
    """The candidate's share in the last of the rules."""
    hosts = shares(rules[-1])
    # One destination alone gets everything, whatever Flagger writes as its weight.
    assert len(hosts) == 1 or sum(hosts.values()) == 100, hosts
    return int(hosts.get(f"{name}-canary", 0))


@contextlib.contextmanager
def environment(
    folder: Path,
    routing: Mapping[str, Any],
    releases: Mapping[str, Mapping[str, Any]],
) -> Iterator[Environment]:
    """The environment on a sandbox of its own, deployed once."""
    state = folder / "state"
    project = Project(state, Project(state).copy(folder / "program").root)
    (project.root / ".venv").symlink_to(ROOT / ".venv")
    project.variables["SAAS_PLATFORM_CACHE"] = str(Path.home() / ".cache" / "saas-platform")
    try:
        project.sandbox.up(nodes=1, zones=1)
        for one in _DEFINITIONS:
            project.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(FOLDER / one))
        made = Environment(project, routing, releases)
        made.up()
        yield made
    finally:
        project.sandbox.reset()
