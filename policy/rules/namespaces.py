"""What every namespace has before anything runs in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from policy.frameworks import cis, nsa, pss
from policy.inventory import each
from policy.model import About, Level, RuleConfig, Severity, Violation, stack_rule
from policy.subject import Stack, Subject
from policy.values import at, mapping

_LABEL = "pod-security.kubernetes.io/"
_BOUNDS = {
    "core/ResourceQuota": "add one that bounds pods, CPU, memory and storage",
    "core/LimitRange": "add one with defaults for containers that state no figures",
}
_STANDARDS = ("privileged", "baseline", "restricted")


class NamespaceBaselineConfig(RuleConfig):
    """`minimum`: the weakest Pod Security Standard that a namespace may enforce. `other_namespaces` are not judged."""

    minimum: str = "baseline"
    modes: tuple[str, ...] = ("enforce", "audit", "warn")
    other_namespaces: tuple[str, ...] = ("default", "kube-system", "kube-public", "kube-node-lease")


@stack_rule(
    About(
        name="namespace-baseline",
        title="Namespaces are bounded and enforce a Pod Security Standard",
        description=(
            "Every namespace of the stack has a ResourceQuota, a LimitRange and the labels of a Pod Security Standard: "
            "one team's mistake can then neither starve the cluster nor start a privileged pod."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(cis("5.2.1"), cis("5.7.1"), nsa("Resource policies"), pss("Namespace labels")),
        remediation=(
            "Use components.namespace.NamespaceBaseline, which makes all of them.",
            "An operator that needs more gets pod_security='privileged', and an exemption that says why.",
        ),
    ),
    config=NamespaceBaselineConfig,
)
def namespace_baseline(stack: Stack, config: NamespaceBaselineConfig) -> Iterator[Violation]:
    """What each namespace lacks."""
    bounds = {kind: {one.namespace for one in stack.of_type(kind)} for kind in _BOUNDS}
    yield from each(stack.of_type("core/Namespace"), partial(_lacking, bounds, config))


def _lacking(bounds: dict[str, set[str]], config: NamespaceBaselineConfig, namespace: Subject) -> Iterator[Violation]:
    name = namespace.label.rpartition(" ")[2]
    if name in config.other_namespaces:
        return
    for kind, bounded in bounds.items():
        if name not in bounded:
            field = kind.rpartition("/")[2]
            yield Violation(subject=namespace, field=field, problem="is missing", fix=_BOUNDS[kind])
    labels = mapping(at(namespace.props, "metadata", "labels"))
    for mode in config.modes:
        if problem := _problem(labels.get(f"{_LABEL}{mode}"), config.minimum):
            yield Violation(
                subject=namespace,
                field=f"metadata.labels.{_LABEL}{mode}",
                problem=problem,
                fix="set it to restricted",
            )


def _problem(standard: object, minimum: str) -> str | None:
    if standard not in _STANDARDS:
        return "is missing" if standard is None else "is no Pod Security Standard"
    too_weak = minimum in _STANDARDS and _STANDARDS.index(str(standard)) < _STANDARDS.index(minimum)
    return f"is {standard}, weaker than {minimum}" if too_weak else None
