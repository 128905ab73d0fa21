"""What holds between versions: the tokens of components, and one number for the version wherever it is said."""

from __future__ import annotations

import re
import tomllib

import yaml

from paths import ROOT
from stacks.systems import Systems, config_class

# The tokens of 0.1.0. None goes from here before the next major version: a component that is renamed names the old one
# as an alias, and the new token is added.
TOKENS = [
    "platform:access:Access",
    "platform:admission:AdmissionPolicies",
    "platform:application:Application",
    "platform:application:ApplicationGroup",
    "platform:aws:BackupBucket",
    "platform:aws:Domain",
    "platform:aws:Network",
    "platform:cache:Cache",
    "platform:certificates:Authority",
    "platform:cluster:ControlPlane",
    "platform:cluster:EksCluster",
    "platform:cluster:ExistingCluster",
    "platform:credentials:Credentials",
    "platform:credentials:SecretBundle",
    "platform:database:Database",
    "platform:database:DatabaseLogins",
    "platform:gitops:GitOps",
    "platform:ingress:HttpIngress",
    "platform:job:ScriptJob",
    "platform:namespace:NamespaceBaseline",
    "platform:observability:Alertmanager",
    "platform:observability:BlackboxExporter",
    "platform:observability:Grafana",
    "platform:observability:KubeStateMetrics",
    "platform:observability:NodeExporter",
    "platform:observability:Prometheus",
    "platform:observability:Pushgateway",
    "platform:observability:Thanos",
    "platform:operators:Operators",
    "platform:priority:PriorityClasses",
    "platform:routing:MeshBaseline",
    "platform:routing:MeshEntry",
    "platform:routing:ReleaseAnalysis",
    "platform:server:Server",
    "platform:systems:Monitoring",
    "platform:systems:Telemetry",
]
# Below `platform:systems:`, by the same rule.
SYSTEMS = ["AstrBot", "CloudLens", "Orders", "MultiClusterManager", "FederatedRisk"]


def _sources() -> str:
    files = [path for folder in ("components", "stacks") for path in sorted((ROOT / folder).rglob("*.py"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_every_token_that_was_released_is_there_or_an_alias() -> None:
    """Without it Pulumi would delete what bears the token, database and all, and make it anew under the new one."""
    written = set(re.findall(r'"(platform:[a-z]+:\w+)"', _sources()))
    assert written, "no source was found"
    assert set(TOKENS) <= written, "a renamed component needs the old token as an alias: docs/how-to/upgrade.md"


def test_every_system_that_was_released_has_its_token() -> None:
    """A system's token is made of its title, which somebody might only want to spell better."""
    found = {config_class(key).declaration.type_name for key in Systems.model_fields}
    assert set(SYSTEMS) <= found


def test_the_version_is_one_and_the_newest_of_the_changelog() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    pack = yaml.safe_load((ROOT / "policy" / "PulumiPolicy.yaml").read_text(encoding="utf-8"))["version"]
    headings = re.findall(
        r"^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert headings[0] == ("Unreleased", "")
    number, day = headings[1]
    assert number == version == pack
    assert day, "a version has the day on which it was made"
