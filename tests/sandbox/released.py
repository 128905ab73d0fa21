"""The dev environment with releases in it, on a sandbox with the definitions of Istio and Flagger themselves."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paths import ROOT
from tests.sandbox.project import Project
from tests.unit.definitions import FOLDER

NAMESPACE = "astrbot"
_DEFINITIONS = ("istio", "flagger", "gateway-api")


@dataclass
class Environment:
    """A copy of the program whose environment file says how services are released, and in which version."""

    project: Project
    routing: Mapping[str, Any]
    releases: Mapping[str, Mapping[str, Any]]
    versions: dict[str, str] = field(default_factory=dict)

    def up(self) -> str:
        """Deploy it as it is to be now."""
        file = self.project.root / "Pulumi.dev.yaml"
        text = file.read_text().partition("      sizes:")[0].partition("  saas-platform:routing:")[0]
        head, _, systems = text.partition("  saas-platform:systems:")
        sizes = {name: {"release": one, **self._version(name)} for name, one in self.releases.items()}
        systems = systems or "\n    astrbot:\n      tenants: []\n"
        routing = f"  saas-platform:routing: {json.dumps(self.routing)}\n"
        file.write_text(f"{head}  saas-platform:systems:{systems}      sizes: {json.dumps(sizes)}\n{routing}")
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

    def rules(self, name: str) -> list[dict[str, Any]]:
        """The HTTP rules of its VirtualService."""
        return list(self.get("virtualservices.networking.istio.io", name)["spec"]["http"])

    def weight(self, name: str) -> int:
        """The candidate's share of the requests that nothing distinguishes."""
        return weight_in(name, self.rules(name))


def weight_in(name: str, rules: list[dict[str, Any]]) -> int:
    """The candidate's share in the last of the rules."""
    hosts = {one["destination"]["host"]: one.get("weight", 100) for one in rules[-1]["route"]}
    # One destination alone gets everything, whatever Flagger writes as its weight.
    assert len(hosts) == 1 or sum(hosts.values()) == 100, hosts
    return int(hosts.get(f"{name}-canary", 0))


@contextlib.contextmanager
def environment(
    folder: Path,
    routing: Mapping[str, Any],
    releases: Mapping[str, Mapping[str, Any]],
    engine: type[Project] = Project,
) -> Iterator[Environment]:
    """The environment on a sandbox of its own, deployed once by the engine that this kind of project uses."""
    state = folder / "state"
    project = engine(state, Project(state).copy(folder / "program").root)
    (project.root / ".venv").symlink_to(ROOT / ".venv")
    project.variables["SAAS_PLATFORM_CACHE"] = str(Path.home() / ".cache" / "saas-platform")
    try:
        project.sandbox.up(nodes=1, zones=1)
        for one in _DEFINITIONS:
            project.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(FOLDER / one))
        # Where the gateway of the mesh runs: it is there before the environment is.
        project.kubectl("create", "namespace", "istio-ingress")
        made = Environment(project, routing, releases)
        made.up()
        yield made
    finally:
        project.sandbox.reset()
