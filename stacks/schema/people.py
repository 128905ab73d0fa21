"""Who may do what in an environment: `access` in its file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import pulumi
from pydantic import AfterValidator, Field

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.namespace import NamespaceArgs, NamespaceBaseline
from components.kubernetes.naming import Scope
from components.kubernetes.quantity import Bytes, Cpu
from components.platform import people as access
from components.platform.people import RoleName
from stacks.schema import types
from stacks.schema.types import Model, Name, Problem, Text, duplicates, form, system_name
from stacks.system.environment_context import EnvironmentContext

# The groups that a cluster on EKS gives to the ARNs of its file.
DEFAULT_GROUPS: Mapping[RoleName, tuple[str, ...]] = {
    "admin": ("platform:administrators",),
    "developer": ("platform:developers",),
    "viewer": ("platform:viewers",),
}
_SYSTEM = "access"
_CONTAINER_DEFAULT = ContainerResources.of("50m", "500m", "64Mi", "256Mi")


def _group(value: str) -> str:
    if value.startswith("system:"):
        raise ValueError(f"{value!r} is one of Kubernetes' own groups: name a group of people")
    if re.search(r"\s", value):
        raise ValueError(f"{value!r} has a space in it: use the group's name as the identity provider has it")
    return value


Groups = Mapping[
    RoleName, Sequence[Annotated[Text, AfterValidator(_group), form("group", r"(?!system:)\S+", "operations")]]
]


class Quota(Model):
    """What a team may use at the most, requests and limits alike."""

    cpu: types.Cpu = Field(description="All its pods' CPU together.")
    memory: types.Bytes = Field(description="All its pods' memory together.")
    storage: types.Bytes = Field(Bytes.parse("50Gi"), description="All its volumes together.")
    pods: Annotated[int, Field(ge=1, le=1000)] = Field(20, description="How many pods.")
    volumes: Annotated[int, Field(ge=0, le=100)] = Field(10, description="How many volumes.")


class Team(Model):
    """A team with a namespace of its own, `team-NAME`, which its quota bounds."""

    name: Annotated[Name, Field(max_length=58)] = Field(
        json_schema_extra={"maxLength": 58},
        description="The name of the team, at most 58 characters; its namespace is `team-NAME`.",
    )
    groups: Groups = Field(description="Groups of the identity provider by the role that they have in the namespace.")
    quota: Quota = Field(description="What all its pods and volumes may use together.")


class AccessConfig(Model):
    """Groups by role."""

    cluster: Groups = Field(
        DEFAULT_GROUPS,
        description="Groups by the role that they have in the whole cluster. By default those that a cluster of "
        "kind eks gives to its ARNs.",
    )
    namespaces: Mapping[Name, Groups] = Field(
        {},
        description="Groups by role in single namespaces, by the namespace: a system's name, or monitoring. One "
        "that is not named has the groups of `cluster`.",
    )
    teams: Sequence[Team] = Field((), description="Teams with a namespace of their own.")


def access_problems(data: Any, systems: Any) -> Iterable[Problem]:
    """Teams that are named twice, and namespaces that nobody makes; `data` and `systems` are raw."""
    if not isinstance(data, Mapping):
        return
    for problem in duplicates(data.get("teams"), "name", "team"):
        yield problem._replace(path=("teams", *problem.path))
    named = systems if isinstance(systems, Mapping) else ()
    known = {"monitoring", *(system_name(str(key)) for key in named)}
    declared = data.get("namespaces")
    for name in declared if isinstance(declared, Mapping) else ():
        if name not in known:
            message = f"{name!r} is no namespace of this environment; there are: {', '.join(sorted(known))}"
            yield Problem(("namespaces", name), message)


def register_access(
    config: AccessConfig, args: EnvironmentContext, made: Mapping[str, pulumi.Resource], opts: pulumi.ResourceOptions
) -> None:
    """Register the roles, and the teams' namespaces. `made` is what makes each namespace, by its name."""
    namespaces = [(args.scope(name), config.namespaces.get(name, config.cluster)) for name in made]
    teams = [_team(team, args, opts) for team in config.teams]
    arguments = access.AccessArgs(
        scope=Scope(namespace="", system="platform", environment=args.environment),
        cluster=config.cluster,
        namespaces=[*namespaces, *((scope, team.groups) for team, (scope, _) in zip(config.teams, teams, strict=True))],
    )
    needs = [*made.values(), *(namespace for _, namespace in teams)]
    access.Access(_SYSTEM, arguments, pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=needs)))


def _team(team: Team, args: EnvironmentContext, opts: pulumi.ResourceOptions) -> tuple[Scope, NamespaceBaseline]:
    name = f"team-{team.name}"
    scope = args.scope(name)
    quota = team.quota
    largest = ContainerResources(
        cpu_request=Cpu(0), cpu_limit=quota.cpu, memory_request=Bytes(0), memory_limit=quota.memory
    )
    footprint = Footprint(
        pods=quota.pods,
        cpu_requests=quota.cpu,
        cpu_limits=quota.cpu,
        memory_requests=quota.memory,
        memory_limits=quota.memory,
        volumes=quota.volumes,
        storage=quota.storage,
        # What a team keeps there the program does not know.
        protect=args.tier.protect_data and quota.volumes > 0,
    )
    arguments = NamespaceArgs(scope=scope, quota=footprint, container_default=_CONTAINER_DEFAULT, container_max=largest)
    return scope, NamespaceBaseline(name, arguments, opts)
