"""CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Mapping

from tests.aws.account import ACCOUNT, Account, Create, Created, Inputs


def _log_group(account: Account, inputs: Inputs) -> Created:
    logs, name = account.client("logs"), inputs["name"]
    logs.create_log_group(logGroupName=name, tags=inputs.get("tags", {}))
    logs.put_retention_policy(logGroupName=name, retentionInDays=inputs["retentionInDays"])
    return name, {"arn": f"arn:aws:logs:{account.region}:{ACCOUNT}:log-group:{name}"}


CREATE: Mapping[str, Create] = {"aws:cloudwatch/logGroup:LogGroup": _log_group}
