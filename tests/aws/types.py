"""All types of resources that can be created, by service."""

from __future__ import annotations

from collections.abc import Mapping

from tests.aws import dns, ec2, eks, events, iam, kms, logs, s3, sqs, vpc, waf
from tests.aws.account import Create

_SERVICES = (dns, ec2, eks, events, iam, kms, logs, s3, sqs, vpc, waf)
CREATE: Mapping[str, Create] = {type_: create for service in _SERVICES for type_, create in service.CREATE.items()}
