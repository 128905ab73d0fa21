"""How Kubernetes learns whether a container has started, is ready, and is alive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.subject import Subject
from policy.values import mapping, plain
from policy.workloads import RUN_TO_COMPLETION, WORKLOADS, Container, containers, runs_to_completion

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
