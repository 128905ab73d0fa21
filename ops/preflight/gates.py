"""What the Redis operator has to be told, where somebody else than the environment installs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.platform.operators.table import OPERATORS
from components.platform.operators.values import REDIS_CONFIGURATION_GATE
from graph.model import Graph
from ops.live.lookup import key_of, title_of
from ops.preflight.api import Api, Request
from ops.preflight.finding import PAGE, Found, installed, several

_OPERATOR = OPERATORS["redis-operator"]


def check(server: Api, graph: Graph) -> Found:
    """Whether the operator writes Redis' configuration itself: without its gate no server of ours gets ready.

    An operator that is not where it is looked for is another part's to find.
    """
    users = [title_of(key_of(body)) for body in graph.objects if body["apiVersion"].split("/")[0] in _OPERATOR.groups]
    if not users or _OPERATOR.name in installed(graph):
        return Found()
    (answer,) = server.ask([Request(f"/apis/apps/v1/namespaces/{_OPERATOR.namespace}/deployments")])
    if not answer.ok:
        return Found() if answer.missing else Found(unknown=("what the Redis operator is told",))
    given_gates = list(_gates(answer.body or {}))
    if not given_gates or any(f"{REDIS_CONFIGURATION_GATE}=true" in one for one in given_gates):
        return Found()
    return Found(
        (
            f"the Redis operator leaves Redis' configuration to its image ({several(users)}): set featureGates: "
            f"{{{REDIS_CONFIGURATION_GATE}: true}} in its chart's values ({PAGE}#what-has-to-be-there)",
        )
    )


def _gates(deployments: Mapping[str, Any]) -> Iterator[str]:
    """The feature gates of each container that runs the operator, by variable or argument; "" where it has none."""
    for deployment in deployments.get("items") or ():
        for container in deployment["spec"]["template"]["spec"]["containers"]:
            if _OPERATOR.name in container["image"].rpartition("/")[2]:
                variables = {one["name"]: one.get("value", "") for one in container.get("env") or ()}
                yield ",".join((variables.get("FEATURE_GATES", ""), *(container.get("args") or ())))
