"""EventBridge."""

from __future__ import annotations

from collections.abc import Mapping

from tests.aws.account import Account, Create, Created, Inputs, RefusedError, tag_list


def _rule(account: Account, inputs: Inputs) -> Created:
    made = account.client("events").put_rule(
        Name=inputs["name"], EventPattern=inputs["eventPattern"], Tags=tag_list(inputs)
    )
    return inputs["name"], {"arn": made["RuleArn"]}


def _target(account: Account, inputs: Inputs) -> Created:
    _, _, queue = inputs["arn"].rpartition(":")
    account.client("sqs").get_queue_url(QueueName=queue)
    target = {"Id": inputs["targetId"], "Arn": inputs["arn"]}
    made = account.client("events").put_targets(Rule=inputs["rule"], Targets=[target])
    if made["FailedEntryCount"]:
        raise RefusedError(str(made["FailedEntries"]))
    return f"{inputs['rule']}-{inputs['targetId']}", {}


CREATE: Mapping[str, Create] = {
    "aws:cloudwatch/eventRule:EventRule": _rule,
    "aws:cloudwatch/eventTarget:EventTarget": _target,
}
