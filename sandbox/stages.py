"""Makes kwok's configuration from the files of stages whose kinds the cluster has.

They are in stages/, and those of a store's operator in the store's folder.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from .custom_resources import Installed
from .paths import STAGES, STORES

Stage = dict[str, Any]

# Those that the stages use. The ending tells nothing: gateway.networking.k8s.io is a group of custom resources.
_BUILT_IN_GROUPS = ("", "networking.k8s.io")


def load(folder: Path = STAGES, stores: Path = STORES) -> list[Stage]:
    """Every stage in the folder's files, and in `stages.yaml` of each store's folder."""
    import yaml

    files = [*sorted(folder.glob("*.yaml")), *sorted(stores.glob("*/stages.yaml"))]
    return [stage for file in files for stage in yaml.safe_load_all(file.read_text())]


def group_version(stage: Stage) -> tuple[str, str]:
    """The API group and version that a stage is for; the core group is ""."""
    group, _, version = str(stage["spec"]["resourceRef"]["apiGroup"]).rpartition("/")
    return group, version


def built_in(stage: Stage) -> bool:
    """Whether the stage is for a kind of Kubernetes itself."""
    return group_version(stage)[0] in _BUILT_IN_GROUPS


def usable(stages: Iterable[Stage], present: Iterable[Installed], operated: Collection[str] = ()) -> list[Stage]:
    """The stages for built-in kinds and for custom ones that are served: kwok would not start with any other.

    `operated` are the API groups whose own operator runs, which writes their status itself.
    """
    stages = [stage for stage in stages if group_version(stage)[0] not in operated]
    served = {(each.group, version, each.kind) for each in present for version in each.versions}
    return [stage for stage in stages if built_in(stage) or (*group_version(stage), _kind(stage)) in served]


def descriptions(stages: Iterable[Stage], present: Iterable[Installed]) -> list[tuple[str, str]]:
    """Where the API server describes each custom kind of the stages (a path), and the words to look for there.

    kwok reads these descriptions once at its start, and they appear a moment after the definition is established.
    """
    plurals = {(each.group, each.kind): each.plural for each in present}
    found = []
    for stage in stages:
        if not built_in(stage):
            group, version = group_version(stage)
            found.append((f"/openapi/v3/apis/{group}/{version}", f"/{plurals[group, _kind(stage)]}/{{name}}"))
    return found


def _kind(stage: Stage) -> str:
    return str(stage["spec"]["resourceRef"]["kind"])


def configuration(stages: Iterable[Stage]) -> str:
    """The text of kwok's configuration file."""
    import yaml

    return yaml.safe_dump_all(stages, sort_keys=False, width=120)
