"""How the pods of a workload are exchanged: without a gap, without loss, and back again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.quantities import whole
from policy.subject import Subject
from policy.values import at, items, mapping, text
from policy.workloads import RUN_TO_COMPLETION, WORKLOADS, Container, all_containers, pod_spec

_CONTROLLERS = ("apps/DaemonSet", "apps/Deployment", "apps/StatefulSet")
_NOTHING = (0, "0", "0%")
# The API server's default.
_GRACE_SECONDS = 30
_SLEEP = re.compile(r"(?:^|[\s;&|])sleep\s+([0-9]+)(?![0-9.])")


@resource_rule(
    About(
        name="rollout-strategy",
        title="Deployments replace their pods step by step",
        description=(
            "A Deployment states a rolling update that keeps some pods and can go on. Recreate is for one whose pods "
            "hold a volume that cannot be mounted twice."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=("Set strategy to RollingUpdate, with maxSurge above 0 and maxUnavailable below 100%.",),
    ),
    applies_to={"apps/Deployment"},
    config=RuleConfig,
)
def rollout_strategy(deployment: Subject, config: RuleConfig) -> Iterator[Violation]:
    """A strategy that is left to the API server, takes all pods away, or cannot move."""
    strategy = mapping(at(deployment.props, "spec", "strategy"))
    kind, field = text(strategy.get("type")), "spec.strategy"
    if not kind:
        yield Violation(field=f"{field}.type", problem="is missing", fix="set it to RollingUpdate")
    elif kind != "RollingUpdate" and not _has_claim(deployment):
        yield Violation(field=f"{field}.type", problem="takes all pods away at once", fix="set it to RollingUpdate")
    elif kind == "RollingUpdate":
        yield from _steps(mapping(strategy.get("rollingUpdate")))


def _steps(rolling: Mapping[str, Any]) -> Iterator[Violation]:
    surge, unavailable = rolling.get("maxSurge"), rolling.get("maxUnavailable")
    field = "spec.strategy.rollingUpdate"
    if unavailable == "100%":
        yield Violation(field=f"{field}.maxUnavailable", problem="is 100%", fix="keep some pods")
    if surge in _NOTHING and unavailable in _NOTHING:
        yield Violation(field=field, problem="allows no step", fix="raise maxSurge or maxUnavailable")


def _has_claim(workload: Subject) -> bool:
    return any(at(volume, "persistentVolumeClaim") for volume in items(pod_spec(workload).get("volumes")))


class RevisionHistoryConfig(RuleConfig):
    """Between how many and how many old revisions are kept."""

    minimum: int = 1
    maximum: int = 10


@resource_rule(
    About(
        name="revision-history",
        title="A few old revisions are kept",
        description="With none there is nothing to roll back to; each one is an object that controllers list for ever.",
        severity=Severity.LOW,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=("Set revisionHistoryLimit to 5 or so.",),
    ),
    applies_to=_CONTROLLERS,
    config=RevisionHistoryConfig,
)
def revision_history(workload: Subject, config: RevisionHistoryConfig) -> Iterator[Violation]:
    """A number of revisions that is not stated, or out of bounds."""
    kept = whole(at(workload.props, "spec", "revisionHistoryLimit"))
    if kept is None or not config.minimum <= kept <= config.maximum:
        problem = "is missing" if kept is None else f"is not from {config.minimum} to {config.maximum}"
        yield Violation(field="spec.revisionHistoryLimit", problem=problem, fix="keep a few")


@resource_rule(
    About(
        name="graceful-termination",
        title="Pods have more time to stop than their preStop hooks take",
        description=(
            "The grace period runs from the moment that a pod is to go, its preStop hooks included: one that sleeps "
            "as long leaves the process no time for the requests in flight."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=("Set terminationGracePeriodSeconds to the hook's seconds and those that the process needs.",),
    ),
    applies_to=WORKLOADS - RUN_TO_COMPLETION,
    config=RuleConfig,
)
def graceful_termination(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each hook that takes all the time there is."""
    stated = whole(pod_spec(workload).get("terminationGracePeriodSeconds"))
    grace = _GRACE_SECONDS if stated is None else stated
    for container in all_containers(workload):
        seconds = _hook_seconds(container)
        if seconds and seconds >= grace:
            yield Violation(
                container=container.label,
                field="lifecycle.preStop",
                problem=f"takes {seconds} s of a grace period of {grace} s",
                fix="raise terminationGracePeriodSeconds above it",
            )


def _hook_seconds(container: Container) -> int:
    """How long a preStop hook sleeps: as an action, or in the command that it runs."""
    hook = at(container.props, "lifecycle", "preStop")
    command = " ".join(text(word) for word in items(at(hook, "exec", "command")))
    return (whole(at(hook, "sleep", "seconds")) or 0) + sum(int(one) for one in _SLEEP.findall(command))
