"""What stands in a recording for answers that only AWS can give.

The program goes on with some of them: a policy names a key by its ARN, the Kubernetes provider the cluster's endpoint.
Their place is taken by values of the right form that plainly are none: account 000000000000, and the resource's name
for its id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

PREFIX = "aws:"
_ACCOUNT = "000000000000"
_Inputs = Mapping[str, Any]


def placeholders(type_: str, name: str, inputs: _Inputs) -> dict[str, Any]:
    """The outputs, by their names in the provider's schema, of a resource of that type; {} if none is needed."""
    made = _OUTPUTS.get(type_)
    return made(name, inputs) if made else {}


def _arn(service: str, kind: str = "") -> Callable[[str, _Inputs], dict[str, Any]]:
    return lambda name, inputs: {"arn": f"arn:aws:{service}::{_ACCOUNT}:{kind}{name}"}


def _cluster(name: str, _inputs: _Inputs) -> dict[str, Any]:
    host = f"{name}.eks.invalid"
    return {
        "arn": f"arn:aws:eks::{_ACCOUNT}:cluster/{name}",
        "endpoint": f"https://{host}",
        "certificateAuthority": {"data": "cGxhY2Vob2xkZXI="},
        "identities": [{"oidcs": [{"issuer": f"https://oidc.{host}/id/{name}"}]}],
    }


def _certificate(name: str, inputs: _Inputs) -> dict[str, Any]:
    domain = str(inputs["domainName"])
    record = {
        "domainName": domain,
        "resourceRecordName": f"_placeholder.{domain}",
        "resourceRecordType": "CNAME",
        "resourceRecordValue": "_placeholder.acm-validations.invalid",
    }
    return {**_arn("acm", "certificate/")(name, inputs), "domainValidationOptions": [record]}


_OUTPUTS: Mapping[str, Callable[[str, _Inputs], dict[str, Any]]] = {
    "aws:acm/certificate:Certificate": _certificate,
    "aws:cloudwatch/logGroup:LogGroup": _arn("logs", "log-group:"),
    "aws:ec2/eip:Eip": lambda name, _: {"allocationId": name},
    "aws:ec2/launchTemplate:LaunchTemplate": lambda _name, _: {"latestVersion": 1},
    "aws:eks/cluster:Cluster": _cluster,
    "aws:iam/role:Role": _arn("iam", "role/"),
    "aws:kms/key:Key": lambda name, inputs: {**_arn("kms", "key/")(name, inputs), "keyId": name},
    "aws:route53/record:Record": lambda _name, inputs: {"fqdn": inputs["name"]},
    "aws:route53/zone:Zone": lambda name, _: {"zoneId": name},
    "aws:s3/bucket:Bucket": _arn("s3"),
    "aws:sqs/queue:Queue": lambda name, inputs: {
        **_arn("sqs")(name, inputs),
        "url": f"https://sqs.invalid/{_ACCOUNT}/{name}",
    },
    "aws:wafv2/webAcl:WebAcl": _arn("wafv2", "regional/webacl/"),
}
