"""kubectl against a sandbox, and short ways to write objects."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

import psutil

from sandbox import Sandbox

SECONDS = 30.0


class Cluster:
    """kubectl against a sandbox, and waiting for what it shows."""

    def __init__(self, sandbox: Sandbox, namespace: str) -> None:
        self.namespace = namespace
        self._command = [str(sandbox.kubectl), "--kubeconfig", str(sandbox.kubeconfig), "--namespace", namespace]

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        result = subprocess.run([*self._command, *arguments], input=stdin, capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"kubectl {' '.join(arguments)}: {result.stderr}"
        return result.stdout

    def apply(self, *objects: dict[str, Any]) -> None:
        self.run("apply", "--server-side", "-f", "-", stdin=json.dumps(listed(objects)))

    def get(self, *arguments: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.run("get", *arguments, "-o", "json"))
        return content

    def wait(self, description: str, condition: Callable[[dict[str, Any]], object], *arguments: str) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while not condition(found := self.get(*arguments)):
            assert time.monotonic() < deadline, (
                f"{description}: not within {SECONDS:.0f} s; status {found.get('status')}"
            )
            time.sleep(0.1)
        return found


def listed(objects: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(objects)}


def thing(api_version: str, kind: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}


def pod_template(labels: dict[str, str], **spec: Any) -> dict[str, Any]:
    amounts = {"cpu": "100m", "memory": "64Mi", "ephemeral-storage": "1Gi"}
    container = {"name": "main", "image": "example.test/image:1", "resources": {"requests": amounts}}
    return {"metadata": {"labels": labels}, "spec": {"containers": [container], **spec}}


def pids(sandbox: Sandbox) -> dict[str, int | None]:
    return {component.name: component.pid for component in sandbox.status().components}


def alive(found: dict[str, int | None]) -> list[str]:
    """The names of those processes that still run."""
    return [name for name, pid in found.items() if pid is not None and runs(pid)]


def runs(pid: int) -> bool:
    # The tests are the parent of what they started, so an ended one may still be there as a zombie.
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
