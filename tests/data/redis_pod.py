"""What the Redis operator and its init container make of our custom resources, as files and lines for a real server.

Read from github.com/OT-CONTAINER-KIT/redis-operator at v0.26.0, the operator of the chart that is pinned. None of it
runs here: the tests hold that what it gives the server is what the server takes.
"""

from __future__ import annotations

import base64
import datetime
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from graph.model import Graph, revealed
from tests.data.test_redis_configuration import answering
from tests.servers import free_port, program
from tests.unit.recordings import one, recorded_with_planted_passwords, system_of

# Where the operator mounts what (internal/k8sutils/statefulset.go, getVolumeMount and generateConfigVolumeMount), by
# the volume that has to be there.
MOUNTS = {
    "config": "/etc/redis",
    "external-config": "/etc/redis/external.conf.d",
    "acl-secret": "/etc/redis/user.acl",
    "data": "/data",
    "node-conf": "/node-conf",
    "tls-certs": "/tls",
}
# The lines of internal/agent/bootstrap/redis/config.go, GenerateConfig, in its order, each with when it is written. The
# environment that it reads is that of getEnvironmentVariables and GenerateTLSEnvironmentVariables of statefulset.go.
_LINES: tuple[tuple[str, str], ...] = (
    ("", "bind 127.0.0.1"),  # There 0.0.0.0 and ::.
    ("", "tcp-keepalive 60"),
    ("", "pidfile /proc/redis.pid"),  # There below /var/run, where it cannot be written either.
    ("", "masterauth {password}"),
    ("", "requirepass {password}"),
    ("", "protected-mode yes"),
    ("cluster", "cluster-enabled yes"),
    ("cluster", "cluster-node-timeout 15000"),
    ("cluster", "cluster-require-full-coverage no"),
    ("cluster", "cluster-migration-barrier 1"),
    ("cluster", "cluster-config-file /node-conf/nodes.conf"),
    ("cluster", "cluster-announce-ip {ip}"),
    ("cluster", "cluster-announce-hostname {name}"),
    ("tls", "tls-cert-file /tls/{cert}"),
    ("tls", "tls-key-file /tls/{key}"),
    ("tls", "tls-ca-cert-file /tls/{ca}"),
    ("tls", "tls-auth-clients optional"),
    ("tls", "tls-replication yes"),
    ("cluster tls", "tls-cluster yes"),
    ("cluster tls", "cluster-preferred-endpoint-type hostname"),
    ("acl", "aclfile /etc/redis/user.acl"),
    ("persistence", "save 900 1"),
    ("persistence", "save 300 10"),
    ("persistence", "save 60 10000"),
    ("persistence", "Appendonly yes"),
    ("persistence", 'Appendfilename "Appendonly.aof"'),
    ("persistence", "dir /data"),
    ("tls", "port 0"),
    ("tls", "tls-port {port}"),
    ("plain", "port {port}"),
    ("settings", "include /etc/redis/external.conf.d/redis-additional.conf"),
)


@dataclass
class Pod:
    """A pod of a Redis or RedisCluster of `graph`, its files below `root`; it keeps its ports over a restart.

    Passwords are those of dev: an external store's are not known here.
    """

    graph: Graph
    body: Mapping[str, Any]
    root: Path
    role: str = "leader"
    ordinal: int = 0
    ip: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    bus: int = field(default_factory=free_port)

    @property
    def spec(self) -> Mapping[str, Any]:
        spec: Mapping[str, Any] = self.body["spec"]
        return spec

    @property
    def part(self) -> Mapping[str, Any]:
        """Where the custom resource says what holds for pods of this role."""
        part: Mapping[str, Any] = self.spec[f"redis{self.role.title()}"] if self.clustered else self.spec
        return part

    @property
    def clustered(self) -> bool:
        return bool(self.body["kind"] == "RedisCluster")

    @property
    def host(self) -> str:
        """Its name in /etc/hosts, which the init container announces: that of the headless Service's pod."""
        name, namespace = self.body["metadata"]["name"], self.body["metadata"]["namespace"]
        service = f"{name}-{self.role}" if self.clustered else name
        return f"{service}-{self.ordinal}.{service}-headless.{namespace}.svc.cluster.local"

    @property
    def facts(self) -> frozenset[str]:
        """What of it decides which lines there are (internal/k8sutils/redis-cluster.go and redis-standalone.go)."""
        kept = self.spec["persistenceEnabled"] if self.clustered else "volumeClaimTemplate" in self.spec["storage"]
        found = {
            "cluster": self.clustered,
            "tls": "TLS" in self.spec,
            "plain": "TLS" not in self.spec,
            "acl": "acl" in self.spec,
            "persistence": kept,
            "settings": "redisConfig" in self.part,
        }
        return frozenset(name for name, holds in found.items() if holds)

    @property
    def volumes(self) -> frozenset[str]:
        """The volumes that the operator mounts in the server's container; each lasts, but for `config`."""
        found = {
            "external-config": "settings" in self.facts,
            "acl-secret": "acl" in self.facts,
            "data": "persistence" in self.facts,
            "node-conf": self.clustered and self.spec["storage"].get("nodeConfVolume") is True,
            "tls-certs": "tls" in self.facts,
        }
        return frozenset({"config", *(name for name, holds in found.items() if holds)})

    def secret(self, key: str) -> str:
        """A value of the Secret that it names."""
        name = self.spec["kubernetesConfig"]["redisSecret"]["name"]
        found = one(recorded_with_planted_passwords("dev"), "Secret", name, system_of(self.body))
        return base64.b64decode(revealed(found["data"])[key]).decode()

    @property
    def password(self) -> str:
        """The operator's."""
        return self.secret(self.spec["kubernetesConfig"]["redisSecret"]["key"])

    def here(self, text: str) -> str:
        """A line or command with the pod's paths and port as they are on this machine."""
        for path in sorted(set(MOUNTS.values()), key=len, reverse=True):
            text = text.replace(f" {path}", f" {self.root}{path}")
        return text.replace("-p 6379", f"-p {self.port}")

    def lines(self) -> str:
        """Its redis.conf."""
        given = {"password": self.password, "name": self.host, "ip": self.ip, "port": self.port}
        keys = self.spec.get("TLS", {"ca": "", "cert": "", "key": ""})
        wanted = [line for needs, line in _LINES if set(needs.split()) <= self.facts]
        text = "\n".join(
            self.here(line.format(**given, **{one: keys[one] for one in ("ca", "cert", "key")})) for line in wanted
        )
        # Many servers share this machine: there each has 16379.
        return text + (f"\ncluster-port {self.bus}" if self.clustered else "") + "\n"

    def write(self) -> None:
        """What Secrets, ConfigMaps and the init container bring. What lies on volumes stays as it is."""
        for path in ("etc/redis/external.conf.d", "data", "node-conf", "tls"):
            (self.root / path).mkdir(parents=True, exist_ok=True)
        (self.root / "etc/redis/user.acl").write_text(self.secret("user.acl"))
        name = self.part["redisConfig"]["additionalRedisConfig"]
        settings = one(self.graph, "ConfigMap", name, system_of(self.body))["data"]
        for name, text in settings.items():
            (self.root / "etc/redis/external.conf.d" / name).write_text(text)
        (self.root / "etc/redis/redis.conf").write_text(self.lines())

    @contextmanager
    def running(self) -> Iterator[None]:
        """The server on the files that are there, until it is killed."""
        log = self.root / "log"
        with log.open("a") as out:
            command = [program("redis-server"), str(self.root / "etc/redis/redis.conf")]
            with subprocess.Popen(command, stdout=out, stderr=out, cwd=self.root) as server:
                try:
                    answering(self.port, server, log)
                    yield
                finally:
                    server.kill()

    def probe(self, name: str) -> int:
        """The exit status of one of its probes."""
        environment = {"PATH": os.environ["PATH"]}
        for variable in self.spec["env"]:
            named = variable["valueFrom"]["secretKeyRef"]
            assert named["name"] == self.spec["kubernetesConfig"]["redisSecret"]["name"]
            environment[variable["name"]] = self.secret(named["key"])
        command = [self.here(word) for word in self.part[name]["exec"]["command"]]
        seconds = self.part[name]["timeoutSeconds"]
        return subprocess.run(command, env=environment, check=False, capture_output=True, timeout=seconds).returncode

    def ask(self, *command: str, user: str = "default", password: str = "") -> str:
        """What the server answers to somebody who knows the authority."""
        tls = ("--tls", "--cacert", f"{self.root}/tls/ca.crt") if "tls" in self.facts else ()
        return ask(self.port, user, password or self.password, *command, options=tls)


def ask(port: int, user: str, password: str, *command: str, options: tuple[str, ...] = ()) -> str:
    """What a server answers to a user; without a password, to nobody in particular."""
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


def issue(names: list[str], folder: Path) -> None:
    """What cert-manager would put into the Secret of a Certificate: tls.crt, tls.key, ca.crt."""
    authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ca.crt").write_bytes(_signed("authority", [], "authority", authority, authority))
    (folder / "tls.crt").write_bytes(_signed("redis", names, "authority", own, authority))
    form, clear = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "tls.key").write_bytes(own.private_bytes(serialization.Encoding.PEM, form, clear))


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
