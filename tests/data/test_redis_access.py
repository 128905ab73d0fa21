"""Users and encryption of Redis, as the component declares them, in force on a real redis-server.

The operator writes the lines of `operators_lines`: internal/agent/bootstrap/redis/config.go of its repository.
"""

from __future__ import annotations

import base64
import datetime
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from components.kubernetes.quantity import Bytes
from components.stores.redis.args import RedisSettings
from graph.model import revealed
from tests.data.test_redis_configuration import redis
from tests.servers import free_port, program
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


def ask(port: int, user: str, password: str, *command: str, options: tuple[str, ...] = ()) -> str:
    login = ["--user", user] if password else []
    environment = {"REDISCLI_AUTH": password} if password else {}
    done = subprocess.run(
        [program("redis-cli"), "-p", str(port), *login, *options, *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return (done.stdout + done.stderr).strip()


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
        assert ask(port, "saas_platform", password, "EVAL", "return redis.call('TTL', KEYS[1])", "1", "session:1")
        assert ask(port, "saas_platform", password, "PUBLISH", "events", "x") == "0"


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


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    form, clear = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, clear)


def _signed(subject: str, hosts: list[str], issuer: str, key: ec.EllipticCurvePrivateKey, by: object) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.NameAttribute(NameOID.COMMON_NAME, text) for text in (subject, issuer)]
    made = x509.CertificateBuilder().subject_name(x509.Name(names[:1])).issuer_name(x509.Name(names[1:]))
    made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=1))
    made = made.add_extension(x509.BasicConstraints(ca=not hosts, path_length=None), critical=True)
    if hosts:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
    return made.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)  # type: ignore[arg-type]


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """What cert-manager would put into the Secret for the declared Certificate: tls.crt, tls.key, ca.crt."""
    spec = one(recorded("prod"), "Certificate", "redis-cluster-tls")["spec"]
    authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    folder = tmp_path / "tls"
    folder.mkdir()
    (folder / "ca.crt").write_bytes(_signed("authority", [], "authority", authority, authority))
    (folder / "tls.crt").write_bytes(_signed("redis", list(spec["dnsNames"]), "authority", own, authority))
    (folder / "tls.key").write_bytes(_pem(own))
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
