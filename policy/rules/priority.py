"""Who is scheduled first when there is not room for all."""

from __future__ import annotations

from collections.abc import Iterator

from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.subject import Subject
from policy.workloads import PRIORITISED, RUN_TO_COMPLETION, WORKLOADS, pod_spec, priority_class_name

# One environment of a developer has nobody to compete with; test shows what prod would say.
_PRODUCTION_LIKE = {"dev": Level.DISABLED, "test": Level.ADVISORY}


class PriorityClassConfig(RuleConfig):
    """`reserved`: classes that are Kubernetes' own."""

    reserved: tuple[str, ...] = ("system-cluster-critical", "system-node-critical")


@resource_rule(
    About(
        name="priority-class",
        title="Pods say how important they are",
        description=(
            "Every long-running workload, also one of an operator, names a priority class: without one all are equal, "
            "and a batch job can keep the database from being scheduled again after a node is lost."
        ),
        severity=Severity.LOW,
        level=Level.MANDATORY,
        levels=_PRODUCTION_LIKE,
        remediation=("Make a few PriorityClasses for the platform and name one in priorityClassName.",),
    ),
    applies_to={*(WORKLOADS - RUN_TO_COMPLETION), *PRIORITISED},
    config=PriorityClassConfig,
)
def priority_class(owner: Subject, config: PriorityClassConfig) -> Iterator[Violation]:
    """Pods without a class, and pods that pass for a part of Kubernetes."""
    field, name = priority_class_name(owner)
    has_pods = owner.object_type in PRIORITISED or bool(pod_spec(owner))
    if has_pods and (not name or name in config.reserved):
        problem = f"is {name}" if name else "is missing"
        yield Violation(field=field, problem=problem, fix="name a class of the platform")
