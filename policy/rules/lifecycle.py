"""How Kubernetes learns whether a container is well, and how the pods of a workload are exchanged without a gap."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.engine.subject import Subject
from policy.facts.values import at, items, mapping, plain, text, whole
from policy.facts.workloads import (
    RUN_TO_COMPLETION,
    WORKLOADS,
    Container,
    all_containers,
    containers,
    pod_spec,
    runs_to_completion,
)

# A probe without one of these checks nothing; the API server refuses it.
_HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
# What the API server fills in: a probe that spells it out is the same probe.
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "grpc": {"service": ""},
    "httpGet": {"path": "/", "scheme": "HTTP"},
}
# The API server's defaults, in seconds and in failures one after the other.
_PERIOD, _FAILURES = 10, 3
# What asks the same may restart a pod only where taking it out of service has not helped for as long again.
_PATIENCE = 2
_PURPOSE = {
    "startupProbe": "add one, so that a slow start is not taken for a dead process",
    "readinessProbe": "add one, so that no traffic arrives before the container can answer",
    "livenessProbe": "add one, so that a process that hangs is restarted",
}


class ProbesConfig(RuleConfig):
    """`startup`: whether a start-up probe is required besides the other two."""

    startup: bool = True


@resource_rule(
    About(
        name="probes",
        title="Long-running containers have probes, and liveness differs from readiness",
        description=(
            "Every container that runs as long as its pod has start-up, readiness and liveness probes. Liveness must "
            "not ask what readiness asks, unless it is at least twice as patient (periodSeconds times "
            "failureThreshold): else a dependency that fails for a moment restarts every pod that depends on it."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=(
            "Give readinessProbe an endpoint that fails while the container cannot serve requests.",
            "Give livenessProbe another one, which fails only if restarting the process would help, or let it wait "
            "twice as long before it gives up.",
            "Give startupProbe failureThreshold times periodSeconds of at least the slowest start.",
        ),
    ),
    applies_to=WORKLOADS - RUN_TO_COMPLETION,
    config=ProbesConfig,
)
def probes(workload: Subject, config: ProbesConfig) -> Iterator[Violation]:
    """Each probe that a long-running container of the workload lacks, and liveness probes that are readiness probes."""
    if runs_to_completion(workload):
        return
    for container in containers(workload):
        if container.role != "init container":
            yield from _missing(container, config)
            yield from _identical(container)


def _missing(container: Container, config: ProbesConfig) -> Iterator[Violation]:
    required = (*(["startupProbe"] if config.startup else []), "readinessProbe", "livenessProbe")
    for field in required:
        probe = mapping(container.props.get(field))
        if not probe:
            yield Violation(container=container.label, field=field, problem="is missing", fix=_PURPOSE[field])
        elif not _handler(probe):
            yield Violation(
                container=container.label,
                field=field,
                problem="checks nothing",
                fix=f"give it one of {', '.join(_HANDLERS)}",
            )


def _identical(container: Container) -> Iterator[Violation]:
    readiness, liveness = (_handler(mapping(container.props.get(f"{name}Probe"))) for name in ("readiness", "liveness"))
    patient = _patience(container, "liveness") >= _PATIENCE * _patience(container, "readiness")
    if liveness and liveness == readiness and not patient:
        yield Violation(
            container=container.label,
            field=f"livenessProbe.{next(iter(liveness))}",
            problem="is the same as in readinessProbe",
            fix="let liveness fail only if a restart would help, or be twice as patient as readiness",
        )


def _patience(container: Container, name: str) -> int:
    """Seconds until a probe that always fails has its effect."""
    probe = mapping(container.props.get(f"{name}Probe"))
    period, failures = (plain(probe.get(key)) for key in ("periodSeconds", "failureThreshold"))
    return (int(period) if period else _PERIOD) * (int(failures) if failures else _FAILURES)


def _handler(probe: Mapping[str, Any]) -> dict[str, Any]:
    """What a probe does, with the API server's defaults: `{"httpGet": {…}}`; empty if it does nothing."""
    return {
        name: {**_DEFAULTS.get(name, {}), **plain(mapping(probe[name]))}
        for name in _HANDLERS
        if mapping(probe.get(name))
    }


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
