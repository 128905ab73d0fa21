"""The logical backup of one database: `dump.py dump | restore | window | fingerprint`.

Runs in an image with PostgreSQL's client programs, Python and boto3. The database is named by libpq's own variables
(PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE), the object storage by BACKUP_BUCKET, BACKUP_PREFIX,
AWS_ENDPOINT_URL_S3 and the AWS SDK's usual ones; BACKUP_RETENTION_DAYS (7) and BACKUP_DIRECTORY (/work) say how long
and where. With BACKUP_KMS_KEY objects are encrypted with that key, else as the bucket says.

Exit status: 0, or 1 with one line on standard error. Nothing but `restore` ever writes to a database, and that only to
an empty one, whole or not at all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

_STAMP = "%Y%m%d_%H%M%S"
_SUFFIX = "_full.dump"
# What a dump takes beside the data itself, at the least, to be worth beginning: bytes.
_LEAST_SPACE = 16 * 1024**2
_TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_catalog.pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""


class BackupError(Exception):
    """Why a backup or a restore did not happen, in words for whoever is on call."""


class Dump(NamedTuple):
    """A dump in the object storage; `taken` is when it was begun, which is the state that it holds."""

    key: str
    taken: datetime
    size: int


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    try:
        return _command(arguments)
    except BackupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _command(arguments: list[str] | None) -> int:
    parser = argparse.ArgumentParser(prog="dump.py")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("dump", "window", "fingerprint"):
        commands.add_parser(name)
    restoring = commands.add_parser("restore")
    restoring.add_argument("--to", help="the latest dump that is not younger, such as 2026-01-31T12:00:00Z")
    chosen = parser.parse_args(arguments)
    if chosen.command == "dump":
        print(json.dumps(dump()))
    elif chosen.command == "restore":
        print(json.dumps(restore(_time(chosen.to) if chosen.to else None)))
    elif chosen.command == "window":
        print(json.dumps([one.taken.isoformat() for one in dumps(Storage())]))
    else:
        print(json.dumps(fingerprint(), indent=1))
    return 0


class Storage:
    """The bucket of the dumps; every failure of it becomes a BackupError that names bucket and endpoint."""

    def __init__(self) -> None:
        import boto3
        from botocore.config import Config

        self.bucket, self.prefix = _required("BACKUP_BUCKET"), os.environ.get("BACKUP_PREFIX", "postgresql/")
        self.endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or None
        # Five attempts are the SDK's own default; a dump of hours is not given up for less.
        patience = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 5, "mode": "standard"})
        self._client: Any = boto3.client("s3", endpoint_url=self.endpoint, config=patience)

    def call(self, operation: str, **parameters: Any) -> Any:
        """One call of the S3 API on the bucket."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client, operation)(Bucket=self.bucket, **parameters)
        except (ClientError, BotoCoreError, Boto3Error) as error:
            where = f"{self.bucket} at {self.endpoint or 'AWS'}"
            raise BackupError(f"object storage, bucket {where}, {operation}: {error}") from error


def dump() -> dict[str, Any]:
    """Dump the database, check the file, upload it, check what arrived, and only then prune what is too old."""
    storage, directory = Storage(), Path(os.environ.get("BACKUP_DIRECTORY", "/work"))
    # Asked first: a dump of hours that then cannot be put anywhere helps nobody.
    storage.call("head_bucket")
    began = datetime.now(UTC)
    file = directory / f"{began.strftime(_STAMP)}{_SUFFIX}"
    _check_space(directory)
    try:
        _postgres("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")
        _postgres("pg_restore", "--list", str(file))
        key, digest = f"{storage.prefix}{file.name}", _sha256(file)
        extra = {"Metadata": {"sha256": digest}, **_encryption()}
        storage.call("upload_file", Filename=str(file), Key=key, ExtraArgs=extra)
        size = file.stat().st_size
    finally:
        file.unlink(missing_ok=True)
    arrived = storage.call("head_object", Key=key)["ContentLength"]
    if arrived != size:
        raise BackupError(f"{key} has {arrived} of {size} bytes in the object storage")
    return {"key": key, "bytes": size, "sha256": digest, "pruned": _prune(storage, began)}


def restore(to: datetime | None) -> dict[str, Any]:
    """Restore the latest dump that is not younger than `to` into the (empty) database; whole or not at all."""
    storage, directory = Storage(), Path(os.environ.get("BACKUP_DIRECTORY", "/work"))
    chosen = _chosen(dumps(storage), to)
    if _query(_TABLES):
        raise BackupError(
            f"database {os.environ.get('PGDATABASE')} has tables already; a restore goes into an empty one, "
            "beside the running database and never over it"
        )
    _check_space(directory, chosen.size)
    file = directory / Path(chosen.key).name
    try:
        expected = storage.call("head_object", Key=chosen.key)["Metadata"].get("sha256")
        storage.call("download_file", Key=chosen.key, Filename=str(file))
        if _sha256(file) != expected:
            raise BackupError(f"{chosen.key} is not what was uploaded: its SHA-256 differs; take an older one")
        options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
        _postgres("pg_restore", *options, f"--dbname={_required('PGDATABASE')}", str(file))
    finally:
        file.unlink(missing_ok=True)
    return {"key": chosen.key, "taken": chosen.taken.isoformat(), "tables": len(_query(_TABLES))}


def fingerprint() -> dict[str, dict[str, Any]]:
    """For each table its rows and a digest of them all, whatever their order: equal if and only if the data is."""
    found = {}
    for table in _query(_TABLES):
        line = _query(
            f"SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') "  # noqa: S608
            f"FROM {table} AS t"
        )[0]
        rows, _, digest = line.partition(" ")
        found[table] = {"rows": int(rows), "digest": digest}
    return found


def dumps(storage: Storage) -> list[Dump]:
    """All dumps in the object storage, oldest first."""
    found: list[Dump] = []
    token: dict[str, str] = {}
    while True:
        page = storage.call("list_objects_v2", Prefix=storage.prefix, **token)
        found += [
            Dump(one["Key"], _taken(one["Key"]), one["Size"]) for one in page.get("Contents", ()) if _is_dump(one)
        ]
        if not page.get("IsTruncated"):
            return sorted(found, key=lambda one: one.taken)
        token = {"ContinuationToken": page["NextContinuationToken"]}


def _chosen(found: list[Dump], to: datetime | None) -> Dump:
    if not found:
        raise BackupError("there is no dump to restore")
    eligible = [one for one in found if to is None or one.taken <= to]
    if to is not None and to > datetime.now(UTC):
        raise BackupError(f"{to.isoformat()} has not been yet")
    if not eligible:
        window = f"{found[0].taken.isoformat()} to {found[-1].taken.isoformat()}"
        raise BackupError(f"{to.isoformat() if to else ''} is outside the window of the dumps, {window}")
    return eligible[-1]


def _prune(storage: Storage, now: datetime) -> list[str]:
    """Remove what is older than the retention; the newest always stays."""
    oldest = now - timedelta(days=int(os.environ.get("BACKUP_RETENTION_DAYS", "7")))
    old = [one.key for one in dumps(storage)[:-1] if one.taken < oldest]
    for key in old:
        storage.call("delete_object", Key=key)
    return old


def _postgres(program: str, *options: str) -> str:
    """One of PostgreSQL's programs; its own words become the error."""
    try:
        done = subprocess.run(
            [program, *options], check=False, text=True, capture_output=True, env={**os.environ, "LC_ALL": "C"}
        )
    except FileNotFoundError as error:
        raise BackupError(f"{program} is not in this image") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no message"]
        raise BackupError(f"{program} failed: {' | '.join(said[:5])}")
    return done.stdout


def _query(sql: str) -> list[str]:
    printed = _postgres("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "-c", sql)
    return [line for line in printed.splitlines() if line]


def _check_space(directory: Path, needed: int = 0) -> None:
    try:
        free = shutil.disk_usage(directory).free
    except OSError as error:
        raise BackupError(f"{directory}: {error.strerror}") from error
    wanted = needed + _LEAST_SPACE
    if free < wanted:
        raise BackupError(f"{directory} has {free // 1024**2} MiB free and {wanted // 1024**2} are needed")


def _encryption() -> dict[str, str]:
    key = os.environ.get("BACKUP_KMS_KEY")
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        for block in iter(lambda: opened.read(1024**2), b""):
            digest.update(block)
    return digest.hexdigest()


def _is_dump(entry: dict[str, Any]) -> bool:
    try:
        _taken(entry["Key"])
    except ValueError:
        return False
    return str(entry["Key"]).endswith(_SUFFIX)


def _taken(key: str) -> datetime:
    stamp = key.rpartition("/")[2].removesuffix(_SUFFIX)
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise BackupError(f"{text!r} is not a time: write it as 2026-01-31T12:00:00Z") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise BackupError(f"the environment variable {name} is missing")
    return value


if __name__ == "__main__":
    sys.exit(main())
