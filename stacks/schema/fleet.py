"""An environment in several clusters: `fleet` in its file.

Each cluster is a stack of its own, `ENVIRONMENT.CLUSTER`, made from the one file: whatever takes a stack takes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError

from components.platform.gitops.args import IN_CLUSTER
from paths import PROJECT
from stacks.schema.errors import ConfigurationError, ConfigurationProblem, from_source, from_validation
from stacks.schema.source import Source
from stacks.schema.types import ImageTag, Model, Name, Problem, Text, duplicates, matching

KEY = "fleet"


ApiServer = Annotated[
    str,
    matching(
        "API server",
        r"https://[^\s/@]+",
        f"is no API server: use its address as Argo CD has it, such as {IN_CLUSTER}",
        IN_CLUSTER,
    ),
]


class SystemVersion(Model):
    """The version of a system in one cluster, as `ops fleet` keeps it."""

    version: ImageTag = Field(description="The tag of its images there.")
    before: ImageTag | None = Field(
        None, description="The tag to go back to; none if there is none that was seen healthy."
    )
    pending: bool = Field(False, description="Stands until all of the system was available there with `version`.")

    def upgraded(self, version: str) -> SystemVersion:
        """On the way to `version`; what was never seen healthy is nothing to go back to."""
        if version == self.version:
            return self
        before = self.before if self.pending and self.before else self.version
        return SystemVersion(version=version, before=before if before != version else None, pending=True)

    def rolled_back(self) -> SystemVersion:
        """On the way to the version before, or still on it; itself if there is neither."""
        return SystemVersion(version=self.before, pending=True) if self.before else self

    def settled(self) -> SystemVersion:
        """Seen healthy."""
        return self.model_copy(update={"pending": False})


class FleetCluster(Model):
    """A cluster of a fleet."""

    name: Annotated[Name, Field(max_length=20)] = Field(
        json_schema_extra={"maxLength": 20},
        description="The name of the cluster, at most 20 characters; its stack is `ENVIRONMENT.NAME`. It marks "
        "whatever its monitoring sends.",
    )
    context: Text = Field(description="The cluster's context in the user's kubeconfig.")
    region: Name = Field(description="Where the cluster is; it marks whatever its monitoring sends.")
    server: ApiServer | None = Field(
        None, description="The address of its API server as Argo CD knows it. Needed with `delivery: argocd`."
    )
    versions: Mapping[Text, SystemVersion] = Field(
        {}, description="The versions that systems have in this cluster, by system; they win over the systems' own."
    )


class Fleet(Model):
    """The clusters of an environment."""

    clusters: Annotated[Sequence[FleetCluster], Field(min_length=1)] = Field(
        description="The clusters, in the order in which a change reaches them."
    )

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Clusters that stand twice, by whichever of their names."""
        for key in ("name", "context", "server"):
            for problem in duplicates(data.get("clusters"), key, f"cluster {key}"):
                yield problem._replace(path=("clusters", *problem.path))

    @property
    def names(self) -> list[str]:
        """The clusters' names, in their order."""
        return [cluster.name for cluster in self.clusters]


class _FleetOnly(Model):
    fleet: Fleet


def fleet_of(source: Source) -> Fleet | None:
    """The fleet of an environment's file; None without one. Raises ConfigurationError if that is invalid."""
    raw = source.config.get(f"{PROJECT}:{KEY}")
    if raw is None:
        if source.problems:
            raise ConfigurationError(from_source(source))
        return None
    try:
        return _FleetOnly.model_validate({KEY: raw}).fleet
    except ValidationError as error:
        raise ConfigurationError(from_validation(source, error)) from None


def fleet_problems(data: Mapping[str, Any]) -> Iterable[Problem]:
    """What of the raw file does not fit its fleet, or the lack of one."""
    cluster, fleet, by_argo_cd = data.get("cluster"), data.get(KEY), data.get("delivery") == "argocd"
    is_fleet = isinstance(cluster, Mapping) and cluster.get("kind") == KEY
    if fleet is None:
        if is_fleet:
            yield Problem((KEY,), "missing; 'kind: fleet' stands for the clusters that are listed here")
        return
    if is_fleet and by_argo_cd:
        yield Problem(("cluster", "kind"), "must be the one cluster that Argo CD runs in; the others are in 'fleet'")
    if not is_fleet and not by_argo_cd:
        message = "must be 'fleet', since the clusters are those of 'fleet'; or remove that"
        yield Problem(("cluster", "kind"), message)
    clusters = fleet.get("clusters") if isinstance(fleet, Mapping) else None
    systems = data.get("systems")
    known = [name for name, value in systems.items() if value is not None] if isinstance(systems, Mapping) else []
    for index, one in enumerate(clusters if isinstance(clusters, (list, tuple)) else ()):
        if isinstance(one, Mapping):
            for path, message in (*_server_problems(one, by_argo_cd), *_version_problems(one, known)):
                yield Problem((KEY, "clusters", index, *path), message)


def _server_problems(cluster: Mapping[str, Any], by_argo_cd: bool) -> Iterable[tuple[tuple[str, ...], str]]:
    if by_argo_cd and cluster.get("server") is None:
        yield ("server",), f"missing; Argo CD needs the address of each cluster, its own is {IN_CLUSTER}"


def _version_problems(cluster: Mapping[str, Any], systems: Sequence[str]) -> Iterable[tuple[tuple[str, ...], str]]:
    versions = cluster.get("versions")
    for name in versions if isinstance(versions, Mapping) else ():
        if name not in systems:
            yield ("versions", name), f"{name!r} is no system of this environment; there are: {', '.join(systems)}"


def member_of(source: Source, stack: str, fleet: Fleet | None, *, required: bool) -> FleetCluster | None:
    """The cluster that a stack `ENVIRONMENT.CLUSTER` names.

    Raises ConfigurationError if there is no such cluster, or if none is named where one is `required`.
    """
    environment, dot, name = stack.partition(".")
    path = f"{KEY}.clusters" if fleet else ""
    names = ", ".join(f"{environment}.{one}" for one in fleet.names) if fleet else ""
    if not dot:
        if fleet is None or not required:
            return None
        message = f"{environment} has several clusters: name one of the stacks {names}, or use `ops fleet`"
    elif fleet is None:
        message = f"{environment} has no cluster {name!r}, since the file has no 'fleet'"
    else:
        found = next((one for one in fleet.clusters if one.name == name), None)
        if found is not None:
            return found
        message = f"there is no cluster {name!r}; the stacks are: {names}"
    line = source.line_of((KEY, "clusters")) if fleet else None
    raise ConfigurationError([ConfigurationProblem(source.path.name, line, path, message)])


def origin(environment: str, member: FleetCluster | None) -> dict[str, str]:
    """What marks everything that the monitoring sends to where there is that of other clusters too."""
    if member is None:
        return {"cluster": environment, "environment": environment}
    return {"cluster": member.name, "environment": environment, "region": member.region}
