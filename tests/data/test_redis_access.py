"""Users and encryption of Redis, as the component declares them, in force on a real redis-server.

The operator writes the lines of `operators_lines`: internal/agent/bootstrap/redis/config.go of its repository.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
import time
from pathlib import Path

import pytest

from components.kubernetes.quantity import Bytes
from components.stores.redis.args import RedisSettings
from graph.model import revealed
from tests.data.redis_pod import ask, issue
from tests.data.test_redis_configuration import redis
from tests.servers import free_port
from tests.unit.recordings import one, recorded, recorded_with_planted_passwords

SETTINGS = RedisSettings(use="session", memory_limit=Bytes.parse("2Gi")).as_configuration()
HOST = "redis-cluster-leader.astrbot.svc.cluster.local"
POD = "redis-cluster-follower-2.redis-cluster-follower-headless.astrbot.svc.cluster.local"


def secret(name: str, key: str) -> str:
    return base64.b64decode(revealed(one(recorded_with_planted_passwords("dev"), "Secret", name)["data"])[key]).decode()


def operators_lines(folder: Path) -> str:
    (folder / "user.acl").write_text(secret("redis-secret", "user.acl"))
    password = secret("redis-secret", "password")
    return f"masterauth {password}\nrequirepass {password}\nprotected-mode yes\naclfile {folder}/user.acl\n"


def test_nobody_enters_without_a_password(tmp_path: Path) -> None:
    """An ACL file without `default` makes it a superuser without one, whatever `requirepass` says."""
    with redis(tmp_path, operators_lines(tmp_path) + SETTINGS) as port:
        assert "NOAUTH" in ask(port, "", "", "PING")
        assert "WRONGPASS" in ask(port, "default", "guessed", "PING")
        assert "WRONGPASS" in ask(port, "saas_platform", secret("redis-secret", "password"), "PING")


def test_without_its_first_line_the_file_would_open_the_server(tmp_path: Path) -> None:
    """Otherwise the test above would prove nothing."""
    lines = operators_lines(tmp_path)
    (tmp_path / "user.acl").write_text(secret("redis-secret", "user.acl").split("\n", 1)[1])
    with redis(tmp_path, lines + SETTINGS) as port:
        assert ask(port, "", "", "PING") == "PONG"


def test_the_application_works_on_keys_and_does_nothing_to_the_server(tmp_path: Path) -> None:
    """A service that is broken into must not empty the store, copy it away, or write files by CONFIG SET dir."""
    password = secret("saas-platform-secrets", "REDIS_PASSWORD")
    with redis(
        tmp_path, f"cluster-enabled yes\ncluster-port {free_port()}\n" + operators_lines(tmp_path) + SETTINGS
    ) as port:
        for command in (["PING"], ["SCAN", "0"], ["INFO"], ["CLUSTER", "SLOTS"], ["CLUSTER", "NODES"], ["READONLY"]):
            assert "NOPERM" not in ask(port, "saas_platform", password, *command), command
        for command in (
            ["CONFIG", "GET", "dir"],
            ["FLUSHALL"],
            ["KEYS", "*"],
            ["SHUTDOWN"],
            ["ACL", "LIST"],
            ["REPLICAOF", "example.com", "6379"],
            ["MONITOR"],
            ["CLUSTER", "RESET"],
        ):
            assert "NOPERM" in ask(port, "saas_platform", password, *command), command
        assert ask(port, "default", secret("redis-secret", "password"), "CONFIG", "GET", "maxmemory-policy")


def test_a_session_is_written_and_read_by_the_application(tmp_path: Path) -> None:
    """Rights that are too narrow are found by users."""
    password = secret("saas-platform-secrets", "REDIS_PASSWORD")
    with redis(tmp_path, operators_lines(tmp_path) + SETTINGS) as port:
        assert ask(port, "saas_platform", password, "SET", "session:1", "x", "EX", "60") == "OK"
        assert ask(port, "saas_platform", password, "GET", "session:1") == "x"
        assert ask(port, "saas_platform", password, "PUBLISH", "events", "x") == "0"


@pytest.mark.parametrize("scripts", [False, True])
def test_lua_is_for_systems_that_say_so(tmp_path: Path, scripts: bool) -> None:
    """Whoever has a service's password would have the interpreter too, by which servers have been taken."""
    file = tmp_path / "user.acl"
    lines = operators_lines(tmp_path)
    if scripts:
        # What the component writes differs in its last word alone.
        file.write_text(file.read_text().replace(" -@scripting", ""))
    password = secret("saas-platform-secrets", "REDIS_PASSWORD")
    with redis(tmp_path, lines + SETTINGS) as port:
        for command in (["EVAL", "return 1", "0"], ["SCRIPT", "EXISTS", "0" * 40], ["FCALL", "any", "0"]):
            assert ("NOPERM" in ask(port, "saas_platform", password, *command)) is not scripts, command


def test_a_follower_copies_its_leader_with_the_operators_password(tmp_path: Path) -> None:
    """Replication logs in as `default`: with an ACL file that it cannot enter, a follower stays empty."""
    password = secret("redis-secret", "password")
    folders = [tmp_path / name for name in ("leader", "follower")]
    for folder in folders:
        folder.mkdir()
    at_once = "repl-diskless-sync-delay 0\n"
    with redis(folders[0], operators_lines(folders[0]) + at_once + SETTINGS) as leader:
        ask(leader, "default", password, "SET", "kept", "here")
        line = f"replicaof 127.0.0.1 {leader}\n"
        with redis(folders[1], operators_lines(folders[1]) + line + SETTINGS) as follower:
            for _ in range(100):
                found = ask(follower, "default", password, "GET", "kept")
                if found == "here":
                    return
                time.sleep(0.1)
            raise AssertionError((folders[1] / "log").read_text())


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """What cert-manager would put into the Secret for the declared Certificate: tls.crt, tls.key, ca.crt."""
    folder = tmp_path / "tls"
    issue(list(one(recorded("prod"), "Certificate", "redis-cluster-tls")["spec"]["dnsNames"]), folder)
    return folder


def tls_lines(folder: Path, keys: dict[str, str]) -> str:
    return (
        f"tls-cert-file {folder}/{keys['cert']}\ntls-key-file {folder}/{keys['key']}\n"
        f"tls-ca-cert-file {folder}/{keys['ca']}\ntls-auth-clients optional\ntls-replication yes\n"
    )


def encrypted(folder: Path, certificates: Path) -> str:
    keys = one(recorded("prod"), "RedisCluster", "redis-cluster")["spec"]["TLS"]
    return operators_lines(folder) + tls_lines(certificates, keys) + SETTINGS


def speak(port: int, name: str, authority: Path) -> bytes:
    context = ssl.create_default_context(cadata=authority.read_text())
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=name) as encrypted_one,
    ):
        encrypted_one.sendall(b"PING\r\n")
        return encrypted_one.recv(100)


@pytest.mark.parametrize("name", [HOST, POD, "localhost"])
def test_a_client_that_knows_the_authority_trusts_every_name_of_the_cluster(
    tmp_path: Path, certificates: Path, name: str
) -> None:
    """Host names are verified, from the PEM text that services have in REDIS_CA_CERTIFICATE."""
    with redis(tmp_path, encrypted(tmp_path, certificates), tls=True) as port:
        assert speak(port, name, certificates / "ca.crt").startswith(b"-NOAUTH")


def test_a_server_of_another_name_is_not_trusted(tmp_path: Path, certificates: Path) -> None:
    """Otherwise any certificate of the authority could stand in for Redis."""
    with (
        redis(tmp_path, encrypted(tmp_path, certificates), tls=True) as port,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        speak(port, "minio.astrbot.svc.cluster.local", certificates / "ca.crt")


def test_the_operators_probe_is_answered_and_plain_text_is_not(tmp_path: Path, certificates: Path) -> None:
    """The command of its liveness probe; without the certificate's keys it would restart healthy pods."""
    password = secret("redis-secret", "password")
    own = ("--cert", f"{certificates}/tls.crt", "--key", f"{certificates}/tls.key")
    options = ("--tls", *own, "--cacert", f"{certificates}/ca.crt")
    with redis(tmp_path, encrypted(tmp_path, certificates), tls=True) as port:
        assert ask(port, "default", password, "ping", options=options) == "PONG"
        assert ask(port, "default", password, "ping") != "PONG"
        # Clients need no certificate of their own: the password says who they are.
        without = ("--tls", "--cacert", f"{certificates}/ca.crt")
        application = secret("saas-platform-secrets", "REDIS_PASSWORD")
        assert ask(port, "saas_platform", application, "ping", options=without) == "PONG"


# --- what docs/how-to/redis.md says to do -----------------------------------------------------------------------------


def test_a_new_password_is_taken_beside_the_old_until_the_restart(tmp_path: Path) -> None:
    """Services and followers change one after the other: at no moment may one of them be refused."""
    old, new = secret("redis-secret", "password"), "AnotherPassword"
    digest = f"#{hashlib.sha256(new.encode()).hexdigest()}"
    folders = [tmp_path / name for name in ("leader", "follower")]
    for folder in folders:
        folder.mkdir()
    leads = operators_lines(folders[0]) + "repl-diskless-sync-delay 0\n" + SETTINGS
    with redis(folders[0], leads) as leader:
        follows = operators_lines(folders[1]) + f"replicaof 127.0.0.1 {leader}\n" + SETTINGS
        assert ask(leader, "default", old, "ACL", "SETUSER", "default", digest) == "OK"
        for password in (old, new):
            assert ask(leader, "default", password, "PING") == "PONG"
        # The follower comes back with what the Secret has by then, and its leader is still the one from before.
        users = folders[1] / "user.acl"
        users.write_text(users.read_text().replace(hashlib.sha256(old.encode()).hexdigest(), digest[1:]))
        with redis(folders[1], follows.replace(old, new)) as follower:
            assert "WRONGPASS" in ask(follower, "default", old, "PING")
            _linked(follower, new)


def test_a_follower_that_was_not_told_would_be_cut_off(tmp_path: Path) -> None:
    """Otherwise the second step would be for nothing: it logs in by what it read when it started."""
    old, new = secret("redis-secret", "password"), "AnotherPassword"
    folders = [tmp_path / name for name in ("leader", "follower")]
    for folder in folders:
        folder.mkdir()
    with redis(folders[0], operators_lines(folders[0]) + "repl-diskless-sync-delay 0\n" + SETTINGS) as leader:
        ask(leader, "default", old, "ACL", "SETUSER", "default", "resetpass", f">{new}")
        line = f"replicaof 127.0.0.1 {leader}\n"
        with redis(folders[1], operators_lines(folders[1]) + line + SETTINGS) as follower:
            time.sleep(1)
            assert "master_link_status:down" in ask(follower, "default", old, "INFO", "replication")
            assert ask(follower, "default", old, "CONFIG", "SET", "masterauth", new) == "OK"
            _linked(follower, old)


def _linked(follower: int, password: str) -> None:
    for _ in range(100):
        if "master_link_status:up" in ask(follower, "default", password, "INFO", "replication"):
            return
        time.sleep(0.1)
    raise AssertionError(ask(follower, "default", password, "INFO", "replication"))


def test_a_renewed_certificate_is_shown_once_the_server_is_told_to_read_it(tmp_path: Path, certificates: Path) -> None:
    """The files change in the pod, and the server goes on with what it read: clients leave it on the last day."""
    password = secret("redis-secret", "password")
    with redis(tmp_path, encrypted(tmp_path, certificates), tls=True) as port:
        before = (certificates / "ca.crt").read_text()
        issue([HOST], certificates)
        with pytest.raises(ssl.SSLCertVerificationError):
            speak(port, HOST, certificates / "ca.crt")
        (tmp_path / "before.crt").write_text(before)
        names = (("cert-file", "tls.crt"), ("key-file", "tls.key"), ("ca-cert-file", "ca.crt"))
        told = [word for name, file in names for word in (f"tls-{name}", f"{certificates}/{file}")]
        options = ("--tls", "--cacert", f"{tmp_path}/before.crt")
        assert ask(port, "default", password, "CONFIG", "SET", *told, options=options) == "OK"
        assert speak(port, HOST, certificates / "ca.crt").startswith(b"-NOAUTH")
