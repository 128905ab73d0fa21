"""How an object says what it is, and whose."""

from __future__ import annotations

from collections.abc import Iterator

from policy.frameworks import pci
from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.subject import ANY_OBJECT, Subject
from policy.values import at, mapping, text, within
from policy.workloads import POD_TEMPLATES, WORKLOADS, pod_template

_NAME, _MANAGED_BY = "app.kubernetes.io/name", "app.kubernetes.io/managed-by"


class RequiredLabelsConfig(RuleConfig):
    """`labels`: those that every object and every pod template has. `managed_by`: what a repair writes as manager."""

    labels: tuple[str, ...] = (
        _NAME,
        "app.kubernetes.io/part-of",
        _MANAGED_BY,
        "platform.io/environment",
        "platform.io/system",
    )
    managed_by: str = "pulumi"


def _label(subject: Subject, config: RequiredLabelsConfig) -> None:
    """Add the labels that follow from the object. Which system it belongs to only its author knows."""
    labels = within(subject.props, "metadata", "labels")
    name = text(at(subject.props, "metadata", "name"))
    known = {_MANAGED_BY: config.managed_by} | ({_NAME: name} if name else {})
    for key in config.labels:
        if key in known and not labels.get(key):
            labels[key] = known[key]
    if subject.object_type in WORKLOADS - {"core/Pod"}:
        template = within(subject.props, *POD_TEMPLATES[subject.object_type], "metadata", "labels")
        for key in config.labels:
            if key in labels and not template.get(key):
                template[key] = labels[key]


@resource_rule(
    About(
        name="required-labels",
        title="Objects say what they are and whose",
        description=(
            "Every object, and every pod template, has the recommended labels and says to which environment and "
            "system it belongs: costs, alerts, network policies and clean-up go by them."
        ),
        severity=Severity.LOW,
        level=Level.MANDATORY,
        levels={"dev": Level.REMEDIATE, "test": Level.REMEDIATE},
        frameworks=(pci("12.5.1"),),
        remediation=("Take metadata.labels from Scope.labels in components/naming.py.",),
    ),
    applies_to={ANY_OBJECT},
    config=RequiredLabelsConfig,
    remedy=_label,
)
def required_labels(subject: Subject, config: RequiredLabelsConfig) -> Iterator[Violation]:
    """Each label that an object or its pods lack. Helm releases and the like have no metadata of their own."""
    if not mapping(subject.props.get("metadata")):
        return
    places = {"metadata.labels": mapping(at(subject.props, "metadata", "labels"))}
    if subject.object_type in WORKLOADS - {"core/Pod"} and pod_template(subject):
        field = ".".join((*POD_TEMPLATES[subject.object_type], "metadata.labels"))
        places[field] = mapping(at(pod_template(subject), "metadata", "labels"))
    for field, labels in places.items():
        for key in config.labels:
            if not labels.get(key):
                yield Violation(field=f"{field}.{key}", problem="is missing", fix="add it")
