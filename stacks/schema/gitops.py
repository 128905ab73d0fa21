"""How an environment gets into its clusters: `delivery` and `gitops` in its file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from components.platform.gitops.args import IN_CLUSTER, GitOpsArgs, Notification, Target, Trigger
from components.platform.operators.table import OPERATORS
from stacks.schema.fleet import Fleet
from stacks.schema.types import Model, Name, Problem, Text, form

Delivery = Literal["pulumi", "argocd"]
ARGO_CD = "argo-cd"
_REPOSITORY = r"(https://|ssh://|git@)[^\s@:]+(@[^\s:]+)?[:/]\S+"
_CREDENTIAL = r"\w+://(?!git@)[^/\s]*@"
_PATH = r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*"


def _repository(value: str) -> str:
    if not re.match(_CREDENTIAL, value) and not re.fullmatch(_REPOSITORY, value):
        raise ValueError(f"{value!r} is no Git repository: use its URL, such as https://github.com/example/deploy.git")
    return value


def _path(value: str) -> str:
    if not re.fullmatch(_PATH, value) or ".." in value.split("/"):
        raise ValueError(f"{value!r} is no folder of a repository: use a path such as environments/prod")
    return value


Repository = Annotated[
    str,
    AfterValidator(_repository),
    form("Git repository", rf"(?!{_CREDENTIAL})({_REPOSITORY})", "https://github.com/example/deploy.git"),
]
RepositoryPath = Annotated[
    str,
    AfterValidator(_path),
    form("folder of a repository", rf"(?!(.*/)?\.\.(/|$)){_PATH}", "environments/prod"),
]


def credential_problem(data: Mapping[str, Any]) -> Iterable[Problem]:
    """A credential in the URL below the raw key `repository`, which no message may quote."""
    repository = data.get("repository")
    if isinstance(repository, str) and re.match(_CREDENTIAL, repository):
        message = "has a credential in it: give that to Argo CD, as a repository Secret, and name the bare URL"
        yield Problem(("repository",), message)


class Subscription(Model):
    """Who is told of what."""

    trigger: Trigger = Field(
        description="What is told: a deployment, an Application that is no longer healthy, a synchronisation that "
        "failed."
    )
    service: Name = Field(description="A notifier of Argo CD, such as slack.")
    recipient: Text = Field(description="The address there, such as a channel.")


class GitOpsConfig(Model):
    """Where `ops render` puts the environment, for Argo CD to take it from there.

    `path` is by default `environments/ENVIRONMENT`.
    """

    repository: Repository = Field(
        description="The URL of the Git repository, without a credential in it, such as "
        "https://github.com/example/deploy.git."
    )
    revision: Text = Field("main", description="The branch, tag or commit that Argo CD syncs.")
    path: RepositoryPath | None = Field(
        None, description="The folder of the repository, by default `environments/ENVIRONMENT`."
    )
    notifications: Sequence[Subscription] = Field((), description="Who is told of what Argo CD does.")

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """A credential in the repository's URL, which no message may quote."""
        yield from credential_problem(data)


def delivery_problems(
    data: Mapping[str, Any], installed: Sequence[str], *, external_secrets: bool
) -> Iterable[Problem]:
    """What Argo CD cannot do for this environment; `data` is the raw file."""
    gitops = data.get("gitops")
    if data.get("delivery", "pulumi") != "argocd":
        if gitops is not None:
            yield Problem(("gitops",), "is for 'delivery: argocd' alone: set that, or remove this")
        return
    if gitops is None:
        yield Problem(("gitops",), "missing; with 'delivery: argocd' set the repository that Argo CD syncs")
    if not external_secrets:
        message = "Argo CD needs all Secrets in an external store: no file may hold those that this tier generates. "
        yield Problem(("delivery",), message + "Set overrides.external_secrets to true, and secret_store")
    fleet = data.get("fleet")
    clusters = fleet.get("clusters") if isinstance(fleet, Mapping) else None
    others = [name for name in installed if name != ARGO_CD]
    for index, cluster in enumerate(clusters if isinstance(clusters, (list, tuple)) else ()):
        if isinstance(cluster, Mapping) and cluster.get("server", IN_CLUSTER) != IN_CLUSTER and others:
            message = "another cluster than Argo CD's own must have its operators: set these to preinstalled: "
            yield Problem(("fleet", "clusters", index, "server"), message + ", ".join(others))


def gitops_args(
    config: GitOpsConfig,
    environment: str,
    *,
    fleet: Fleet | None,
    systems: Sequence[str],
    teams: Sequence[str],
    installed: Sequence[str],
    others: Sequence[str] = (),
) -> GitOpsArgs:
    """The component's arguments, from the file and what the environment consists of; `others` are namespaces in which
    it has single objects.

    Clusters come in their order, each once the one before is healthy; without a fleet it is Argo CD's own alone.
    """
    path = config.path or f"environments/{environment}"
    members = fleet.clusters if fleet else ()
    targets = [Target(name=one.name, server=one.server or IN_CLUSTER, path=f"{path}/{one.name}") for one in members]
    return GitOpsArgs(
        environment=environment,
        repository=config.repository,
        revision=config.revision,
        clusters=targets or [Target(name="main", path=path)],
        systems=systems,
        namespaces=list(dict.fromkeys([*systems, *(f"team-{team}" for team in teams), *others])),
        charts=[OPERATORS[name].chart.repository for name in installed if name != ARGO_CD],
        notifications=[
            Notification(trigger=one.trigger, service=one.service, recipient=one.recipient)
            for one in config.notifications
        ],
    )
