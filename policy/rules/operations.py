"""Custom resources by which the platform is run: metrics, canaries, credentials, certificates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, pci, resource_rule
from policy.engine.subject import Subject
from policy.facts.inventory import listed
from policy.facts.values import at, duration, items, mapping, quantity, text, whole


class PrometheusRetentionConfig(RuleConfig):
    """`share`: how much of its volume Prometheus may fill: it writes the next block before it deletes the last."""

    share: float = 0.9


@resource_rule(
    About(
        name="prometheus-retention",
        title="Prometheus forgets before its volume is full",
        description="A Prometheus has a volume, a retention in time, and one in bytes that fits into the volume.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(pci("10.5.1"),),
        remediation=(
            "Set spec.storage.volumeClaimTemplate.",
            "Set spec.retention, and spec.retentionSize to 90 % of the volume or less.",
        ),
    ),
    applies_to={"monitoring.coreos.com/Prometheus"},
    config=PrometheusRetentionConfig,
)
def prometheus_retention(prometheus: Subject, config: PrometheusRetentionConfig) -> Iterator[Violation]:
    """What lets a Prometheus lose its data or fill its volume."""
    spec = mapping(prometheus.props.get("spec"))
    claim = at(spec, "storage", "volumeClaimTemplate")
    if not claim:
        yield Violation(field="spec.storage.volumeClaimTemplate", problem="is missing", fix="give it a volume")
    if not duration(spec.get("retention")):
        yield Violation(field="spec.retention", problem="is missing", fix="say how long metrics are kept")
    # Prometheus writes GB and means GiB.
    stated = text(spec.get("retentionSize"))
    kept, size = quantity(stated.removesuffix("B")), quantity(at(claim, "spec", "resources", "requests", "storage"))
    if not kept:
        yield Violation(field="spec.retentionSize", problem="is missing", fix="say how much may be kept")
    elif size and kept > size * config.share:
        problem = f"is more than {config.share:.0%} of the volume"
        yield Violation(field="spec.retentionSize", problem=problem, fix="lower it or enlarge the volume")


@resource_rule(
    About(
        name="canary-analysis",
        title="Canaries are measured, and rolled back",
        description=(
            "A Canary names metrics, each with a range that is good, and after how many failures it goes back: "
            "without them it is a slow rollout of whatever was pushed."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=(
            "List the success rate and the duration of requests in analysis.metrics, with thresholdRange.",
            "Set analysis.threshold to the number of failed checks after which the old version is restored.",
        ),
    ),
    applies_to={"flagger.app/Canary"},
    config=RuleConfig,
)
def canary_analysis(canary: Subject, config: RuleConfig) -> Iterator[Violation]:
    """What a canary lets through unseen."""
    if at(canary.props, "spec", "skipAnalysis") is True:
        yield Violation(field="spec.skipAnalysis", problem="is true", fix="remove it")
    analysis = mapping(at(canary.props, "spec", "analysis"))
    if not whole(analysis.get("threshold")):
        fix = "say after how many failed checks to roll back"
        yield Violation(field="spec.analysis.threshold", problem="is missing", fix=fix)
    metrics = list(listed(analysis, "metrics"))
    if not metrics:
        yield Violation(field="spec.analysis.metrics", problem="is missing", fix="name what to measure")
    for index, metric in enumerate(metrics):
        if not _has_range(metric):
            field = f"spec.analysis.metrics[{index}].thresholdRange"
            yield Violation(field=field, problem="has neither min nor max", fix="say what is good")


def _has_range(metric: Mapping[str, Any]) -> bool:
    bounds = mapping(metric.get("thresholdRange"))
    return any(bounds.get(name) is not None for name in ("min", "max")) or metric.get("threshold") is not None


class ExternalSecretConfig(RuleConfig):
    """How seldom, and how often at most, a secret is read from its store."""

    longest: str = "24h"
    shortest: str = "1m"


@resource_rule(
    About(
        name="external-secret-refresh",
        title="External secrets follow their store",
        description="An ExternalSecret reads its store again within a day, so that a rotated credential arrives.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(pci("8.6.3"),),
        remediation=("Set refreshInterval to an hour, and refreshPolicy to Periodic.",),
    ),
    applies_to={"external-secrets.io/ExternalSecret"},
    config=ExternalSecretConfig,
)
def external_secret_refresh(secret: Subject, config: ExternalSecretConfig) -> Iterator[Violation]:
    """A secret that is read once, too seldom, or so often that the store refuses."""
    spec = mapping(secret.props.get("spec"))
    if text(spec.get("refreshPolicy")) in ("CreatedOnce", "OnChange"):
        yield Violation(field="spec.refreshPolicy", problem="is not Periodic", fix="remove it")
    seconds = duration(spec.get("refreshInterval"))
    least, most = duration(config.shortest) or 0, duration(config.longest) or 0
    if seconds is None or not least <= seconds <= most:
        problem = "is missing" if seconds is None else f"is not from {config.shortest} to {config.longest}"
        yield Violation(field="spec.refreshInterval", problem=problem, fix="set it to an hour or so")


class CertificateLifetimeConfig(RuleConfig):
    """The longest life of a certificate, and the shortest time that is left to notice that its renewal failed."""

    longest: str = "9552h"
    notice: str = "24h"


@resource_rule(
    About(
        name="certificate-lifetime",
        title="Certificates are short-lived and renewed in time",
        description=(
            "A certificate lives no longer than 398 days, the most that browsers take, is renewed a day or more "
            "before its end, and gets a new key then. A CA's own certificate may live longer, and a key that only "
            "signs (tokens, say) may stay: a new one would turn away what the old one has signed."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(pci("4.2.1"),),
        remediation=(
            "Set duration to 2160h and renewBefore to 720h, or leave both to cert-manager.",
            "Remove privateKey.rotationPolicy: Never.",
        ),
    ),
    applies_to={"cert-manager.io/Certificate"},
    config=CertificateLifetimeConfig,
)
def certificate_lifetime(certificate: Subject, config: CertificateLifetimeConfig) -> Iterator[Violation]:
    """A certificate that lives too long or ends unnoticed. Without figures cert-manager takes 90 and 30 days."""
    spec = mapping(certificate.props.get("spec"))
    life, before = duration(spec.get("duration")) or 90 * 86400, duration(spec.get("renewBefore"))
    longest, notice = duration(config.longest) or 0, duration(config.notice) or 0
    if life > longest and spec.get("isCA") is not True:
        yield Violation(field="spec.duration", problem=f"is more than {config.longest}", fix="shorten it")
    if before is not None and not notice <= before < life:
        problem = f"is not from {config.notice} to the duration"
        yield Violation(field="spec.renewBefore", problem=problem, fix="leave time to notice a failure")
    if text(at(spec, "privateKey", "rotationPolicy")) == "Never" and not _only_signs(spec):
        yield Violation(field="spec.privateKey.rotationPolicy", problem="is Never", fix="set it to Always")


def _only_signs(spec: Mapping[str, Any]) -> bool:
    """Whether the key is for nothing but signatures: no server and no client shows its certificate."""
    return {text(one) for one in items(spec.get("usages"))} == {"digital signature"}
