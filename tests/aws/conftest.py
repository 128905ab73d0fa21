"""Accounts for the tests, and what of them is deployed once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from graph.model import Graph
from tests.aws.account import Account
from tests.aws.account import account as new_account
from tests.aws.deployment import deploy, environment

TIERS = ("dev", "staging", "prod")
EVERYTHING = (
    "dns: {zone: create, firewall: true}\npublic_access: [203.0.113.0/24]\nviewers: [arn:aws:iam::123456789012:role/v]"
)


@pytest.fixture
def account() -> Iterator[Account]:
    with new_account() as made:
        yield made


@dataclass(frozen=True)
class Deployed:
    """A tier's environment in an account of its own."""

    tier: str
    account: Account
    graph: Graph

    def all(self, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        """What an operation that lists things says below a key, of all its pages."""
        pages = self.account.client(service).get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page[key]]


@pytest.fixture(scope="module", params=TIERS)
def deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with new_account() as made, pytest.MonkeyPatch.context() as patch:
        text = environment(request.param, EVERYTHING)
        yield Deployed(request.param, made, deploy(made, text, tmp_path_factory.mktemp(request.param), patch))
