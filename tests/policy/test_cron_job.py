"""The rule `cron-job`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.jobs import cron_job
from tests.policy.objects import having, judge, without, workload
from tests.policy.rule_tests import RuleTests, Table

_JOB = workload("CronJob")
_LATE = "CronJob shop/api: spec.startingDeadlineSeconds is missing; say how many seconds late it may start"
_OVERLAP = "CronJob shop/api: spec.concurrencyPolicy is not Forbid or Replace; say what happens to overlapping runs"
_HISTORY = ("successfulJobsHistoryLimit", "failedJobsHistoryLimit")


class TestCronJob(RuleTests):
    table = Table(
        rule=cron_job,
        compliant={
            "all stated": _JOB,
            "figures as the engine hands them over": having(_JOB, "spec.startingDeadlineSeconds", 300.0),
            "no history": having(_JOB, "spec.failedJobsHistoryLimit", 0),
        },
        violations={
            "no deadline": (without(_JOB, "spec.startingDeadlineSeconds"), _LATE),
            "overlapping runs": (having(_JOB, "spec.concurrencyPolicy", "Allow"), _OVERLAP),
            "overlapping runs by default": (without(_JOB, "spec.concurrencyPolicy"), _OVERLAP),
            **{
                f"{field} not stated": (
                    without(_JOB, f"spec.{field}"),
                    f"CronJob shop/api: spec.{field} is missing; keep a few",
                )
                for field in _HISTORY
            },
            **{
                f"{field} too high": (
                    having(_JOB, f"spec.{field}", 100),
                    f"CronJob shop/api: spec.{field} is more than 10; keep a few",
                )
                for field in _HISTORY
            },
        },
        unknown={"the policy": having(_JOB, "spec.concurrencyPolicy", UNKNOWN_STRING_VALUE)},
    )


def test_overlapping_runs_can_be_allowed() -> None:
    changed = having(_JOB, "spec.concurrencyPolicy", "Allow")
    assert judge(cron_job, changed, config={"concurrency": ["Allow"]}) == []
