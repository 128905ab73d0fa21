"""CloudNativePG played by a thread: its clusters are real PostgreSQL servers, one for each, on the loopback.

What the operator does with a `Cluster` is done: a pod for the primary, and for each managed role the password that its
Secret holds. kwok runs what is executed in the pods on this machine, so that `kubectl exec` reaches the servers.
"""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.sandbox.project import Project
from tests.servers import Postgres, program

DATABASE = "saas_platform"
SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 26,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def write_commands(folder: Path, servers: Mapping[tuple[str, str], Postgres]) -> None:
    """Tell kwok which server is behind which (namespace, cluster)."""
    documents = [
        {
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": "ClusterExec",
            "metadata": {"name": f"{namespace}-{name}"},
            "spec": {
                "selector": {"matchNamespaces": [namespace], "matchNames": [f"{name}-1"]},
                "execs": [{"local": {"envs": _variables(server)}}],
            },
        }
        for (namespace, name), server in servers.items()
    ]
    folder.mkdir(parents=True)
    (folder / "databases.yaml").write_text(yaml.safe_dump_all(documents))


def _variables(server: Postgres) -> list[dict[str, str]]:
    path = f"{Path(program('initdb')).parent}:/usr/local/bin:/usr/bin:/bin"
    values = {"PGHOSTADDR": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres", "PATH": path}
    return [{"name": name, "value": value} for name, value in (values | {"PGPASSWORD": server.password}).items()]


@dataclass
class Operator(threading.Thread):
    """Reconciles until it is ended; a change takes it a moment, as the real one."""

    project: Project
    servers: Mapping[tuple[str, str], Postgres]
    ended: threading.Event = field(default_factory=threading.Event)
    reconciled: threading.Event = field(default_factory=threading.Event)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        while not self.ended.wait(0.5):
            try:
                self._reconcile()
                self.reconciled.set()
            except (subprocess.SubprocessError, AssertionError, KeyError, ValueError) as error:
                self.failures.append(str(error))

    def end(self) -> None:
        self.ended.set()
        self.join()

    def _get(self, *arguments: str) -> Any:
        at = self.project.sandbox
        command = [str(at.kubectl), f"--kubeconfig={at.kubeconfig}", "get", *arguments, "-o", "json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else {"items": []}

    def _reconcile(self) -> None:
        for cluster in self._get("clusters.postgresql.cnpg.io", "--all-namespaces")["items"]:
            namespace, name = cluster["metadata"]["namespace"], cluster["metadata"]["name"]
            server = self.servers[namespace, name]
            self._pod(namespace, name)
            for role in cluster["spec"].get("managed", {}).get("roles", []):
                self._role(server, namespace, role)

    def _pod(self, namespace: str, name: str) -> None:
        if self._get(f"pod/{name}-1", f"--namespace={namespace}").get("kind") == "Pod":
            return
        resources = {"limits": {"cpu": "100m", "memory": "64Mi", "ephemeral-storage": "64Mi"}}
        containers = [{"name": "postgres", "image": "postgres", "resources": resources, "securityContext": SECURITY}]
        metadata = {"name": f"{name}-1", "namespace": namespace, "labels": {"cnpg.io/cluster": name}}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}}
        self.project.kubectl("apply", "-f", "-", stdin=json.dumps(pod))

    def _role(self, server: Postgres, namespace: str, role: Mapping[str, Any]) -> None:
        secret = self._get(f"secret/{role['passwordSecret']['name']}", f"--namespace={namespace}")
        password = base64.b64decode(secret["data"]["password"]).decode()
        exists = server.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{role['name']}'")
        member = f" IN ROLE {', '.join(role['inRoles'])}" if role.get("inRoles") else ""
        verb = "ALTER ROLE {} PASSWORD '{}'" if exists else "CREATE ROLE {} LOGIN PASSWORD '{}'" + member
        server.sql(verb.format(role["name"], password))
