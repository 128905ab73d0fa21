"""The real engine with 2,000 small resources: registered as this program does it, against an ordinary program.

The ordinary program is what a tutorial shows: resources at module level, the default provider, default parallelism,
the file backend as `pulumi login --local` makes it. Ours registers the same ones with the cures of
`components.performance`, on a backend as `ops.engines.local_backend` makes it. They are Kubernetes objects alone, so
that their state is written once.

The mix is what a service of this program consists of beside its pods, in the proportions of dev: of six objects one is
a Service, which the engine awaits by default, and two are network policies. ConfigMaps alone would leave that wait out.

Needs `pulumi` on PATH, and the sandbox. BENCHMARK_RESOURCES is the number of resources (default 2,000): the ordinary
program takes most of an hour for as many on a busy machine, and minutes for 300.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from paths import ROOT

COUNT = int(os.environ.get("BENCHMARK_RESOURCES", "2000"))
_PROJECT = "name: {name}\nruntime:\n  name: python\n  options:\n    virtualenv: {venv}\n"
_OBJECTS = """
import pulumi
import pulumi_kubernetes as k8s


def declare(number, annotations=None, opts=None):
    name = f"{pulumi.get_project()}-{number}"
    pods = {"match_labels": {"app": name}}
    metadata = {"name": name, "namespace": "default", "labels": {"app": name}}
    kind = number % 6
    if kind == 0:
        ports = [{"name": "http", "port": 80}]
        spec = {"selector": {"app": name}, "ports": ports}
        k8s.core.v1.Service(name, metadata={**metadata, "annotations": annotations or {}}, spec=spec, opts=opts)
    elif kind == 1:
        k8s.core.v1.ServiceAccount(name, metadata=metadata, automount_service_account_token=False, opts=opts)
    elif kind == 2:
        k8s.core.v1.ConfigMap(name, metadata=metadata, data={"number": str(number)}, opts=opts)
    elif kind == 3:
        spec = {"max_unavailable": 1, "selector": pods}
        k8s.policy.v1.PodDisruptionBudget(name, metadata=metadata, spec=spec, opts=opts)
    else:
        spec = {"pod_selector": pods, "policy_types": ["Ingress"], "ingress": [{"ports": [{"port": 80}]}]}
        k8s.networking.v1.NetworkPolicy(name, metadata=metadata, spec=spec, opts=opts)
"""
_ORDINARY = """
for number in range(COUNT):
    declare(number)
"""
_OURS = """
import sys

sys.path.insert(0, ROOT)
from components.performance import BURST, REQUESTS_PER_SECOND, SKIP_AWAIT, drop_stack_traces, quiet_debug, settle


async def main():
    quiet_debug()
    drop_stack_traces()
    limits = {"qps": REQUESTS_PER_SECOND, "burst": BURST}
    opts = pulumi.ResourceOptions(provider=k8s.Provider("cluster", kube_client_settings=limits))
    for number in range(COUNT):
        declare(number, SKIP_AWAIT, opts)
    await settle()


pulumi.run(main)
"""


def run() -> None:
    """Print seconds of preview and up of both, and their ratio; says so where it cannot run."""
    if shutil.which("pulumi") is None:
        print("skipped: pulumi is not on PATH")
        return
    from ops.engines.local_backend import file_backend

    from components.performance import ENGINE_VARIABLES, ONE_CHECKPOINT, PARALLEL
    from sandbox import Sandbox

    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        sandbox = Sandbox("benchmark", state=state / "sandbox")
        sandbox.up(nodes=1, zones=1)
        plain = {"KUBECONFIG": str(sandbox.kubeconfig), "PULUMI_BACKEND_URL": f"file://{state / 'ordinary' / 'state'}"}
        cured = {
            **plain,
            **ENGINE_VARIABLES,
            **ONE_CHECKPOINT,
            "PULUMI_BACKEND_URL": file_backend(state / "ours" / "state"),
        }
        try:
            ours = _Stack("ours", _OURS, state, cured, (f"--parallel={PARALLEL}",))
            ordinary = _Stack("ordinary", _ORDINARY, state, plain)
            for operation in ("preview", "up"):
                mine, theirs = ours.time(operation), ordinary.time(operation)
                print(f"{operation:8} {COUNT} resources: ours {mine:7.1f} s   ordinary {theirs:7.1f} s", end="   ")
                print(f"ratio {mine / theirs:.2f} (aim ≤ 0.4)", flush=True)
        finally:
            sandbox.reset()


class _Stack:
    """One program with its own state."""

    def __init__(
        self, name: str, program: str, folder: Path, variables: Mapping[str, str], options: tuple[str, ...] = ()
    ) -> None:
        self._folder, self._options = folder / name, options
        (self._folder / "state").mkdir(parents=True)
        (self._folder / "Pulumi.yaml").write_text(_PROJECT.format(name=name, venv=sys.prefix))
        constants = f"COUNT = {COUNT}\nROOT = {str(ROOT)!r}\n"
        (self._folder / "__main__.py").write_text(constants + _OBJECTS + program)
        self._variables = {**os.environ, "PULUMI_CONFIG_PASSPHRASE": "benchmark", **variables}
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
