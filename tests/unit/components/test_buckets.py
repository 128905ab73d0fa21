"""The script that makes buckets, with an `mc` that writes down what it is asked to do; and what the script is given."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from components.stores.buckets.buckets import bucket_policy
from paths import ROOT
from tests.unit.recordings import environment_of, of_system, one, recorded

SCRIPT = ROOT / "components" / "stores" / "buckets" / "scripts" / "buckets.sh"
USERS = {"USER_1": "barman", "USER_1_SECRET": "hidden", "USER_1_BUCKET": "backups"}


def run(folder: Path, mc: str, **variables: str) -> subprocess.CompletedProcess[str]:
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "mc").write_text(f'#!/bin/sh\necho "$@" >> {folder}/asked\n[ -t 0 ] || cat >> {folder}/typed\n{mc}\n')
    (programs / "mc").chmod(0o755)
    (folder / "backups.json").write_text(json.dumps(bucket_policy("backups")))
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "SCRIPTS": str(folder),
        "MINIO_ENDPOINT": "http://minio:9000",
        "MINIO_ROOT_USER": "root",
        "MINIO_ROOT_PASSWORD": "of-root",
        "ATTEMPTS": "2",
        "PAUSE": "0",
        **USERS,
        **variables,
    }
    command = [shutil.which("sh") or "/bin/sh", str(SCRIPT)]
    return subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_every_bucket_gets_its_policy_and_every_user_its_bucket(tmp_path: Path) -> None:
    """A bucket that is missing stops WAL archiving; a user without a policy may do nothing."""
    done = run(tmp_path, "exit 0")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "asked").read_text().splitlines() == [
        "alias set platform http://minio:9000",
        "mb --ignore-existing platform/backups",
        f"admin policy create platform backups {tmp_path}/backups.json",
        "admin user add platform",
        "admin policy attach platform backups --user barman",
    ]
    # Whoever may list processes reads their arguments.
    assert (tmp_path / "typed").read_text() == "root\nof-root\nbarman\nhidden\n"


def test_a_policy_that_is_attached_already_is_no_failure(tmp_path: Path) -> None:
    """mc calls it one, and the second deployment would fail."""
    already = 'case "$*" in *"policy attach"*) echo "policy change is already in effect" >&2; exit 1;; esac'
    assert run(tmp_path, already).returncode == 0


@pytest.mark.parametrize(
    ("mc", "words"),
    [
        ("exit 1", "does not answer, or refuses the root user"),
        ('case "$1" in mb) exit 1;; esac', "bucket backups cannot be made"),
        ('case "$*" in *create*) exit 1;; esac', "the policy of bucket backups is refused"),
        (
            'case "$*" in *"policy attach"*) echo no such user >&2; exit 1;; esac',
            "does not get bucket backups: no such user",
        ),
    ],
)
def test_a_failure_says_what_failed_and_no_password(tmp_path: Path, mc: str, words: str) -> None:
    """The Job's log is all that there is."""
    done = run(tmp_path, mc)
    assert done.returncode == 1
    assert words in done.stderr
    assert "of-root" not in done.stderr + done.stdout and "hidden" not in done.stderr + done.stdout


def test_the_job_gets_a_policy_for_each_bucket_and_numbers_its_users() -> None:
    """The script stops at the first number that is missing."""
    graph = recorded("dev")
    (job,) = [
        body for body in of_system(graph, "astrbot", "Job") if body["metadata"]["name"].startswith("minio-buckets-")
    ]
    made = one(graph, "ConfigMap", "minio-buckets")
    assert sorted(made["data"]) == ["astrbot-files.json", "buckets.sh", "saas-platform-backups.json"]
    environment = environment_of(job["spec"]["template"]["spec"]["containers"][0])
    assert environment["USER_1_BUCKET"]["value"] == "astrbot-files"
    assert environment["USER_2_BUCKET"]["value"] == "saas-platform-backups"
    assert {"USER_1", "USER_1_SECRET", "USER_2", "MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"} <= environment.keys()


def test_the_user_of_a_bucket_may_enter_no_other() -> None:
    """The database's key must not open the customers' files."""
    for statement in bucket_policy("backups")["Statement"]:  # type: ignore[attr-defined]
        assert all(resource.startswith("arn:aws:s3:::backups") for resource in statement["Resource"])
        assert all("*" not in action for action in statement["Action"])
