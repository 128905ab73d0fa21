"""In which version of its API an object is written, and which version of a chart a Helm release installs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from components.stores.store_list import STORES
from policy.engine.model import About, Level, RuleConfig, Severity, Violation, pci, resource_rule
from policy.engine.subject import ANY_OBJECT, Subject
from policy.facts.values import at, text

# By the version of an API and its kinds ("" for all): when Kubernetes deprecated it, when it went, and what is instead.
# https://kubernetes.io/docs/reference/using-api/deprecation-guide/; k8s.io/api states it of each type.
_REMOVED: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration"): ("1.16", "1.22", "v1"),
    ("admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration"): ("1.16", "1.22", "v1"),
    ("admissionregistration.k8s.io/v1alpha1", "MutatingAdmissionPolicy"): ("1.35", "1.38", "v1"),
    ("admissionregistration.k8s.io/v1alpha1", "MutatingAdmissionPolicyBinding"): ("1.35", "1.38", "v1"),
    ("admissionregistration.k8s.io/v1alpha1", ""): ("1.29", "1.32", "v1"),
    ("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy"): ("1.31", "1.34", "v1"),
    ("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicyBinding"): ("1.31", "1.34", "v1"),
    ("apiextensions.k8s.io/v1beta1", ""): ("1.16", "1.22", "v1"),
    ("apps/v1beta1", ""): ("1.9", "1.16", "v1"),
    ("apps/v1beta2", ""): ("1.9", "1.16", "v1"),
    ("autoscaling/v2beta1", ""): ("1.22", "1.25", "v2"),
    ("autoscaling/v2beta2", ""): ("1.23", "1.26", "v2"),
    ("batch/v1beta1", ""): ("1.21", "1.25", "v1"),
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest"): ("1.19", "1.22", "v1"),
    ("coordination.k8s.io/v1beta1", "Lease"): ("1.19", "1.22", "v1"),
    ("discovery.k8s.io/v1beta1", "EndpointSlice"): ("1.21", "1.25", "v1"),
    ("events.k8s.io/v1beta1", "Event"): ("1.19", "1.25", "v1"),
    ("extensions/v1beta1", "Ingress"): ("1.14", "1.22", "networking.k8s.io/v1"),
    ("extensions/v1beta1", "NetworkPolicy"): ("1.9", "1.16", "networking.k8s.io/v1"),
    ("extensions/v1beta1", "PodSecurityPolicy"): ("1.11", "1.16", "Pod Security admission"),
    ("extensions/v1beta1", ""): ("1.9", "1.16", "apps/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", ""): ("1.23", "1.26", "v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta2", ""): ("1.26", "1.29", "v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", ""): ("1.29", "1.32", "v1"),
    ("certificates.k8s.io/v1alpha1", "ClusterTrustBundle"): ("1.34", "1.37", "v1beta1"),
    ("coordination.k8s.io/v1alpha2", "LeaseCandidate"): ("1.35", "1.38", "v1beta1"),
    ("networking.k8s.io/v1beta1", "IPAddress"): ("1.34", "1.37", "v1"),
    ("networking.k8s.io/v1beta1", "ServiceCIDR"): ("1.34", "1.37", "v1"),
    ("resource.k8s.io/v1beta1", ""): ("1.35", "1.38", "v1"),
    ("storage.k8s.io/v1beta1", "VolumeAttributesClass"): ("1.34", "1.37", "v1"),
    ("networking.k8s.io/v1beta1", "Ingress"): ("1.19", "1.22", "v1"),
    ("networking.k8s.io/v1beta1", "IngressClass"): ("1.19", "1.22", "v1"),
    ("node.k8s.io/v1beta1", "RuntimeClass"): ("1.20", "1.25", "v1"),
    ("policy/v1beta1", "PodDisruptionBudget"): ("1.21", "1.25", "v1"),
    ("policy/v1beta1", "PodSecurityPolicy"): ("1.21", "1.25", "Pod Security admission"),
    ("rbac.authorization.k8s.io/v1alpha1", ""): ("1.17", "1.22", "v1"),
    ("rbac.authorization.k8s.io/v1beta1", ""): ("1.17", "1.22", "v1"),
    ("scheduling.k8s.io/v1alpha1", "PriorityClass"): ("1.14", "1.22", "v1"),
    ("scheduling.k8s.io/v1beta1", "PriorityClass"): ("1.14", "1.22", "v1"),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity"): ("1.24", "1.27", "v1"),
    ("storage.k8s.io/v1beta1", "CSIDriver"): ("1.19", "1.22", "v1"),
    ("storage.k8s.io/v1beta1", "CSINode"): ("1.17", "1.22", "v1"),
    ("storage.k8s.io/v1beta1", "StorageClass"): ("1.19", "1.22", "v1"),
    ("storage.k8s.io/v1beta1", "VolumeAttachment"): ("1.19", "1.22", "v1"),
    ("core/v1", "Endpoints"): ("1.33", "", "discovery.k8s.io/v1 EndpointSlice"),
    ("core/v1", "ComponentStatus"): ("1.19", "", "the components' own health endpoints"),
    # Not Kubernetes' own: versions that their operators no longer serve.
    ("external-secrets.io/v1beta1", ""): ("1.0", "1.0", "v1"),
    **{(version, ""): ("1.0", "1.0", instead) for store in STORES for version, instead in store.retired.items()},
}


class ApiVersionsConfig(RuleConfig):
    """`kubernetes`: the version of the clusters to which this is deployed."""

    kubernetes: str = "1.36"


@resource_rule(
    About(
        name="api-versions",
        title="No API version that is deprecated or gone",
        description="Every object is in a version of its API that the cluster serves and will go on serving.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=("Write the object in the version that the message names; fields may have other names there.",),
    ),
    applies_to={ANY_OBJECT},
    config=ApiVersionsConfig,
)
def api_versions(subject: Subject, config: ApiVersionsConfig) -> Iterator[Violation]:
    """An object in a version that the target no longer serves, or soon will not."""
    _, version, kind = subject.type.split(":", 2)
    row = _REMOVED.get((version, kind)) or _REMOVED.get((version, ""))
    if row is None:
        return
    deprecated, removed, instead = row
    if removed and _parts(removed) <= _parts(config.kubernetes):
        problem = f"{version} is not served any more"
    elif _parts(deprecated) <= _parts(config.kubernetes):
        problem = f"{version} is deprecated"
    else:
        return
    yield Violation(field="apiVersion", problem=problem, fix=f"use {instead}")


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"[0-9]+", version)[:2])


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
        remediation=("Pin the chart in HELM_CHARTS of versions.py, and install it from platform/operators.",),
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
