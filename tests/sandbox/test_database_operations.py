"""`ops rotate`, `ops db restore` and `ops db drill` on the sandbox's API server, `kubectl exec` and real PostgreSQL."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from paths import ROOT
from tests.sandbox.project import Project
from tests.sandbox.simulated_database import DATABASE, Operator, write_commands
from tests.servers import Postgres, running_postgres

NAMESPACE, ORIGINAL, RESTORED, DRILL = "astrbot", "postgresql-cluster", "postgresql-cluster-r1", "astrbot-drill"
# The archiver really runs, so that the age of what it archived last is a true figure.
ARCHIVING = ("archive_mode=on", "archive_command=/bin/true", "wal_level=replica")
Servers = Mapping[tuple[str, str], Postgres]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Behind each cluster a server of its own; the restored ones have one row less, as they would."""
    pytest.importorskip("psycopg")
    with contextlib.ExitStack() as running:
        made = {
            key: running.enter_context(running_postgres(*ARCHIVING, tls=True))
            for key in ((NAMESPACE, ORIGINAL), (NAMESPACE, RESTORED), (DRILL, ORIGINAL))
        }
        for key, server in made.items():
            rows = 3 if key == (NAMESPACE, ORIGINAL) else 2
            server.sql("CREATE ROLE saas_platform LOGIN; CREATE ROLE saas_platform_b LOGIN IN ROLE saas_platform")
            server.sql(f"CREATE DATABASE {DATABASE} OWNER saas_platform")
            table = f"CREATE TABLE tenants AS SELECT n FROM generate_series(1, {rows}) AS n"
            server.sql(f"{table}; ALTER TABLE tenants OWNER TO saas_platform; SELECT pg_switch_wal()", DATABASE)
        yield made


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, servers: Servers) -> Iterator[Project]:
    """dev on a sandbox, with a copy of the program whose environment file the commands write to."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    state = tmp_path_factory.mktemp("state")
    project = Project(state).copy(tmp_path_factory.mktemp("program") / "saas-platform")
    write_commands(state / "sandbox" / "default" / "kwok.d", servers)
    operator = Operator(project, servers)
    try:
        project.succeed("up")
        operator.start()
        assert operator.reconciled.wait(60), operator.failures
        yield project
    finally:
        if operator.is_alive():
            operator.end()
        project.sandbox.reset()


def state_of(project: Project) -> dict[str, Any]:
    document = yaml.safe_load((project.root / "Pulumi.dev.yaml").read_text())
    found: dict[str, Any] = document["config"]["saas-platform:systems"]["astrbot"].get("database", {})
    return found


def login_of(project: Project) -> tuple[str, str]:
    """What a pod that starts now is given."""
    settings = json.loads(project.kubectl("get", "-n", NAMESPACE, "configmap/saas-platform-config", "-o", "json"))
    secret = json.loads(project.kubectl("get", "-n", NAMESPACE, "secret/saas-platform-secrets", "-o", "json"))
    return settings["data"]["DB_USER"], base64.b64decode(secret["data"]["DB_PASSWORD"]).decode()


def template_of(project: Project) -> str:
    """What changes whenever a Deployment's pods are replaced, once all of them are."""
    body = json.loads(project.kubectl("get", "-n", NAMESPACE, "deployment/tenant-service", "-o", "json"))
    status = body["status"]
    replaced = status.get("updatedReplicas") == status.get("replicas") == body["spec"]["replicas"]
    settled = replaced and status.get("observedGeneration") == body["metadata"]["generation"]
    return json.dumps(body["spec"]["template"]) if settled else ""


class Application(threading.Thread):
    """Connects without a pause with what its pod was started with, and is replaced when its Deployment is."""

    def __init__(self, project: Project, server: Postgres) -> None:
        super().__init__(daemon=True)
        self.project, self.server, self.ended = project, server, threading.Event()
        self.used: set[str] = set()
        self.failures: list[str] = []
        self.connections = 0

    def run(self) -> None:
        import psycopg

        template, login, asked = template_of(self.project), login_of(self.project), time.monotonic()
        while not self.ended.is_set():
            try:
                with psycopg.connect(self.server.dsn(*login, DATABASE)) as connection:
                    connection.execute("INSERT INTO tenants VALUES (1000)")
            except psycopg.Error as error:
                self.failures.append(f"{login[0]}: {error}")
            self.used.add(login[0])
            self.connections += 1
            if time.monotonic() - asked > 1:
                found, asked = template_of(self.project), time.monotonic()
                if found and found != template:
                    template, login = found, login_of(self.project)
            self.ended.wait(0.05)


def accepts(server: Postgres, user: str, password: str) -> bool:
    import psycopg

    try:
        psycopg.connect(server.dsn(user, password, DATABASE)).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_rotation_changes_both_passwords_and_fails_no_connection(project: Project, servers: Servers) -> None:
    """The whole command: three steps in the environment's file, each deployed, and an application under way."""
    server = servers[NAMESPACE, ORIGINAL]
    before = login_of(project)
    assert accepts(server, *before)
    application = Application(project, server)
    application.start()
    try:
        printed = project.ops("rotate", "database-password", timeout=400)
        assert printed.returncode == 0, printed.stdout + printed.stderr
        # Its Deployment's change takes the application a moment to see.
        time.sleep(3)
    finally:
        application.ended.set()
        application.join()
    assert application.failures == []
    assert application.used == {"saas_platform", "saas_platform_b"}, application.connections
    after = login_of(project)
    assert after[0] == "saas_platform_b" and accepts(server, *after)
    assert not accepts(server, *before), "the password that leaked still opens the database"
    assert state_of(project) == {"rotation": {"number": 1}}
    assert before[1] not in printed.stdout + printed.stderr and after[1] not in printed.stdout + printed.stderr


def test_a_rotation_that_was_killed_goes_on_from_where_it_was(project: Project, servers: Servers) -> None:
    """The state is in the file, not in the process."""
    before = login_of(project)
    begun = {"number": 2, "phase": "prepare"}
    project.kill_during("rotate", "database-password", after=2, once=lambda: state_of(project)["rotation"] == begun)
    printed = project.ops("rotate", "database-password", timeout=400)
    assert printed.returncode == 0, printed.stdout + printed.stderr
    assert "Rotation 2 was begun; going on with it" in printed.stdout
    assert state_of(project)["rotation"] == {"number": 2}
    assert accepts(servers[NAMESPACE, ORIGINAL], *login_of(project))
    assert not accepts(servers[NAMESPACE, ORIGINAL], *before)


def window(project: Project, server: str, first: datetime) -> None:
    """What the Barman plugin reports once it has a base backup."""
    times = {"firstRecoverabilityPoint": stamp(first), "lastSuccessfulBackupTime": stamp(first)}
    patch = json.dumps({"status": {"serverRecoveryWindow": {server: times}}})
    where = ("-n", NAMESPACE, f"objectstore.barmancloud.cnpg.io/{server}")
    project.kubectl("patch", *where, "--subresource=status", "--type=merge", f"--patch={patch}")


def stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_restore_point_outside_the_window_changes_nothing(project: Project) -> None:
    """Found out before a cluster of hours is brought up in vain."""
    before, now = (project.root / "Pulumi.dev.yaml").read_bytes(), datetime.now(UTC)
    failures = {stamp(now): "has no base backup yet", stamp(now + timedelta(hours=1)): "has not been yet"}
    for to, message in failures.items():
        done = project.ops("db", "restore", "--to", to)
        assert (done.returncode, message in done.stderr) == (1, True), done.stderr
    window(project, ORIGINAL, now - timedelta(hours=2))
    done = project.ops("db", "restore", "--to", stamp(now - timedelta(hours=3)))
    assert (done.returncode, "outside the window of the backups" in done.stderr) == (1, True), done.stderr
    assert (project.root / "Pulumi.dev.yaml").read_bytes() == before
    assert project.ops("up").stdout.count("no changes") == 1


def test_a_restored_cluster_is_looked_at_and_then_used_and_the_way_back_is_open(project: Project) -> None:
    """From the command to the applications' own setting, and back again."""
    window(project, ORIGINAL, datetime.now(UTC) - timedelta(hours=2))
    printed = project.succeed("db", "restore", "--to", stamp(datetime.now(UTC) - timedelta(minutes=30)))
    assert "public.tenants: 2 rows" in printed
    assert host(project).startswith(f"{RESTORED}-pooler-rw.")
    assert {one["metadata"]["name"] for one in clusters(project)} == {ORIGINAL, RESTORED}
    (comment, *_) = (project.root / "Pulumi.dev.yaml").read_text().splitlines()
    assert comment == (ROOT / "Pulumi.dev.yaml").read_text().splitlines()[0], "comments are people's"
    done = project.ops("db", "forget", RESTORED)
    assert (done.returncode, f"the applications use {RESTORED}" in done.stderr) == (1, True)
    project.succeed("db", "use", ORIGINAL)
    assert host(project).startswith(f"{ORIGINAL}-pooler-rw.")
    project.succeed("db", "forget", RESTORED)
    assert [one["metadata"]["name"] for one in clusters(project)] == [ORIGINAL]


def host(project: Project) -> str:
    body = json.loads(project.kubectl("get", "-n", NAMESPACE, "configmap/saas-platform-config", "-o", "json"))
    return str(body["data"]["DB_HOST"])


def clusters(project: Project) -> list[dict[str, Any]]:
    return project.objects("clusters.postgresql.cnpg.io", f"--namespace={NAMESPACE}")


def test_a_drill_reports_what_was_reached_and_leaves_nothing(project: Project) -> None:
    """The figures of the document's table, measured; and the running environment as it was."""
    printed = project.succeed("db", "drill")
    assert "Restored 1 tables with 2 rows" in printed
    assert "target below 1800 s: met" in printed and "target below 900 s: met" in printed
    assert DRILL not in [one["metadata"]["name"] for one in project.objects("namespaces")]
    policies = project.objects("networkpolicies", f"--namespace={NAMESPACE}")
    assert DRILL not in [one["metadata"]["name"] for one in policies]
    assert project.ops("up").stdout.count("no changes") == 1


def test_a_namespace_that_is_no_drills_is_left_alone(project: Project) -> None:
    """It would be deleted with all that is in it."""
    project.kubectl("create", "namespace", DRILL)
    try:
        done = project.ops("db", "drill")
        assert (done.returncode, "is no drill's" in done.stderr) == (1, True), done.stderr
        assert DRILL in [one["metadata"]["name"] for one in project.objects("namespaces")]
    finally:
        project.kubectl("delete", "namespace", DRILL)


def test_the_program_is_the_repositorys_own_but_for_the_file(project: Project) -> None:
    """The commands write to the environment's file alone."""
    assert (project.root / "__main__.py").read_bytes() == (Path(ROOT) / "__main__.py").read_bytes()


PAIR = {"local": "europe", "other": "america", "primary": "europe", "bucket": "saas-platform-backups-america"}


def test_the_other_region_takes_over_with_the_token_and_back(project: Project) -> None:
    """From the primary to a follower, which prints the token, and from a follower to the primary, which hands it on."""
    without = project.ops("db", "demote")
    assert (without.returncode, "database.replication is missing" in without.stderr) == (1, True), without.stderr
    path = project.root / "Pulumi.dev.yaml"
    before = path.read_bytes()
    document = yaml.safe_load(before)
    document["config"]["saas-platform:systems"]["astrbot"].setdefault("database", {})["replication"] = dict(PAIR)
    path.write_text(yaml.safe_dump(document))
    try:
        assert "america takes over" not in project.succeed("db", "promote", "--without-token"), "it writes already"
        patch = json.dumps({"status": {"demotionToken": "token-of-europe"}})
        cluster = ("-n", NAMESPACE, f"clusters.postgresql.cnpg.io/{ORIGINAL}")
        project.kubectl("patch", *cluster, "--subresource=status", "--type=merge", f"--patch={patch}")
        assert "ops db promote --token token-of-europe" in project.succeed("db", "demote")
        assert replica(project) == {"self": "europe", "primary": "america", "source": "america"}
        assert "ops db promote --token token-of-europe" in project.succeed("db", "demote"), "again it says the same"
        assert "europe takes writes" in project.succeed("db", "promote", "--token", "token-of-america")
        assert replica(project) == {
            "self": "europe",
            "primary": "europe",
            "source": "america",
            "promotionToken": "token-of-america",
        }
    finally:
        path.write_bytes(before)


def replica(project: Project) -> dict[str, str]:
    body = json.loads(project.kubectl("get", "-n", NAMESPACE, f"clusters.postgresql.cnpg.io/{ORIGINAL}", "-o", "json"))
    found: dict[str, str] = body["spec"]["replica"]
    return found
