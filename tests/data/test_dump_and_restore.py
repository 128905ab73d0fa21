"""The script of the nightly dump, on a real PostgreSQL and a real S3 API: what goes in comes out, row for row."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from paths import ROOT
from tests.data.conftest import CREDENTIALS, ObjectStorage
from tests.servers import Postgres

SCRIPT = ROOT / "components" / "stores" / "postgres" / "scripts" / "dump.py"
_NUMBERS = count()
SOURCE = """
CREATE TABLE tenants (id text PRIMARY KEY, name text NOT NULL, plan text, created_at timestamptz DEFAULT now());
CREATE TABLE messages (id bigserial PRIMARY KEY, tenant text REFERENCES tenants, body jsonb, payload bytea);
CREATE INDEX ON messages (tenant);
INSERT INTO tenants SELECT 'tenant-' || n, 'Zoë ''x'' ' || n, CASE n % 3 WHEN 0 THEN NULL ELSE 'pro' END
FROM generate_series(1, 50) n;
INSERT INTO messages (tenant, body, payload)
SELECT 'tenant-' || (n % 50 + 1), jsonb_build_object('n', n, 'text', repeat('ü', n % 20)), decode(md5(n::text), 'hex')
FROM generate_series(1, 5000) n;
"""


class Backup:
    """The script as the CronJob runs it: in a process of its own, told everything by its environment."""

    def __init__(self, postgres: Postgres, s3: ObjectStorage, bucket: str, work: Path) -> None:
        self.postgres, self.s3, self.bucket, self.work = postgres, s3, bucket, work
        self.variables: dict[str, str] = {}

    def run(self, *arguments: str, database: str, **changes: str) -> subprocess.CompletedProcess[str]:
        variables = {
            **self.postgres.environment(database),
            "BACKUP_BUCKET": self.bucket,
            "BACKUP_DIRECTORY": str(self.work),
            "AWS_ENDPOINT_URL_S3": self.s3.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            **changes,
        }
        command = [sys.executable, str(SCRIPT), *arguments]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)

    def done(self, *arguments: str, database: str, **changes: str) -> Any:
        result = self.run(*arguments, database=database, **changes)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def refused(self, *arguments: str, database: str, **changes: str) -> str:
        """Run something that must fail with one line and no traceback; returns the line."""
        result = self.run(*arguments, database=database, **changes)
        assert result.returncode == 1, result.stdout
        assert result.stderr.startswith("error: "), result.stderr
        assert "Traceback" not in result.stderr
        return result.stderr

    def keys(self) -> list[str]:
        return [one["Key"] for one in self.s3.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def put(self, age: timedelta, name: str = "") -> str:
        key = "postgresql/" + (name or f"{(datetime.now(UTC) - age):%Y%m%d_%H%M%S}_full.dump")
        self.s3.client.put_object(Bucket=self.bucket, Key=key, Body=b"old")
        return key


@pytest.fixture
def backup(postgres: Postgres, s3: ObjectStorage, bucket: str, tmp_path: Path) -> Backup:
    return Backup(postgres, s3, bucket, tmp_path)


@pytest.fixture
def source(postgres: Postgres) -> Iterator[str]:
    name = f"source_{next(_NUMBERS)}"
    postgres.sql(f"CREATE DATABASE {name}")
    postgres.sql(SOURCE, name)
    yield name
    postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def target(postgres: Postgres) -> Iterator[str]:
    name = f"target_{next(_NUMBERS)}"
    postgres.sql(f"CREATE DATABASE {name}")
    yield name
    postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")


def rows(postgres: Postgres, database: str) -> str:
    """Every row of both tables as text: the test's own comparison, independent of the script's fingerprint."""
    return "\n".join(
        postgres.sql(f"SELECT t::text FROM {one} t ORDER BY 1", database) for one in ("tenants", "messages")
    )


def test_a_restored_database_equals_its_source_row_for_row(backup: Backup, source: str, target: str) -> None:
    """A backup that was never restored is a hope."""
    report = backup.done("dump", database=source)
    assert backup.keys() == [report["key"]]
    backup.done("restore", database=target)
    assert rows(backup.postgres, source) == rows(backup.postgres, target)
    assert backup.done("fingerprint", database=source) == backup.done("fingerprint", database=target)
    assert backup.postgres.sql("SELECT nextval('messages_id_seq')", target) == "5001", "new rows would clash with old"
    assert list(backup.work.iterdir()) == [], "the work volume fills up"


@pytest.mark.parametrize(
    "change", ["UPDATE tenants SET plan = '' WHERE plan IS NULL", "DELETE FROM messages WHERE id = 17", ""]
)
def test_the_fingerprint_notices_any_difference_and_no_order(backup: Backup, source: str, change: str) -> None:
    """A drill that compares numbers of rows calls a corrupted copy good."""
    before = backup.done("fingerprint", database=source)
    backup.postgres.sql(change or "CLUSTER messages USING messages_tenant_idx", source)
    assert (backup.done("fingerprint", database=source) == before) is (not change)


def test_only_what_is_older_than_seven_days_goes_and_only_dumps(backup: Backup, source: str) -> None:
    """Section 6.1. A pruning by anything else than the dumps' own names removes other people's files."""
    old, young = backup.put(timedelta(days=7, minutes=5)), backup.put(timedelta(days=6, hours=23))
    other = backup.put(timedelta(0), "readme_full.dump")
    report = backup.done("dump", database=source)
    assert report["pruned"] == [old]
    assert sorted(backup.keys()) == sorted([young, other, report["key"]])


def test_a_failed_dump_removes_no_older_one(backup: Backup, source: str) -> None:
    """The document's script prunes first: a week of failures would leave nothing."""
    old = backup.put(timedelta(days=30))
    backup.refused("dump", database=source, PGPASSWORD="wrong")
    assert backup.keys() == [old]


FAILURES = {
    "a wrong password": ({"PGPASSWORD": "wrong"}, "pg_dump failed", "password authentication failed"),
    "a server that is away": ({"PGPORT": "1"}, "pg_dump failed", "Connection refused"),
    "a database that there is not": ({"PGDATABASE": "nowhere"}, "pg_dump failed", 'database "nowhere" does not exist'),
    "an object storage that is away": ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, "object storage", "127.0.0.1:1"),
    "a bucket that there is not": ({"BACKUP_BUCKET": "not-there"}, "bucket not-there", "Not Found"),
    "no bucket at all": ({"BACKUP_BUCKET": ""}, "BACKUP_BUCKET", "is missing"),
    "a folder that there is not": ({"BACKUP_DIRECTORY": "/nowhere"}, "/nowhere", "No such file or directory"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_dump_that_cannot_be_made_says_why_and_leaves_everything_as_it_was(
    backup: Backup, source: str, failure: str
) -> None:
    """A Job that fails with a traceback, or succeeds with nothing, is found out on the day of the disaster."""
    changes, *words = FAILURES[failure]
    before = rows(backup.postgres, source)
    message = backup.refused("dump", database=source, **changes)
    assert all(word in message for word in words), message
    assert backup.keys() == []
    assert rows(backup.postgres, source) == before


def test_a_full_disk_is_reported_and_leaves_nothing_behind(backup: Backup, source: str) -> None:
    """`pg_dump` writes to /dev/full as to a disk without space."""
    folder = backup.work / "bin"
    folder.mkdir()
    real = backup.postgres.environment()["PATH"].split(":")[0]
    (folder / "pg_dump").write_text(f'#!/bin/sh\nexec {real}/pg_dump "$@" --file=/dev/full\n')
    (folder / "pg_dump").chmod(0o755)
    message = backup.refused("dump", database=source, PATH=f"{folder}:{backup.postgres.environment()['PATH']}")
    assert "No space left on device" in message
    assert backup.keys() == []


def test_the_state_of_a_time_is_that_of_the_last_dump_before_it(backup: Backup, source: str, target: str) -> None:
    """The newest dump already holds the mistake that the restore is to undo."""
    backup.put(timedelta(days=-1))
    backup.done("dump", database=source)
    report = backup.done("restore", "--to", datetime.now(UTC).isoformat(), database=target)
    assert datetime.fromisoformat(report["taken"]) <= datetime.now(UTC)
    assert rows(backup.postgres, source) == rows(backup.postgres, target)


REFUSALS = {
    "2020-01-01T00:00:00Z": "is outside the window of the dumps",
    "2999-01-01T00:00:00Z": "has not been yet",
    "yesterday": "is not a time: write it as",
}


@pytest.mark.parametrize("time", REFUSALS)
def test_a_time_that_cannot_be_restored_is_refused(backup: Backup, source: str, target: str, time: str) -> None:
    """The nearest dump instead would be taken for the one that was asked for."""
    backup.done("dump", database=source)
    assert REFUSALS[time] in backup.refused("restore", "--to", time, database=target)
    assert backup.postgres.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", target) == "0"


def test_a_running_database_is_never_restored_over(backup: Backup, source: str) -> None:
    """The one mistake that a restore can make worse than the disaster."""
    backup.done("dump", database=source)
    before = rows(backup.postgres, source)
    assert "has tables already" in backup.refused("restore", database=source)
    assert rows(backup.postgres, source) == before


def test_a_damaged_dump_is_recognised_and_restores_nothing(backup: Backup, source: str, target: str) -> None:
    """Half a database that looks whole is worse than none."""
    report = backup.done("dump", database=source)
    body = backup.s3.client.get_object(Bucket=backup.bucket, Key=report["key"])["Body"].read()
    metadata = {"sha256": report["sha256"]}
    backup.s3.client.put_object(Bucket=backup.bucket, Key=report["key"], Body=body[:-100], Metadata=metadata)
    assert "SHA-256 differs" in backup.refused("restore", database=target)
    assert "there is no dump" in backup.refused("restore", database=target, BACKUP_PREFIX="elsewhere/")


def test_a_restore_that_breaks_off_leaves_an_empty_database(backup: Backup, source: str, target: str) -> None:
    """In one transaction: otherwise the next attempt finds tables, and refuses."""
    backup.done("dump", database=source)
    backup.postgres.sql("CREATE TYPE messages AS (a int)", target)
    assert "pg_restore failed" in backup.refused("restore", database=target)
    assert backup.postgres.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", target) == "0"


def test_a_dump_is_encrypted_with_the_key_that_is_named_and_else_as_the_bucket_says(
    backup: Backup, source: str
) -> None:
    """Encryption without a key would be AWS' own, in place of the key that the bucket names."""
    import boto3

    account = boto3.client("kms", endpoint_url=backup.s3.endpoint, **CREDENTIALS)
    key, other = (account.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": other}}
    backup.s3.client.put_bucket_encryption(Bucket=backup.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    for variables, wanted in (({"BACKUP_KMS_KEY": key}, key), ({}, other)):
        made = backup.done("dump", database=source, **variables)["key"]
        found = backup.s3.client.head_object(Bucket=backup.bucket, Key=made)
        assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", wanted)
        backup.s3.client.delete_object(Bucket=backup.bucket, Key=made)
