"""Small Kubernetes objects, registered as a tutorial shows it or with cures of `components.performance`.

Usage: `python -m benchmarks.small_objects OPERATION SETTINGS.json`, by `benchmarks.engine_runs`, so that every run is a
process of its own. The Automation API hands the program to the engine inline: no language host is needed.

The mix is what a service of this program consists of beside its pods, in the proportions of dev: of six objects one is
a Service, which the engine awaits by default, and two are network policies. ConfigMaps alone would leave that wait out.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import automation

from components import performance

# Cures by name, as `components.performance` numbers them; the last two are given to the engine, and not used here.
CURES = (
    "settle",
    "limits",
    "parallel",
    "quiet_debug",
    "skip_await",
    "no_stack_traces",
    "engine_variables",
    "no_metadata",
)


@dataclass(frozen=True)
class Settings:
    """One stack: its working folder, the engine's (None: on PATH), variables, objects; no cure at all is ordinary."""

    name: str
    folder: str
    engine: str | None
    variables: dict[str, str]
    count: int
    cures: list[str]


def declare(number: int, annotations: dict[str, str] | None = None, opts: pulumi.ResourceOptions | None = None) -> None:
    """Register one object, of the kind that its number stands for."""
    name = f"{pulumi.get_project()}-{number}"
    pods = {"match_labels": {"app": name}}
    metadata: Any = {"name": name, "namespace": "default", "labels": {"app": name}}
    spec: Any
    match number % 6:
        case 0:
            spec = {"selector": {"app": name}, "ports": [{"name": "http", "port": 80}]}
            k8s.core.v1.Service(name, metadata={**metadata, "annotations": annotations or {}}, spec=spec, opts=opts)
        case 1:
            k8s.core.v1.ServiceAccount(name, metadata=metadata, automount_service_account_token=False, opts=opts)
        case 2:
            k8s.core.v1.ConfigMap(name, metadata=metadata, data={"number": str(number)}, opts=opts)
        case 3:
            spec = {"max_unavailable": 1, "selector": pods}
            k8s.policy.v1.PodDisruptionBudget(name, metadata=metadata, spec=spec, opts=opts)
        case _:
            spec = {"pod_selector": pods, "policy_types": ["Ingress"], "ingress": [{"ports": [{"port": 80}]}]}
            k8s.networking.v1.NetworkPolicy(name, metadata=metadata, spec=spec, opts=opts)


def ordinary(count: int) -> None:
    """As a tutorial shows it: at module level, by the default provider."""
    for number in range(count):
        declare(number)


async def cured(count: int, cures: list[str]) -> None:
    """As this project's program does it, with those of its cures."""
    limits = {"qps": performance.REQUESTS_PER_SECOND, "burst": performance.BURST} if "limits" in cures else None
    annotations = performance.SKIP_AWAIT if "skip_await" in cures else None
    with performance.quiet_debug() if "quiet_debug" in cures else contextlib.nullcontext():
        with performance.no_stack_traces() if "no_stack_traces" in cures else contextlib.nullcontext():
            opts = pulumi.ResourceOptions(provider=k8s.Provider("cluster", kube_client_settings=limits))
            for number in range(count):
                declare(number, annotations, opts)
        if "settle" in cures:
            await performance.settle()


def main(operation: str, settings: Settings) -> None:
    """Run `preview` or `up` of the stack, and make the stack if there is none."""

    def program() -> None:
        if settings.cures:
            pulumi.run(lambda: cured(settings.count, settings.cures))
        else:
            ordinary(settings.count)

    stack = automation.create_or_select_stack(
        "benchmark",
        settings.name,
        program,
        opts=automation.LocalWorkspaceOptions(
            work_dir=settings.folder,
            pulumi_command=automation.PulumiCommand(root=settings.engine),
            env_vars=settings.variables,
        ),
    )
    options: dict[str, Any] = {"color": "never", "suppress_progress": True}
    if "parallel" in settings.cures:
        options["parallel"] = performance.PARALLEL
    getattr(stack, operation)(**options)


if __name__ == "__main__":
    main(sys.argv[1], Settings(**json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))))
