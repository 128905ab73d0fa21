"""Recording: the unchanged program in memory, the same every time, and nothing left behind."""

from __future__ import annotations

import json
import os
import runpy
from collections.abc import Callable

import pulumi
import pytest
from pulumi.runtime import settings as sdk

from graph.model import Graph, listing
from graph.record import record
from paths import ROOT
from stacks.schema.errors import ConfigurationError
from tests.unit.recordings import recorded
from tests.unit.scratch import STACK, Scratch

# Whatever holds for the process and not for an environment is tried with few resources.
SMALL = """\
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:cluster: {kind: sandbox}
  saas-platform:systems: {orders: {}}
"""


def test_recording_again_gives_the_same_graph_whatever_was_recorded_between(dev: Graph) -> None:
    """Settings of one environment that reach the next would make a preview depend on what ran before it."""
    recorded("prod")
    again = record("dev")
    assert again == dev
    assert [resource.urn for resource in again] == [resource.urn for resource in dev], "the order differs"


def test_what_is_recorded_is_what_the_engine_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine starts the file under the name `__main__`, and gives its entry point no argument."""
    started: list[Callable[[], object]] = []
    monkeypatch.setattr(pulumi, "run", started.append)
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
    assert [(one.__name__, one.__kwdefaults__) for one in started] == [("main", {"rendering": False})]


def test_environments_do_not_mix(graph: Graph) -> None:
    """Every URN names the stack that it was recorded for."""
    assert {resource.urn.split("::")[0] for resource in graph} == {f"urn:pulumi:{graph.stack}"}
    assert graph.outputs["environment"] == graph.stack


def test_recording_leaves_nothing_in_the_process(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's settings are global: what stays would be the next program's."""
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    small = scratch.record(SMALL)
    before = (sdk.get_project(), sdk.get_stack(), sdk.SETTINGS.monitor, sdk.get_root_resource(), dict(os.environ))
    assert record(STACK) == small
    after = (sdk.get_project(), sdk.get_stack(), sdk.SETTINGS.monitor, sdk.get_root_resource(), dict(os.environ))
    assert after == before
    assert pulumi.Config("saas-platform").get("tier") is None


def test_recording_keeps_the_configuration_that_was_in_the_environment(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Pulumi engine hands the program its configuration there."""
    small = scratch.record(SMALL)
    monkeypatch.setenv("PULUMI_CONFIG", '{"other:key": "value"}')
    assert record(STACK) == small, "the environment variable changed what was recorded"
    assert os.environ["PULUMI_CONFIG"] == '{"other:key": "value"}'


def test_a_failed_recording_leaves_nothing_either(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid file must not decide what the next preview shows."""
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    before = sdk.get_stack()
    scratch.write("config:\n  saas-platform:tier: nonsense\n")
    with pytest.raises(ConfigurationError):
        record("scratch")
    assert "PULUMI_CONFIG" not in os.environ
    assert sdk.get_stack() == before


def test_recording_puts_the_sdks_debug_log_back(scratch: Scratch) -> None:
    """The program silences it for the engine's sake; whoever debugs in this process afterwards would hear nothing."""
    small = scratch.record(SMALL)

    def debug(*_arguments: object, **_named: object) -> None:
        """Somebody's own."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pulumi.log, "debug", debug)
        assert record(STACK) == small
        assert pulumi.log.debug is debug


def test_urns_are_unique(graph: Graph) -> None:
    """The engine refuses the second resource of a URN, after it made the first."""
    urns = [resource.urn for resource in graph]
    assert sorted({urn for urn in urns if urns.count(urn) > 1}) == []


def test_urns_are_those_of_the_engine(graph: Graph) -> None:
    """Its qualified type has all ancestors but the stack; policies, state and imports go by it."""
    for resource in graph:
        _, _, qualified, name = resource.urn.split("::")
        assert name == resource.name
        parent = graph.by_urn.get(resource.parent or "")
        above = "" if parent is None or parent.parent is None else f"{parent.urn.split('::')[2]}$"
        assert qualified == f"{above}{resource.type}"


def test_every_resource_but_the_stack_has_a_parent_that_was_recorded(graph: Graph) -> None:
    """A resource outside the tree is shown nowhere."""
    roots = [resource for resource in graph if resource.parent is None]
    assert [root.type for root in roots] == ["pulumi:pulumi:Stack"]
    assert all(resource.parent in graph.by_urn for resource in graph if resource not in roots)


def test_every_dependency_is_a_resource_that_was_recorded_before(graph: Graph) -> None:
    """The engine refuses a dependency on what it does not know."""
    seen: set[str] = set()
    for resource in graph:
        assert set(resource.dependencies) <= seen, resource.urn
        seen.add(resource.urn)


def test_every_kubernetes_object_goes_to_the_environments_own_cluster(graph: Graph) -> None:
    """An object of the default provider would go to whatever context the user has selected."""
    (provider,) = (resource for resource in graph if resource.type == "pulumi:providers:kubernetes")
    for resource in graph:
        if resource.is_kubernetes_object:
            assert resource.options["provider"] == provider.urn, resource.urn
    if graph.stack == "dev":
        assert str(provider.inputs["kubeconfig"]).endswith("sandbox/default/kubeconfig")
    else:
        assert provider.inputs["context"] == graph.stack


def test_aliases_are_recorded_as_something_that_can_be_told_apart(graph: Graph) -> None:
    """A list of empty texts would hide that an alias was added or lost."""
    for resource in graph:
        assert "" not in resource.options.get("aliases", []), resource.urn


def test_numbers_are_whole_where_they_are_whole(graph: Graph) -> None:
    """The protocol knows only floating point: `replicas: 3.0` would be refused by the API."""
    text = json.dumps(listing(graph))
    assert json.loads(text, parse_float=lambda number: pytest.fail(f"{number} is not whole")) is not None


def test_a_context_given_on_the_command_line_replaces_that_of_the_file(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make up CONTEXT=…` must deploy there and nowhere else."""
    scratch.write(SMALL)
    monkeypatch.setenv("SAAS_PLATFORM_CONTEXT", "elsewhere")
    (provider,) = (resource for resource in record(STACK) if resource.type == "pulumi:providers:kubernetes")
    assert provider.inputs["context"] == "elsewhere"
    assert "kubeconfig" not in provider.inputs


def test_the_same_tenant_in_another_order_gives_the_same_objects(scratch: Scratch) -> None:
    """An object that depends on its neighbours in a list changes when one of them is added."""
    head = (
        "config:\n  saas-platform:tier: dev\n  saas-platform:domain: example.com\n"
        "  saas-platform:cluster: {kind: sandbox}\n  saas-platform:systems:\n    astrbot:\n      tenants: "
    )
    graphs = [scratch.record(f"{head}[{names}]\n") for names in ("{name: a}, {name: b}", "{name: b}, {name: a}")]
    assert listing(graphs[0]) == listing(graphs[1])
