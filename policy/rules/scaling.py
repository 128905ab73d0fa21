"""How many replicas there are, who decides it, and whether nodes can be drained of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, resource_rule, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import SelectorIndex, each, listed, reference
from policy.facts.kinds import KINDS
from policy.facts.values import at, items, mapping, text
from policy.facts.workloads import pod_labels

_HPA, _VPA, _KEDA = (
    "autoscaling/HorizontalPodAutoscaler",
    "autoscaling.k8s.io/VerticalPodAutoscaler",
    "keda.sh/ScaledObject",
)
_TARGETS = {_HPA: "scaleTargetRef", _VPA: "targetRef", _KEDA: "scaleTargetRef"}
# Where each says how many pods it has. Of an operator's kinds those count that leave their budget to the stack; the
# others say where the operator's own is switched off.
_SCALABLE: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("apps/Deployment", "apps/StatefulSet", "apps/ReplicaSet"), ("spec", "replicas")),
    **{name: one.instances for name, one in KINDS.items() if one.instances and not one.budget},
}
_BUDGETED = {name: (one.instances, one.budget) for name, one in KINDS.items() if one.instances and one.budget}
_PERCENT = re.compile(r"([0-9]+)%")
_Target = tuple[str, str, str]


class DisruptionBudgetConfig(RuleConfig):
    """Nothing to set: how many pods there are at least is in the stack."""


@stack_rule(
    About(
        name="disruption-budget",
        title="A disruption budget lets at least one pod of the smallest deployment go",
        description=(
            "A PodDisruptionBudget leaves room for one disruption when an autoscaler has scaled to its minimum, or at "
            "the fixed number of replicas. Else no node can be drained, and every upgrade of the cluster stops there. "
            "An operator's own budget counts too: that of a single PostgreSQL lets nothing go. Of its poolers it makes "
            "none, so that several of them need one of the stack's."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        remediation=(
            "Set minAvailable below the autoscaler's minReplicas (or spec.replicas), or use maxUnavailable of 1.",
            "With one replica leave the budget out: it can only block. Of a Cluster set enablePDB to false.",
            "Give a Pooler with several instances a budget with maxUnavailable of 1.",
        ),
    ),
    config=DisruptionBudgetConfig,
)
def disruption_budget(stack: Stack, config: DisruptionBudgetConfig) -> Iterator[Violation]:
    """Each budget that allows no disruption of a workload at its smallest."""
    budgets: dict[str, list[tuple[Any, Subject]]] = {}
    for budget in stack.of_type("policy/PodDisruptionBudget"):
        budgets.setdefault(budget.namespace, []).append((at(budget.props, "spec", "selector"), budget))
    indices = {namespace: SelectorIndex(pairs) for namespace, pairs in budgets.items()}
    yield from each(stack.of_type(*_SCALABLE), partial(_blocked, _minima(stack), indices))
    yield from each(stack.of_type(*_BUDGETED), _blocked_by_operator)
    operated = [name for name in _SCALABLE if name in KINDS]
    yield from each(stack.of_type(*operated), partial(_without_budget, indices))


def _blocked_by_operator(owner: Subject) -> Iterator[Violation]:
    instances, switch = _BUDGETED[owner.object_type]
    if (_number(at(owner.props, *instances)) or 1) == 1 and at(owner.props, *switch) is not False:
        yield Violation(
            subject=owner,
            field=".".join(switch),
            problem="is not false, and the operator's budget of a single instance allows no disruption",
            fix="set it to false, or have two instances or more",
        )


def _without_budget(indices: Mapping[str, SelectorIndex[Subject]], owner: Subject) -> Iterator[Violation]:
    index, instances = indices.get(owner.namespace), _number(at(owner.props, *_SCALABLE[owner.object_type])) or 1
    if instances > 1 and (index is None or next(index.matching(pod_labels(owner)[0]), None) is None):
        yield Violation(
            subject=owner,
            field="its pods",
            problem="are in no PodDisruptionBudget, and the operator makes none of them",
            fix="make one that selects them, with maxUnavailable of 1",
        )


def _blocked(
    minima: Mapping[_Target, int], indices: Mapping[str, SelectorIndex[Subject]], workload: Subject
) -> Iterator[Violation]:
    index = indices.get(workload.namespace)
    if index is None:
        return
    stated = _number(at(workload.props, *_SCALABLE[workload.object_type])) or 1
    least = minima.get(_identity(workload), stated)
    for budget in index.matching(pod_labels(workload)[0]):
        field, allowed = _allowed(mapping(budget.props.get("spec")), least)
        if allowed < 1:
            yield Violation(
                subject=budget,
                field=f"spec.{field}",
                problem=f"allows no disruption of {workload.label} at its minimum of {least}",
                fix="allow at least one pod to be unavailable then, or raise the minimum",
            )


def _allowed(spec: Mapping[str, Any], replicas: int) -> tuple[str, int]:
    """How many of the replicas may be missing, and the field that says so. Kubernetes rounds percentages up."""
    if spec.get("minAvailable") is not None:
        return "minAvailable", replicas - _share(spec["minAvailable"], replicas)
    if spec.get("maxUnavailable") is not None:
        return "maxUnavailable", _share(spec["maxUnavailable"], replicas)
    # The API server's default: all must be there.
    return "minAvailable", 0


def _share(value: Any, replicas: int) -> int:
    percent = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    return math.ceil(replicas * int(percent[1]) / 100) if percent else _number(value) or 0


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return int(value) if number else None


def _identity(subject: Subject) -> _Target:
    return subject.namespace, subject.object_type, text(at(subject.props, "metadata", "name"))


def _minima(stack: Stack) -> dict[_Target, int]:
    """The fewest replicas to which an autoscaler may scale each target."""
    found: dict[_Target, int] = {}
    for one in stack.of_type(_HPA, _KEDA):
        object_type, name = reference(one, "spec", _TARGETS[one.object_type])
        # KEDA scales to nothing unless told otherwise; a budget matters from the first pod on.
        field = "minReplicas" if one.object_type == _HPA else "minReplicaCount"
        least = max(_number(at(one.props, "spec", field)) or 1, 1)
        found[one.namespace, object_type or "apps/Deployment", name] = least
    return found


class OneAutoscalerConfig(RuleConfig):
    """Nothing to set: two that steer one figure never agree."""


@stack_rule(
    About(
        name="one-autoscaler",
        title="Only one autoscaler steers a workload by one resource",
        description=(
            "No workload has two autoscalers that act on the same figure: two horizontal ones (HPA, ScaledObject), or "
            "a horizontal one and a VerticalPodAutoscaler that both react to CPU, or both to memory. They undo each "
            "other's work without end."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        remediation=(
            "Keep one horizontal autoscaler; put all of its metrics into it.",
            "Let the VerticalPodAutoscaler control only resources (controlledResources) that no other reacts to, or "
            "set its updateMode to Off.",
        ),
    ),
    config=OneAutoscalerConfig,
)
def one_autoscaler(stack: Stack, config: OneAutoscalerConfig) -> Iterator[Violation]:
    """Each autoscaler that steers what another one steers already."""
    taken: dict[tuple[_Target, str], Subject] = {}
    yield from each(stack.of_type(*_TARGETS), partial(_conflicts, taken))


def _conflicts(taken: dict[tuple[_Target, str], Subject], autoscaler: Subject) -> Iterator[Violation]:
    field = _TARGETS[autoscaler.object_type]
    object_type, name = reference(autoscaler, "spec", field)
    target = (autoscaler.namespace, object_type or "apps/Deployment", name)
    clashes = {first.label for what in _steers(autoscaler) if (first := taken.setdefault((target, what), autoscaler))}
    for other in sorted(clashes - {autoscaler.label}):
        yield Violation(
            subject=autoscaler,
            field=f"spec.{field}",
            problem=f"is steered by {other} too",
            fix="keep one of them, or let them react to different resources",
        )


def _steers(autoscaler: Subject) -> set[str]:
    """What it acts on: the number of replicas, and a resource whose use tells it to act."""
    spec = mapping(autoscaler.props.get("spec"))
    if autoscaler.object_type == _VPA:
        if at(spec, "updatePolicy", "updateMode") in ("Off", "Initial"):
            return set()
        policies = list(listed(spec, "resourcePolicy", "containerPolicies"))
        limited = {text(one) for policy in policies for one in items(policy.get("controlledResources"))}
        return limited or {"cpu", "memory"}
    metrics = [*listed(spec, "metrics"), *listed(spec, "triggers")]
    return {"replicas", *(_metric(metric) for metric in metrics)} - {""}


def _metric(metric: Mapping[str, Any]) -> str:
    """The resource of an HPA's metric or of a ScaledObject's trigger; "" for any other."""
    resource = at(metric, "resource", "name") or at(metric, "containerResource", "name") or metric.get("type")
    return resource if resource in ("cpu", "memory") else ""


@resource_rule(
    About(
        name="unhealthy-eviction",
        title="Disruption budgets let pods go that are not ready",
        description=(
            "A PodDisruptionBudget states unhealthyPodEvictionPolicy: AlwaysAllow. By default pods that never became "
            "ready are kept once the budget is used up: a release that crashes in a loop then keeps every node under "
            "it from being drained, upgraded or repaired."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=("Set spec.unhealthyPodEvictionPolicy to AlwaysAllow.",),
    ),
    applies_to={"policy/PodDisruptionBudget"},
    config=RuleConfig,
)
def unhealthy_eviction(budget: Subject, config: RuleConfig) -> Iterator[Violation]:
    """A budget that keeps pods which are not ready."""
    stated = at(budget.props, "spec", "unhealthyPodEvictionPolicy")
    if stated != "AlwaysAllow":
        problem = "is missing" if stated is None else f"is {stated}"
        yield Violation(field="spec.unhealthyPodEvictionPolicy", problem=problem, fix="set it to AlwaysAllow")
