"""What CloudNativePG asks the instance manager of each of its pods, answered by this machine at the pods' addresses.

No PostgreSQL runs. The answers are those of pkg/postgres/status.go (CloudNativePG v1.30.0) for a server that is well:
the operator's target is the primary, the others stream from it. As the real one, it writes into the `Cluster` who the
primary is. It needs a sandbox whose pods have loopback addresses.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sandbox import Sandbox, tools
from tests.sandbox.cluster import Cluster
from tests.sandbox.operators import architecture
from versions import CHART_PROGRAMS

# pkg/management/url/url.go: where a status is asked, and its path.
PORT = 8000
STATUS = "/pg/status"
_LSN = "0/5000000"
_VERSION = CHART_PROGRAMS["cloudnative-pg"].version.removeprefix("v")
Body = Mapping[str, Any]


@dataclass
class InstanceManagers(threading.Thread):
    """Answers for every pod of every `Cluster` until it is ended. `failures` is what went wrong meanwhile."""

    sandbox: Sandbox
    folder: Path
    ended: threading.Event = field(default_factory=threading.Event)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._cluster = Cluster(self.sandbox, "default")
        self._servers: dict[str, ThreadingHTTPServer] = {}
        self._hash = hashlib.sha256(tools.ensure(["cloudnative-pg"])["cloudnative-pg"].read_bytes()).hexdigest()
        self.clusters: dict[tuple[str, str], Body] = {}
        self.pods: list[Body] = []

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        while not self.ended.wait(0.5):
            try:
                self._look()
            except (AssertionError, OSError, KeyError, ValueError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")

    def end(self) -> None:
        self.ended.set()
        self.join()
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def _look(self) -> None:
        found = self._cluster.get("clusters.postgresql.cnpg.io", "--all-namespaces")["items"]
        self.clusters = {(one["metadata"]["namespace"], one["metadata"]["name"]): one for one in found}
        instances = self._cluster.get("pods", "--all-namespaces", "--selector=cnpg.io/podRole=instance")["items"]
        self.pods = [one for one in instances if one["status"].get("podIP")]
        for pod in self.pods:
            address, cluster = pod["status"]["podIP"], self._owner(pod)
            if address not in self._servers:
                self._servers[address] = self._served(pod)
            target = cluster.get("status", {}).get("targetPrimary")
            if target == pod["metadata"]["name"] != cluster["status"].get("currentPrimary"):
                self._promoted(cluster, target)

    def _owner(self, pod: Body) -> Body:
        metadata = pod["metadata"]
        return self.clusters[metadata["namespace"], metadata["labels"]["cnpg.io/cluster"]]

    def _promoted(self, cluster: Body, name: str) -> None:
        patch = json.dumps({"status": {"currentPrimary": name}})
        metadata = cluster["metadata"]
        arguments = ("clusters.postgresql.cnpg.io", metadata["name"], f"--namespace={metadata['namespace']}")
        self._cluster.run("patch", *arguments, "--subresource=status", "--type=merge", f"--patch={patch}")

    def _served(self, pod: Body) -> ThreadingHTTPServer:
        metadata = pod["metadata"]
        namespace, name = metadata["namespace"], metadata["labels"]["cnpg.io/cluster"]
        secret = self._cluster.get("secret", f"{name}-server", f"--namespace={namespace}")["data"]
        file = self.folder / f"{namespace}-{name}.pem"
        file.write_bytes(base64.b64decode(secret["tls.key"]) + base64.b64decode(secret["tls.crt"]))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        server = ThreadingHTTPServer((pod["status"]["podIP"], PORT), self._handler(namespace, metadata["name"]))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def _handler(self, namespace: str, name: str) -> type[BaseHTTPRequestHandler]:
        manager = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = manager.status(namespace, name) if self.path == STATUS else None
                content = json.dumps(found).encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_arguments: object) -> None:
                """Not a line for each question."""

        return Handler

    def status(self, namespace: str, name: str) -> dict[str, Any]:
        """What the instance manager of a pod says of itself."""
        [pod] = [
            one for one in self.pods if (one["metadata"]["namespace"], one["metadata"]["name"]) == (namespace, name)
        ]
        cluster = self._owner(pod)
        primary = cluster.get("status", {}).get("targetPrimary", name) == name
        mine = {"cnpg.io/cluster": cluster["metadata"]["name"]}
        others = [
            one["metadata"]["name"]
            for one in self.pods
            if one["metadata"]["namespace"] == namespace and mine.items() <= one["metadata"]["labels"].items()
        ]
        role: dict[str, Any] = {"receivedLsn": _LSN, "replayLsn": _LSN, "isWalReceiverActive": True}
        if primary:
            replicas = [_replica(one) for one in others if one != name]
            role = {"currentLsn": _LSN, "isArchivingWAL": True, "currentWAL": "000000010000000000000005"}
            role |= {"replicationInfo": replicas} if replicas else {}
        return {
            "systemID": cluster["metadata"]["uid"],
            "isPrimary": primary,
            "timeLineID": 1,
            "executableHash": self._hash,
            "instanceManagerVersion": _VERSION,
            "instanceArch": architecture(),
            "sessionID": pod["metadata"]["uid"],
            **role,
        }


def _replica(name: str) -> dict[str, Any]:
    positions = dict.fromkeys(("receivedLsn", "writeLsn", "flushLsn", "replayLsn"), _LSN)
    return {"applicationName": name, "state": "streaming", "syncState": "quorum", "syncPriority": "1", **positions}


@contextlib.contextmanager
def instance_managers(sandbox: Sandbox, folder: Path) -> Iterator[InstanceManagers]:
    """All instance managers of a sandbox until the block ends."""
    folder.mkdir()
    made = InstanceManagers(sandbox, folder)
    made.start()
    try:
        yield made
    finally:
        made.end()
