"""Helm releases: their objects are known to Helm alone, so what is installed has to be certain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.frameworks import pci
from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.subject import Subject
from policy.values import at, text

# One version of https://semver.org, with or without the `v` that some charts write; Helm also takes ranges.
_EXACT = re.compile(r"v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
_SAFE = ("https://", "oci://")


class HelmReleasesConfig(RuleConfig):
    """`repositories`: what the address of a chart may start with; by default any that is reached by TLS."""

    repositories: tuple[str, ...] = _SAFE


@resource_rule(
    About(
        name="helm-releases",
        title="Helm releases are pinned",
        description=(
            "A Helm release names one exact version of its chart, and a repository that is reached by TLS. Without a "
            "version, or with a range, each deployment installs what is newest that day, definitions included."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(pci("6.3.2"),),
        remediation=("Pin the chart in HELM_CHARTS of versions.py, and install it from components/operators.",),
    ),
    applies_to={"helm.sh/Release"},
    config=HelmReleasesConfig,
)
def helm_releases(release: Subject, config: HelmReleasesConfig) -> Iterator[Violation]:
    """A release whose chart may be another one tomorrow."""
    version = text(release.props.get("version"))
    if not version:
        yield Violation(field="version", problem="is missing", fix="name one version")
    elif not _EXACT.fullmatch(version):
        yield Violation(field="version", problem=f"{version!r} is no single version", fix="name one, such as 1.2.3")
    chart, repository = text(release.props.get("chart")), text(at(release.props, "repositoryOpts", "repo"))
    if not (repository or chart).startswith(config.repositories):
        field = "repositoryOpts.repo" if repository else "chart"
        yield Violation(field=field, problem="is not from an allowed repository", fix="use an https:// or oci:// one")
