"""Work that ends: that it starts, ends and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.engine.subject import Subject
from policy.facts.values import at, mapping, text, whole


class CronJobConfig(RuleConfig):
    """`concurrency`: the policies that may be stated. `history`: how many finished jobs may be kept of each sort."""

    concurrency: tuple[str, ...] = ("Forbid", "Replace")
    history: int = 10


@resource_rule(
    About(
        name="cron-job",
        title="Cron jobs have a deadline, do not pile up, and keep little history",
        description=(
            "A CronJob says how late it may start (without that it stops for good after 100 missed starts), what "
            "happens while the last run goes on, and how many finished jobs stay."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=(
            "Set startingDeadlineSeconds, to less than the time between two runs.",
            "Set concurrencyPolicy to Forbid, or to Replace if only the newest run counts.",
            "Set successfulJobsHistoryLimit and failedJobsHistoryLimit to a few.",
        ),
    ),
    applies_to={"batch/CronJob"},
    config=CronJobConfig,
)
def cron_job(job: Subject, config: CronJobConfig) -> Iterator[Violation]:
    """What a CronJob leaves to chance."""
    spec = mapping(job.props.get("spec"))
    if not whole(spec.get("startingDeadlineSeconds")):
        fix = "say how many seconds late it may start"
        yield Violation(field="spec.startingDeadlineSeconds", problem="is missing", fix=fix)
    if text(spec.get("concurrencyPolicy")) not in config.concurrency:
        problem = f"is not {' or '.join(config.concurrency)}"
        yield Violation(field="spec.concurrencyPolicy", problem=problem, fix="say what happens to overlapping runs")
    for field in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        kept = whole(spec.get(field))
        if kept is None or kept > config.history:
            problem = "is missing" if kept is None else f"is more than {config.history}"
            yield Violation(field=f"spec.{field}", problem=problem, fix="keep a few")


class JobLimitsConfig(RuleConfig):
    """`retries`: the highest backoffLimit."""

    retries: int = 10


@resource_rule(
    About(
        name="job-limits",
        title="Jobs end",
        description="A Job says how often and how long it tries, and when it is removed; those of a CronJob too.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=(
            "Set backoffLimit to the number of retries that make sense, and activeDeadlineSeconds to the longest run.",
            "Set ttlSecondsAfterFinished; the history limits do that for the jobs of a CronJob.",
        ),
    ),
    applies_to={"batch/Job", "batch/CronJob"},
    config=JobLimitsConfig,
)
def job_limits(job: Subject, config: JobLimitsConfig) -> Iterator[Violation]:
    """What a Job may do for ever."""
    scheduled = job.object_type == "batch/CronJob"
    path = ("spec", "jobTemplate", "spec") if scheduled else ("spec",)
    spec, prefix = mapping(at(job.props, *path)), ".".join(path)
    yield from _unbounded(f"{prefix}.backoffLimit", spec.get("backoffLimit"), config.retries)
    yield from _unbounded(f"{prefix}.activeDeadlineSeconds", spec.get("activeDeadlineSeconds"))
    if not scheduled:
        yield from _unbounded(f"{prefix}.ttlSecondsAfterFinished", spec.get("ttlSecondsAfterFinished"))


def _unbounded(field: str, value: Any, most: int | None = None) -> Iterator[Violation]:
    number = whole(value)
    if number is None:
        yield Violation(field=field, problem="is missing", fix="state it")
    elif most is not None and number > most:
        yield Violation(field=field, problem=f"is more than {most}", fix="let it fail earlier")
