"""SQS."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.aws.account import Account, Create, Created, Inputs


def _queue(account: Account, inputs: Inputs) -> Created:
    sqs = account.client("sqs")
    attributes = {
        "MessageRetentionPeriod": str(inputs["messageRetentionSeconds"]),
        "SqsManagedSseEnabled": json.dumps(inputs["sqsManagedSseEnabled"]),
    }
    url = sqs.create_queue(QueueName=inputs["name"], Attributes=attributes, tags=inputs["tags"])["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, {"arn": arn, "url": url}


def _policy(account: Account, inputs: Inputs) -> Created:
    account.client("sqs").set_queue_attributes(QueueUrl=inputs["queueUrl"], Attributes={"Policy": inputs["policy"]})
    return inputs["queueUrl"], {}


CREATE: Mapping[str, Create] = {"aws:sqs/queue:Queue": _queue, "aws:sqs/queuePolicy:QueuePolicy": _policy}
