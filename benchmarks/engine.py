"""The real engine with 2,000 small resources: registered as this program does it, against an ordinary program.

The ordinary program is what a tutorial shows: resources at module level, the default provider, default parallelism.
Ours registers the same ones with the cures of `components.performance`. Needs `pulumi` on PATH, and the sandbox.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from paths import ROOT

COUNT = int(os.environ.get("BENCHMARK_RESOURCES", "2000"))
_PROJECT = "name: {name}\nruntime:\n  name: python\n  options:\n    virtualenv: {venv}\n"
_ORDINARY = """
import pulumi_kubernetes as k8s

for number in range({count}):
    k8s.core.v1.ConfigMap(
        f"c{{number}}",
        metadata={{"name": f"{name}-{{number}}", "namespace": "default"}},
        data={{"n": str(number)}},
    )
"""
_OURS = """
import sys

sys.path.insert(0, {root!r})
import pulumi
import pulumi_kubernetes as k8s
from components.performance import BURST, REQUESTS_PER_SECOND, quiet_debug, settle


async def main():
    quiet_debug()
    limits = {{"qps": REQUESTS_PER_SECOND, "burst": BURST}}
    opts = pulumi.ResourceOptions(provider=k8s.Provider("cluster", kube_client_settings=limits))
    for number in range({count}):
        k8s.core.v1.ConfigMap(
            f"c{{number}}",
            metadata={{"name": f"{name}-{{number}}", "namespace": "default"}},
            data={{"n": str(number)}},
            opts=opts,
        )
    await settle()


pulumi.run(main)
"""


def run() -> None:
    """Print seconds of preview and up of both, and their ratio; says so where it cannot run."""
    if shutil.which("pulumi") is None:
        print("skipped: pulumi is not on PATH")
        return
    from components.performance import PARALLEL
    from sandbox import Sandbox

    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox("benchmark", state=Path(folder) / "sandbox")
        sandbox.up(nodes=1, zones=1)
        try:
            ordinary = _Stack("ordinary", _ORDINARY, Path(folder), sandbox.kubeconfig, ())
            ours = _Stack("ours", _OURS, Path(folder), sandbox.kubeconfig, (f"--parallel={PARALLEL}",))
            for operation in ("preview", "up"):
                mine, theirs = ours.time(operation), ordinary.time(operation)
                print(f"{operation:8} ours {mine:7.1f} s   ordinary {theirs:7.1f} s", end="   ")
                print(f"ratio {mine / theirs:.2f} (aim ≤ 0.4)")
        finally:
            sandbox.reset()


class _Stack:
    """One program with its own state."""

    def __init__(self, name: str, program: str, folder: Path, kubeconfig: Path, options: tuple[str, ...]) -> None:
        self._folder, self._options = folder / name, options
        self._folder.mkdir()
        (self._folder / "state").mkdir()
        (self._folder / "Pulumi.yaml").write_text(_PROJECT.format(name=name, venv=sys.prefix))
        (self._folder / "__main__.py").write_text(program.format(count=COUNT, name=name, root=str(ROOT)))
        self._variables = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig),
            "PULUMI_BACKEND_URL": f"file://{self._folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "benchmark",
        }
        self._pulumi("stack", "init", "dev")

    def time(self, operation: str) -> float:
        """Seconds that `pulumi preview` or `pulumi up` takes."""
        arguments = ["--skip-preview", "--yes"] if operation == "up" else []
        start = time.perf_counter()
        self._pulumi(operation, "--stack", "dev", "--suppress-progress", *arguments, *self._options)
        return time.perf_counter() - start

    def _pulumi(self, *arguments: str) -> None:
        command = ["pulumi", "--non-interactive", *arguments]
        done = subprocess.run(
            command, cwd=self._folder, env=self._variables, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            sys.exit(
                f"pulumi {' '.join(arguments)}: exit status {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}"
            )
