"""Each environment recorded once a session, and its Kubernetes objects by kind and name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import yaml

from graph.model import Graph
from graph.record import record
from paths import PROJECT, ROOT
from stacks.schema.types import system_name
from stacks.system.declaration import Declaration
from stacks.systems import Systems, config_class

ENVIRONMENTS = ("dev", "test", "staging", "prod")
Body = Mapping[str, Any]

recorded = cache(record)
# All systems that there are, whatever an environment deploys, by their names.
DECLARATIONS: Mapping[str, Declaration] = {
    declaration.name: declaration for key in Systems.model_fields for declaration in [config_class(key).declaration]
}


def planted(name: str, _inputs: Mapping[str, Any]) -> str:
    """A password that can be found again in any output: no other text of the program contains it."""
    return f"Planted{name.replace('-', '').title()}Password"


@cache
def recorded_with_planted_passwords(stack: str, *, rendering: bool = False) -> Graph:
    """The environment with passwords of which a test knows the text."""
    return record(stack, planted, rendering=rendering)


def planted_passwords(graph: Graph) -> tuple[str, ...]:
    """Those that `planted` gave to the graph's generated passwords."""
    return tuple(planted(one.name, {}) for one in graph if one.type.endswith(":RandomPassword"))


def settings_of(stack: str) -> Mapping[str, Any]:
    """What the environment's own file says, by key below the project's namespace: the tests' second source."""
    document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in document["config"].items()}


def in_the_cluster(document: dict[str, Any]) -> dict[str, Any]:
    """An environment's file whose systems keep files and backups in MinIO, and promise nothing of what is lost."""
    config = document["config"]
    systems = config[f"{PROJECT}:systems"]
    config[f"{PROJECT}:systems"] = {
        name: {key: value for key, value in system.items() if key != "object_storage"}
        for name, system in systems.items()
    }
    # As much data as fits there in every tier.
    less = {"recovery_point": None, "expected_data": "1Gi", "wal_per_day": "256Mi"}
    config.setdefault(f"{PROJECT}:overrides", {})["database"] = less
    return document


def with_systems(
    stack: str, *keys: str, telemetry: bool = True, monitoring: str = "", **systems: Mapping[str, Any]
) -> dict[str, Any]:
    """The environment's file with these systems alone, each with further keys of its own.

    Without `telemetry` it keeps neither logs nor traces: a fifth of the objects of staging and production. `monitoring`
    is another level of it than the tier's; without telemetry and basic it is a half.
    """
    document: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    config, own = document["config"], f"{PROJECT}:systems"
    config[own] = {key: {**config[own][key], **systems.get(key, {})} for key in dict.fromkeys((*keys, *systems))}
    if logs := config.get(f"{PROJECT}:logs"):
        there = {system_name(key) for key in config[own]}
        logs["systems"] = {name: kind for name, kind in logs.get("systems", {}).items() if name in there}
        if "elasticsearch" not in (logs["kind"], *logs["systems"].values()):
            logs.pop("elasticsearch", None)
    if not telemetry:
        for key in ("logs", "traces"):
            config[f"{PROJECT}:{key}"] = {"kind": "none"}
    if monitoring:
        config[f"{PROJECT}:overrides"] = {"monitoring": monitoring}
    return document


def systems_of(stack: str) -> list[str]:
    """The names of the environment's systems, which are their namespaces."""
    return [system_name(key) for key in settings_of(stack)["systems"]]


def tenants_of(stack: str) -> list[str]:
    """The names of the environment's tenants, as its file has them."""
    return [tenant["name"] for tenant in settings_of(stack)["systems"]["astrbot"].get("tenants", [])]


def objects(graph: Graph, *kinds: str) -> list[Body]:
    """The Kubernetes objects of these kinds (of all, if none is named), as the API gets them."""
    return [body for body in graph.objects if not kinds or body["kind"] in kinds]


def system_of(body: Body) -> str:
    """The system that an object belongs to, by its label."""
    return str(body["metadata"].get("labels", {}).get("platform.io/system", ""))


def of_system(graph: Graph, system: str, *kinds: str) -> list[Body]:
    """The same of one system."""
    return [body for body in objects(graph, *kinds) if system_of(body) == system]


def one(graph: Graph, kind: str, name: str, system: str | None = "astrbot") -> Body:
    """The one object of that kind and name, of `system` or of none of the systems (None: of any)."""
    others = {other for other in DECLARATIONS if other != system} if system else ()
    named = [body for body in objects(graph, kind) if body["metadata"]["name"] == name]
    found = [body for body in named if system_of(body) not in others]
    names = sorted(body["metadata"]["name"] for body in objects(graph, kind))
    assert len(found) == 1, f"{len(found)} objects {kind} {name}; there are: {', '.join(names) or 'none'}"
    return found[0]


def title(body: Body) -> str:
    """How failures call an object."""
    return f"{body['kind']} {body['metadata'].get('namespace', '')}/{body['metadata']['name']}"


def container(graph: Graph, deployment: str, system: str = "astrbot") -> Body:
    """The only container of a Deployment's pods."""
    containers: Sequence[Body] = one(graph, "Deployment", deployment, system)["spec"]["template"]["spec"]["containers"]
    assert len(containers) == 1, f"Deployment {deployment} has {len(containers)} containers"
    return containers[0]


def environment_of(body: Body) -> Mapping[str, Body]:
    """A container's environment variables by name."""
    return {variable["name"]: variable for variable in body.get("env", [])}


def fields(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value inside a value with its path; what `graph.model.Secret` keeps is not looked into."""
    yield path, value
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from fields(item, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from fields(item, f"{path}[{index}]")
