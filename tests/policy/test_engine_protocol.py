"""The pack as the Pulumi engine sees it: `policy/__main__.py` in a process of its own, over its real server."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from graph.model import Graph, Resource, Secret
from paths import PROJECT, ROOT
from policy.engine.evaluation import evaluate
from policy.rules import RULES
from tests.policy.engine import resource_request, served, stack_request
from tests.policy.objects import shop, without, workload
from tests.policy.test_evaluation import graph_of
from tests.unit.recordings import recorded

_WEB = "spec.template.spec.containers.0"


@pytest.fixture(scope="module")
def prod() -> Iterator[Any]:
    with served("prod") as analyzer:
        yield analyzer


def _analysed(analyzer: Any, graph: Graph) -> list[Any]:
    """All that the engine would be told about a stack."""
    single = [one for resource in graph for one in analyzer.Analyze(resource_request(resource)).diagnostics]
    return [*single, *analyzer.AnalyzeStack(stack_request(graph)).diagnostics]


def _with_every_violation(graph: Graph) -> Graph:
    """The graph without its network policies, with workloads whose containers state nothing, in namespaces that are
    not protected."""
    kept = [resource for resource in graph if not resource.type.endswith(":NetworkPolicy")]
    return Graph(graph.stack, tuple(map(_stripped, kept)), graph.outputs)


def _stripped(resource: Resource) -> Resource:
    if resource.type.endswith(":Namespace"):
        return dataclasses.replace(resource, options={})
    if not resource.type.endswith((":Deployment", ":StatefulSet")):
        return resource
    containers = [{"name": one["name"]} for one in resource.inputs["spec"]["template"]["spec"]["containers"]]
    template = resource.inputs["spec"]["template"] | {"spec": {"containers": containers}}
    return dataclasses.replace(resource, inputs={**resource.inputs, "spec": {"template": template}})


def test_both_engines_have_the_same_findings(prod: Any) -> None:
    graph = _with_every_violation(recorded("prod"))
    descriptions = {rule.about.name: rule.about.description for rule in RULES}
    expected = sorted((one.rule, one.urn, f"{descriptions[one.rule]}\n{one.message}") for one in evaluate(graph))
    diagnostics = sorted((one.policyName, one.urn, one.message) for one in _analysed(prod, graph))
    assert {rule for rule, _, _ in diagnostics} >= {"network-policy", "probes", "protected-owners", "resource-limits"}
    assert diagnostics == expected


@pytest.mark.parametrize("tier", ["dev", "prod", None])
def test_the_levels_are_those_of_the_stacks_tier(tier: str | None, tmp_path: Path) -> None:
    with served(tier, tmp_path) as analyzer:
        info = analyzer.GetAnalyzerInfo(empty_pb2.Empty())
    levels = {one.name: analyzer_pb2.EnforcementLevel.Name(one.enforcementLevel) for one in info.policies}
    assert info.name == "saas-platform"
    assert levels.pop("exemptions") == "ADVISORY"
    assert levels == {rule.about.name: rule.about.level_in(tier).value.upper() for rule in RULES}
    assert levels["probes"] == ("ADVISORY" if tier == "dev" else "MANDATORY")


@pytest.mark.parametrize(("started", "named"), [(None, "prod"), ("prod", "dev"), ("dev", None)])
def test_the_levels_are_those_of_the_stack_that_the_engine_names(started: str | None, named: str | None) -> None:
    # An engine of today says it by a call alone; whatever is in the environment is of another stack.
    configuration = {f"{PROJECT}:tier": named} if named else {f"{PROJECT}:domain": "example.com"}
    graph = _with_every_violation(recorded("dev"))
    with served(started) as analyzer, served(named) as wanted:
        analyzer.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(config=configuration, stack="any"))
        info, expected = (one.GetAnalyzerInfo(empty_pb2.Empty()) for one in (analyzer, wanted))
        assert [(one.name, one.enforcementLevel) for one in info.policies] == [
            (one.name, one.enforcementLevel) for one in expected.policies
        ]
        assert _analysed(analyzer, graph) == _analysed(wanted, graph)


def test_the_executable_file_serves_the_pack_from_any_folder_and_ends_with_the_engine(tmp_path: Path) -> None:
    # As an engine without a language host starts it, in the program's folder.
    command = [os.path.relpath(ROOT / "policy" / "analyzer", tmp_path), "127.0.0.1:1"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
            info = analyzer_pb2_grpc.AnalyzerStub(channel).GetAnalyzerInfo(empty_pb2.Empty())
        assert info.name == "saas-platform"
        # A killed engine closes its end and says nothing more.
        process.stdin.close()
        try:
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()


def test_without_a_virtual_environment_the_executable_file_says_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "program" / "policy"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "policy" / "analyzer", folder)
    done = subprocess.run([folder / "analyzer"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "make -C" in done.stderr


def test_the_engines_configuration_overrides_level_and_settings(prod: Any) -> None:
    graph = graph_of(*shop()[:-1], without(workload(), f"{_WEB}.startupProbe"))
    properties = struct_pb2.Struct()
    properties.update({"startup": False})
    config = analyzer_pb2.PolicyConfig(enforcementLevel=analyzer_pb2.MANDATORY, properties=properties)
    try:
        prod.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={"probes": config}))
        assert _analysed(prod, graph) == []
    finally:
        prod.Configure(analyzer_pb2.ConfigureAnalyzerRequest())
    assert [one.enforcementLevel for one in _analysed(prod, graph)] == [analyzer_pb2.MANDATORY]


def test_no_module_of_the_pack_hides_one_that_is_installed() -> None:
    # The engine starts Python in the pack's folder, so that its modules are found before all others.
    installed = sys.stdlib_module_names | importlib.metadata.packages_distributions().keys()
    modules = {path.stem for path in (ROOT / "policy").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert (modules - {"__init__", "__main__", "__pycache__"}).isdisjoint(installed)


def test_what_a_preview_cannot_know_is_told_as_such(prod: Any) -> None:
    changed = workload()
    changed["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"] = UNKNOWN_STRING_VALUE
    diagnostics = _analysed(prod, graph_of(*shop()[:-1], changed))
    assert {one.enforcementLevel for one in diagnostics} == {analyzer_pb2.ADVISORY}
    assert any("can't run policy 'resource-limits'" in one.message for one in diagnostics)
    assert all("containers.0.resources.limits.cpu can't be known during preview" in one.message for one in diagnostics)


def test_objects_of_a_cluster_that_is_yet_to_be_made_are_not_judged_as_empty(prod: Any) -> None:
    """The engine previews them without any property, since nobody knows the cluster's kubeconfig yet."""
    graph = recorded("prod")
    emptied = tuple(dataclasses.replace(one, inputs={}) if one.is_kubernetes_object else one for one in graph)
    diagnostics = prod.AnalyzeStack(stack_request(dataclasses.replace(graph, resources=emptied))).diagnostics
    assert {one.enforcementLevel for one in diagnostics} == {analyzer_pb2.ADVISORY}
    messages = [one.message for one in diagnostics]
    assert all("can't be known during preview" in one for one in messages), messages


def test_no_secret_reaches_a_message(prod: Any) -> None:
    # A message quotes the name of a container: here is one that the program keeps secret.
    changed = workload()
    changed["spec"]["template"]["spec"]["containers"] = [Secret({"name": "hunter2"})]
    diagnostics = _analysed(prod, graph_of(*shop()[:-1], changed))
    assert len(diagnostics) >= 9
    assert any("container [secret]: " in one.message for one in diagnostics)
    assert not [one.message for one in diagnostics if "hunter2" in one.message]
