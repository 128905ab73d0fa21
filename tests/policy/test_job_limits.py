"""The rule `job-limits`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE

from policy.rules.jobs import job_limits
from tests.policy.objects import having, judge, without, workload
from tests.policy.rule_tests import RuleTests, Table

_JOB, _CRON = workload("Job"), workload("CronJob")
_TEMPLATE = "spec.jobTemplate.spec"


class TestJobLimits(RuleTests):
    table = Table(
        rule=job_limits,
        compliant={
            "a job": _JOB,
            "of a cron job, which removes it": _CRON,
            "no retry": having(_JOB, "spec.backoffLimit", 0),
        },
        violations={
            **{
                field: (without(_JOB, f"spec.{field}"), f"Job shop/api: spec.{field} is missing; state it")
                for field in ("backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished")
            },
            **{
                f"{field} of a cron job": (
                    without(_CRON, f"{_TEMPLATE}.{field}"),
                    f"CronJob shop/api: {_TEMPLATE}.{field} is missing; state it",
                )
                for field in ("backoffLimit", "activeDeadlineSeconds")
            },
            "too many retries": (
                having(_JOB, "spec.backoffLimit", 100),
                "Job shop/api: spec.backoffLimit is more than 10; let it fail earlier",
            ),
        },
        unknown={"the retries": having(_JOB, "spec.backoffLimit", UNKNOWN_NUMBER_VALUE)},
    )


def test_the_number_of_retries_can_be_configured() -> None:
    assert judge(job_limits, having(_JOB, "spec.backoffLimit", 100), config={"retries": 100}) == []
