"""Renovate finds every pin: one that no manager matches would stay at its version for ever, and nobody would know."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, NamedTuple

import pytest

import versions
from paths import ROOT
from sandbox.paths import MODULES
from versions import EKS_DEFAULT, HELM_CHARTS

# Pins that no data source knows, and what they follow.
BY_HAND = {
    "POSTGRESQL_MAJOR": "the major version of POSTGRESQL_IMAGE",
    "APPLICATION_VERSION": "the platform's own services",
    "OPERATOR_VERSIONS": "what HELM_CHARTS installs, as their Chart.yaml names it",
    "EKS_VERSIONS": "what AWS names as the defaults of each minor version, from an account",
}


class Found(NamedTuple):
    """What one of the regex managers finds: the package, its version, and where its releases are looked up."""

    package: str
    version: str
    datasource: str
    registry: str | None


@cache
def configuration() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))
    return document


def applies(manager: dict[str, Any], file: str) -> bool:
    """Whether one of the manager's patterns, which stand between slashes, is of the file."""
    return any(
        re.search(pattern.removeprefix("/").removesuffix("/"), file) for pattern in manager["managerFilePatterns"]
    )


def found_in(file: str) -> list[Found]:
    """All that the regex managers find in a file. JavaScript's named groups are written as Python's."""
    text = (ROOT / file).read_text(encoding="utf-8")
    found = []
    for manager in configuration()["customManagers"]:
        for pattern in manager["matchStrings"] if applies(manager, file) else []:
            for match in re.finditer(pattern.replace("(?<", "(?P<"), text):
                groups = match.groupdict()
                found.append(
                    Found(
                        groups.get("depName") or manager["depNameTemplate"],
                        groups["currentValue"],
                        manager["datasourceTemplate"],
                        groups.get("registryUrl") or manager.get("registryUrlTemplate"),
                    )
                )
    return found


IMAGES = {name: value for name, value in vars(versions).items() if name.endswith("_IMAGE")}


@pytest.mark.parametrize("name", IMAGES)
def test_every_image_is_matched(name: str) -> None:
    package, _, version = IMAGES[name].partition(":")
    assert Found(package, version, "docker", None) in found_in("versions.py")


@pytest.mark.parametrize("release", HELM_CHARTS)
def test_every_chart_is_matched_with_its_repository(release: str) -> None:
    chart = HELM_CHARTS[release]
    # Istio's charts are of one version, which stands once.
    name = "istiod" if chart.name in {"base", "gateway"} else chart.name
    assert Found(name, chart.version, "helm", chart.repository) in found_in("versions.py")


def test_the_default_version_of_clusters_on_aws_is_matched() -> None:
    assert Found("amazon-eks", EKS_DEFAULT, "endoflife-date", None) in found_in("versions.py")


def test_every_further_pin_is_known_to_be_updated_by_hand() -> None:
    """A new kind of pin in versions.py gets a manager, or a row in `BY_HAND`."""
    matched = {*IMAGES, "HELM_CHARTS", "EKS_DEFAULT", "PROMETHEUS_VERSION", "ALERTMANAGER_VERSION", "THANOS_VERSION"}
    # Neither pins: names and groups of custom resources, what an operator is called, and when support ends.
    other = {"CUSTOM_RESOURCES", "BARMAN_CLOUD_PLUGIN", "SUPPORT_ENDS"}
    constants = {
        name
        for name, value in vars(versions).items()
        if name.isupper() and name[0] != "_" and not isinstance(value, versions.CustomResource)
    }
    constants = {name for name in constants if not name.endswith("_GROUP")}
    assert constants - matched - other == set(BY_HAND)


def test_nothing_is_matched_twice() -> None:
    """Two managers of one line would open two pull requests that undo each other."""
    found = found_in("versions.py")
    expected = len(IMAGES) + len({(chart.version, chart.repository, chart.name) for chart in HELM_CHARTS.values()})
    istio = sum(chart.repository == HELM_CHARTS["istiod"].repository for chart in HELM_CHARTS.values())
    assert len(found) == expected - istio + 1 + 1, "one version of Istio, and one of clusters on AWS"


@pytest.mark.parametrize(
    ("file", "packages"),
    [
        ("sandbox/tools.py", {"k8s.io/kubernetes", "github.com/pulumi/pulumi/pkg/v3"}),
        ("sandbox/plugins/random_stand_in.py", {"pulumi-random"}),
        (".github/workflows/preview.yml", {"pulumi"}),
        (".github/workflows/sandbox.yml", {"pulumi"}),
    ],
)
def test_versions_that_repeat_a_pin_elsewhere_are_matched(file: str, packages: set[str]) -> None:
    assert {one.package for one in found_in(file)} == packages


def test_locks_modules_and_workflows_have_a_manager() -> None:
    enabled = configuration()["enabledManagers"]
    assert {"custom.regex", "pip-compile", "gomod", "github-actions"} == set(enabled)
    for lock in ("requirements.txt", "requirements-dev.txt"):
        assert applies(configuration()["pip-compile"], lock)
    # gomod looks for every go.mod by itself, unless a setting leaves folders out.
    assert list(MODULES.glob("*/go.mod"))
    assert "ignorePaths" not in configuration()


def test_the_locks_headers_have_options_with_an_equal_sign() -> None:
    """Renovate refuses to repeat a command that gives a value after a blank."""
    for lock in ("requirements.txt", "requirements-dev.txt"):
        words = (ROOT / lock).read_text(encoding="utf-8").splitlines()[1].split()[4:]
        assert [word for word in words if not word.startswith("--")] == [lock.replace(".txt", ".in")]


def test_every_rule_says_what_it_is_for() -> None:
    """JSON has no comments; the descriptions are in their place."""
    for rule in [*configuration()["customManagers"], *configuration()["packageRules"]]:
        assert rule.get("description"), rule
