"""Which kind of environment is being judged: its tier (dev, test, staging or prod), which decides the levels.

The tier is what the stack's own configuration says (`saas-platform:tier` in `Pulumi.<stack>.yaml`), never the stack's
name: a stack called `review-123` is of tier dev only if its file says so. It comes from there:

- recorded: the program exports it as the stack's output `tier`;
- Pulumi: the engine gives the pack the stack's configuration, so that a plain `pulumi preview --policy-pack policy`
  has the right levels: by the call ConfigureStack, before all others, and where it is older only as JSON in
  `PULUMI_CONFIG`. `--policy-pack-config FILE` overrides them rule by rule.

Where no tier is to be found, each rule has its default level, which is the strictest: nothing is let through because
a name was misspelt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from paths import PROJECT

if TYPE_CHECKING:
    from graph.model import Graph


def tier_of_graph(graph: Graph) -> str | None:
    """The tier that a recorded program exported."""
    tier = graph.outputs.get("tier")
    return tier if isinstance(tier, str) else None


def tier_of_engine(environ: Mapping[str, str]) -> str | None:
    """The tier in the configuration with which the engine starts the pack."""
    return tier_of_configuration(json.loads(environ.get("PULUMI_CONFIG") or "{}"))


def tier_of_configuration(configuration: Mapping[str, Any]) -> str | None:
    """The tier in a stack's configuration, whose keys bear the project's name as Pulumi's do."""
    tier = configuration.get(f"{PROJECT}:tier")
    return tier if isinstance(tier, str) else None
