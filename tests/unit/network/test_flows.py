"""Every connection that an environment cannot do without passes its policies, whatever network plug-in judges them.

The plug-ins are those of `tests/unit/network/semantics.py`, which names the versions that it follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path

import pytest
import yaml

from graph.model import Graph
from paths import ROOT
from tests.unit.examples.summary import STACKS, recorded_example
from tests.unit.network.semantics import Cilium, Plugin, Target, VpcCni, plugins
from tests.unit.network.wanted import wanted
from tests.unit.network.world import INTERNET, METADATA, POD_IDENTITY, Place, Pod, World
from tests.unit.recordings import ENVIRONMENTS, recorded
from tests.unit.scratch import graph_of

CASES = ROOT.parent / "shared" / "cases"
# On EKS: Pod Identity; roles of service accounts with STS in the VPC; all systems in the mesh.
SHARED = ("qa", "qc", "shop")
# That of Argo CD's own cluster has nothing but Applications.
EXAMPLES = tuple(stack for stacks in STACKS.values() for stack in stacks if stack != "argocd")


def _shared(name: str) -> Graph:
    path = CASES / f"Pulumi.{name}.yaml"
    if not path.exists():
        pytest.skip(f"{path.relative_to(ROOT.parent)} is not there")
    return _from_file(path)


@cache
def _from_file(path: Path) -> Graph:
    return graph_of(path.stem.removeprefix("Pulumi."), yaml.safe_load(path.read_text(encoding="utf-8")))


GRAPHS: Mapping[str, Callable[[], Graph]] = {
    **{name: partial(recorded, name) for name in ENVIRONMENTS},
    **{f"examples/{name}": partial(recorded_example, name) for name in EXAMPLES},
    **{f"shared/{name}": partial(_shared, name) for name in SHARED},
}
_worlds: dict[str, World] = {}


@pytest.fixture(name="world", params=GRAPHS)
def every_world(request: pytest.FixtureRequest) -> World:
    """Each environment."""
    return world_of(request.param)


def world_of(name: str) -> World:
    """That of one environment; once a session."""
    if name not in _worlds:
        _worlds[name] = World(GRAPHS[name]())
    return _worlds[name]


def test_every_connection_that_something_needs_passes_by_every_plug_in(world: World) -> None:
    """An option whose flow is forgotten shows on the day on which it is turned on."""
    needed = list(wanted(world))
    assert len(needed) > len(world.own), "what the environment needs is not found any more"
    denied = [
        f"{name}: {one}"
        for one in needed
        for name, plugin in plugins(world).items()
        if not plugin.passes(one.source, one.target, one.port, one.protocol)
    ]
    assert denied == []


def _addresses(world: World) -> tuple[Place, ...]:
    others = Place("another private address", "10.99.3.4"), Place("another on the link", "169.254.1.1")
    own = (world.api_server, world.api_behind, world.node, world.token_service)
    return (*own, *others, INTERNET, METADATA, POD_IDENTITY)


def _probes(world: World) -> Iterator[tuple[Target, int]]:
    """Every pod and every Service on its own ports, and addresses on those that something uses anywhere."""
    for pod in world.pods:
        yield from ((pod, port) for port in sorted(set(pod.ports.values())))
    for service in world.services:
        yield from ((service, port) for port in service.ports if world.behind(service, port))
    for place in _addresses(world):
        yield from ((place, port) for port in (53, 80, 443, 5432, 6379, 6443, 8443, 9200, 10250))


def test_policies_mean_the_same_to_every_plug_in(world: World) -> None:
    """What only one of them denies is found in production, after it worked everywhere else."""
    judged = plugins(world)
    different = []
    for source in world.own:
        for target, port in _probes(world):
            verdicts = {name: plugin.passes(source, target, port) for name, plugin in judged.items()}
            if len(set(verdicts.values())) > 1:
                different.append((str(source), str(target), port, verdicts))
    assert different == []


def test_nobody_reaches_the_nodes_own_credentials(world: World) -> None:
    """169.254.169.254 gives them to whoever asks; Pod Identity's agent is beside it, on port 80 too."""
    found = [
        f"{name}: {source}"
        for name, plugin in plugins(world).items()
        for source in world.own
        for port in (80, 443)
        if not source.spec.get("hostNetwork") and plugin.passes(source, METADATA, port)
    ]
    assert found == []


def test_no_pod_reaches_a_database_of_another_namespace(world: World) -> None:
    databases = [one for one in world.own if one.title.split(" ")[0] in ("Cluster", "Pooler", "Redis", "RedisCluster")]
    assert databases
    found = [
        f"{name}: {source} -> {target}:{port}"
        for name, plugin in plugins(world).items()
        for target in databases
        for port in (5432, 6379)
        for source in world.pods
        if port in target.ports.values() and _strange(source, target) and plugin.passes(source, target, port)
    ]
    assert found == []


def _strange(source: Pod, target: Pod) -> bool:
    """Whether a pod is of another namespace and not the operator that made the database."""
    return source.namespace != target.namespace and not source.title.endswith("operator")


def _api_server_denied(plugin: Plugin, world: World) -> list[str]:
    return [one.title for one in world.own if one.asks_api and not plugin.passes(one, world.api_server, 443)]


def test_the_model_finds_the_rule_that_cut_postgresql_off_from_the_api_server() -> None:
    """As it was: all addresses on the API server's ports, beside the internet with its exceptions."""
    world = World(world_of("shared/qa").graph)
    assert _api_server_denied(VpcCni(world), world) == []
    plugin = VpcCni(world)
    everywhere = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443, "protocol": "TCP"}]}
    instances = next(one for one in world.own if one.title.startswith("Cluster "))
    (policy,) = (one for one in plugin.policies(instances, "egress") if len(one["spec"].get("egress", ())) > 1)
    rules = [one for one in policy["spec"]["egress"] if "172.20.0.1" not in str(one)]
    spec = {**policy["spec"], "egress": [*rules, everywhere]}
    before = VpcCni(world)
    before._policies = [{**one, "spec": spec} if one is policy else one for one in plugin._policies]
    assert not before.passes(instances, world.api_server, 443)
    assert not before.passes(instances, world.api_behind, 443)


def test_without_its_mode_for_nodes_cilium_hides_the_kubelets_and_an_api_server_on_a_node() -> None:
    """What docs/how-to/own-cluster.md asks for, and the preflight looks at."""
    world = world_of("dev")
    bare = Cilium(world, nodes=False)
    (prometheus,) = (one for one in world.own if one.title.startswith("Prometheus"))
    assert Cilium(world).passes(prometheus, world.node, 10250)
    assert not bare.passes(prometheus, world.node, 10250)
    assert "Cluster postgresql-cluster" in _api_server_denied(bare, world)
