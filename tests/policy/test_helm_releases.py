"""The rule `helm-releases`."""

from __future__ import annotations

from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.versions import helm_releases
from tests.policy.objects import Props, judge
from tests.policy.rule_tests import RuleTests, Table

_REFUSED = "is not from an allowed repository; use an https:// or oci:// one"
_REPOSITORY = {"repo": "https://charts.example.com"}


def release(**fields: Any) -> Props:
    """A complying release, and what differs from it; None leaves a field out."""
    whole = {"kind": "Release", "name": "api", "chart": "api", "version": "1.2.3", "repositoryOpts": _REPOSITORY}
    return {key: value for key, value in {**whole, **fields}.items() if value is not None}


class TestHelmReleases(RuleTests):
    table = Table(
        rule=helm_releases,
        compliant={
            "one version": release(),
            "with a v": release(version="v1.21.1"),
            "a candidate": release(version="2.0.0-rc.1+build.5"),
            "from a registry": release(chart="oci://ghcr.io/example/api", repositoryOpts=None),
        },
        violations={
            "no version": (release(version=None), "Release resource: version is missing; name one version"),
            **{
                version: (
                    release(version=version),
                    f"Release resource: version {version!r} is no single version; name one, such as 1.2.3",
                )
                for version in ("^1.2.3", "~1.2.3", "1.2.x", ">=1.2.3", "1.2", "*", "1.2.3 - 2.0.0", "latest")
            },
            "without TLS": (
                release(repositoryOpts={"repo": "http://charts.example.com"}),
                f"Release resource: repositoryOpts.repo {_REFUSED}",
            ),
            "from a folder": (
                release(chart="./charts/api", repositoryOpts=None),
                f"Release resource: chart {_REFUSED}",
            ),
        },
        unknown={"the version": release(version=UNKNOWN_STRING_VALUE)},
    )


def test_the_repositories_can_be_configured() -> None:
    (message,) = judge(helm_releases, release(), config={"repositories": ["oci://registry.example.com/"]})
    assert "repositoryOpts.repo" in message
