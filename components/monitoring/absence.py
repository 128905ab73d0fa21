"""What is gone tells nothing: PromQL that finds it by what should be there, for alerts on targets.

A target's own metrics end with it, and a comparison of no series is no alert. `up` is Prometheus' own, and there for
every target that it finds; of what it does not find, `absent()` and a number that is expected are all that is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from components.monitoring.alerts import SCOPE, Alert
from components.monitoring.rules import RuleSet

# What is scaled to zero is meant to be gone. Flagger keeps the target of a release at zero, and runs it as
# `NAME-primary`: both are one job.
SCALED_TO_ZERO = (
    "on (namespace, job) sum by (namespace, job) ("
    f'label_replace(kube_deployment_spec_replicas{{{SCOPE}}}, "job", "$1", "deployment", "(.+?)(-primary)?") or '
    f'label_replace(kube_statefulset_replicas{{{SCOPE}}}, "job", "$1", "statefulset", "(.+)")) == 0'
)


def gone(jobs: Iterable[str]) -> str:
    """Prometheus finds no target of one of these jobs in the namespace; each has its `namespace` and `job`."""
    return " or ".join(f'absent(up{{{SCOPE},job="{job}"}})' for job in jobs)


def below(series: str, expected: int) -> str:
    """Of each job less is told by `series` than is `expected`; of none at all nothing is."""
    return f"sum by (namespace, job) ({series}) < {expected}"


def fewer(job: str, expected: int, scope: str = SCOPE) -> str:
    """Of a job fewer pods answer than are `expected`, or none is found. A pod answers if all of its ports do."""
    target = f'up{{{scope},job="{job}"}}' if scope else f'up{{job="{job}"}}'
    return f"{below(f'min by (namespace, job, pod) ({target})', expected)} or absent({target})"


def service_rules(jobs: Sequence[str]) -> RuleSet:
    """For the services of a system, by their job: one whose pods are all gone, or that no monitor finds."""
    if not jobs:
        return RuleSet(name="services")
    missing = Alert(
        name="ServiceMissing",
        expr=gone(jobs),
        silent=SCALED_TO_ZERO,
        for_="5m",
        severity="critical",
        summary="{{ $labels.namespace }}/{{ $labels.job }} is gone",
        description="Prometheus finds no pod of it, for more than 5 minutes: every alert on what it tells is silent.",
    )
    return RuleSet(name="services", alerts=[missing])
