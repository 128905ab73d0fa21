"""An AWS account in memory: what the program registers is created there by boto3, on moto.

Each module beside this one has the resources of a service as a table of type → function, which is given the account
and the resource's inputs as the provider would get them, makes the calls that AWS's provider makes, and returns the id
and the outputs that the program may go on with. What AWS refuses is refused here too: by moto, or, where moto takes
anything, by a check of our own, which raises `RefusedError`. What moto does not have at all is in `not_in_moto`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from moto import mock_aws

# moto's own.
ACCOUNT = "123456789012"
REGION = "eu-central-1"
Inputs = Mapping[str, Any]
Created = tuple[str, dict[str, Any]]


class RefusedError(Exception):
    """What AWS would refuse and moto takes."""


@dataclass
class Account:
    """An account and a region of it. `not_in_moto` are the resources, by type, that were only checked."""

    region: str = REGION
    not_in_moto: dict[str, list[Inputs]] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A boto3 client of a service, with credentials that are none."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service, region_name=self.region, aws_access_key_id="none", aws_secret_access_key="none"
            )
        return self._clients[service]

    def create(self, type_: str, inputs: Inputs) -> Created:
        """Make a resource; returns its id and those of its outputs that are no inputs.

        Raises botocore's ClientError or `RefusedError` as AWS would refuse it, and NotImplementedError for a type that
        nobody has written down yet: nothing is ever taken for granted.
        """
        from tests.aws.types import CREATE

        if type_ not in CREATE:
            raise NotImplementedError(f"{type_}: say in tests/aws/ how AWS makes it")
        return CREATE[type_](self, inputs)

    def only_checked(self, type_: str, inputs: Inputs) -> None:
        """Note a resource that moto has no calls for; what it refers to was looked up."""
        self.not_in_moto.setdefault(type_, []).append(inputs)


Create = Callable[[Account, Inputs], Created]


@contextlib.contextmanager
def account() -> Iterator[Account]:
    """An empty account, which is gone afterwards. AWS's managed policies are in it, so that a misnamed one is found."""
    with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
        yield Account()


def tag_list(inputs: Inputs) -> list[dict[str, str]]:
    """Tags as most services take them."""
    return [{"Key": key, "Value": value} for key, value in inputs.get("tags", {}).items()]


def pascal(value: Any) -> Any:
    """Inputs as AWS's APIs have them: `sseAlgorithm` becomes `SseAlgorithm`, at every depth."""
    if isinstance(value, Mapping):
        return {key[:1].upper() + key[1:]: pascal(item) for key, item in value.items()}
    return [pascal(item) for item in value] if isinstance(value, list) else value
