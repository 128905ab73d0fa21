"""Whether nodes can be drained of pods that serve nobody."""

from __future__ import annotations

from collections.abc import Iterator

from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.subject import Subject
from policy.values import at


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
