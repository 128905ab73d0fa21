"""The floor of a preview: register the objects of a file one by one under the SDK's own mocks. No component, no config.

Usage: `python -m benchmarks.floor OBJECTS.json`
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
import pulumi_kubernetes
import pulumi_random
from pulumi.runtime import mocks


class _Echo(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return args.name, args.inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return {}, None


def register(one: dict[str, Any]) -> None:
    """Register one object with the class that an ordinary program would use for it."""
    package, module, kind = one["type"].split(":")
    inputs = {key: value for key, value in one["inputs"].items() if key not in ("apiVersion", "kind", "data")}
    if package == "random":
        pulumi_random.RandomPassword(one["name"], length=32, special=False)
    elif package == "pulumi":
        pulumi_kubernetes.Provider(one["name"])
    elif (group := _module(module)) is not None and hasattr(group, kind):
        getattr(group, kind)(one["name"], **{_snake(key): value for key, value in inputs.items()})
    else:
        api_version = one["inputs"]["apiVersion"]
        pulumi_kubernetes.apiextensions.CustomResource(one["name"], api_version=api_version, kind=kind, **inputs)


def _module(group_version: str) -> ModuleType | None:
    """`pulumi_kubernetes.apps.v1` for `apps/v1`; None for a group of custom resources."""
    group, _, version = group_version.partition("/")
    name = f"pulumi_kubernetes.{group.partition('.')[0]}"
    return importlib.import_module(f"{name}.{version}") if importlib.util.find_spec(name) else None


def _snake(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)


async def main(path: str) -> None:
    """Register everything and wait for it."""
    pulumi.runtime.set_mocks(_Echo(), project="floor", stack="floor", preview=False)
    for one in json.loads(Path(path).read_text(encoding="utf-8")):
        register(one)
    await pulumi.runtime.stack.wait_for_rpcs()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
