"""WAF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.aws.account import Account, Create, Created, Inputs, pascal, tag_list


def _web_acl(account: Account, inputs: Inputs) -> Created:
    waf = account.client("wafv2")
    made = waf.create_web_acl(
        Name=inputs["name"],
        Scope=inputs["scope"],
        DefaultAction=pascal(inputs["defaultAction"]),
        Rules=[_rule(rule) for rule in inputs["rules"]],
        VisibilityConfig=_visible(inputs["visibilityConfig"]),
        Tags=tag_list(inputs),
    )["Summary"]
    return made["Id"], {"arn": made["ARN"]}


def _rule(rule: Inputs) -> dict[str, Any]:
    return {**pascal(rule), "VisibilityConfig": _visible(rule["visibilityConfig"])}


def _visible(config: Inputs) -> dict[str, Any]:
    return {
        "MetricName": config["metricName"],
        "CloudWatchMetricsEnabled": config["cloudwatchMetricsEnabled"],
        "SampledRequestsEnabled": config["sampledRequestsEnabled"],
    }


CREATE: Mapping[str, Create] = {"aws:wafv2/webAcl:WebAcl": _web_acl}
