"""What a cluster lacks for an environment, before the first object is made: all of it at once, with what to do.

Asked of the API server as the user who deploys. What that user may not look up is not taken for missing.
"""

from __future__ import annotations

from graph.model import Graph
from ops.kubectl import Kubectl
from ops.preflight import capacity, gates, kinds, named, namespaces, networks, release, rights
from ops.preflight.api import api

__all__ = ["problems"]


def problems(kubectl: Kubectl, graph: Graph) -> list[str]:
    """What is missing in the cluster for the environment, each in plain words with what to do; changes nothing.

    What could not be looked up is said in a last line of its own, and only where something else is missing. Raises
    ops.kubectl.ClusterError if the cluster cannot be reached.
    """
    with api(kubectl) as server:
        served = kinds.discover(server)
        found: list[str] = []
        unknown: list[str] = []
        for part in (
            release.check(server, graph),
            kinds.check(served, graph),
            namespaces.check(server, graph),
            named.check(server, graph),
            gates.check(server, graph),
            capacity.check(server, graph),
            networks.check(server, graph),
            rights.check(server, graph, served),
        ):
            found.extend(part.problems)
            unknown.extend(part.unknown)
    if found and unknown:
        found.append(f"could not be looked up, for want of rights or an answer: {', '.join(unknown)}")
    return found
