"""Fixtures of the data tier's tests: PostgreSQL, the S3 API of moto, and a bucket in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.servers import Postgres, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server for all tests."""
    with running_postgres() as server:
        yield server


@dataclass(frozen=True)
class ObjectStorage:
    """moto's server: a real S3 API over HTTP."""

    endpoint: str
    client: Any


@pytest.fixture(scope="session")
def s3() -> Iterator[ObjectStorage]:
    """An S3 API on a free port of the loopback."""
    boto3 = pytest.importorskip("boto3")
    pytest.importorskip("flask", reason="moto's server is not here: pip install 'moto[server]'")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    try:
        yield ObjectStorage(endpoint, boto3.client("s3", endpoint_url=endpoint, **CREDENTIALS))
    finally:
        server.stop()


CREDENTIALS = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.fixture
def bucket(s3: ObjectStorage) -> str:
    """An empty bucket."""
    name = f"backups-{time.monotonic_ns()}"
    s3.client.create_bucket(Bucket=name)
    return name
