"""`ops up`, `down` and `status` up to the engine: what is refused before, which cluster it is, and what runs there.

What the engine does is tried with the real one (`tests/engine`).
"""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import ops.deploy
from components.kubernetes.namespace import NamespaceBaseline
from graph.manifests import manifests
from graph.model import Graph
from graph.record import record
from ops.clusters import Cluster, cluster_of
from ops.console import console
from ops.engine.run import Run, start_sandbox
from ops.errors import OperationError
from ops.reports.deployment import done_so_far
from paths import sandbox_kubeconfig
from sandbox import Sandbox
from tests.unit.commands import ops as run
from tests.unit.fake_cluster import FakeKubectl
from tests.unit.recordings import recorded, with_systems
from tests.unit.scratch import Scratch, as_text


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeKubectl:
    """A cluster in memory that is looked at."""
    fake = FakeKubectl()
    monkeypatch.setattr(Cluster, "kubectl", lambda _: fake)
    monkeypatch.setattr(ops.deploy, "record", lambda stack, *_passwords: recorded(stack))
    monkeypatch.setattr(ops.deploy, "_sandbox_runs", lambda: True)
    return fake


def test_up_that_a_policy_refuses_touches_nothing(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The preview comes first, and it decides."""
    opened: list[Any] = []
    scratch.write(as_text(with_systems("dev", "orders")), "dev")
    monkeypatch.setattr(NamespaceBaseline, "_default_deny", lambda *_: None)
    monkeypatch.setattr(ops.deploy, "record", record)
    monkeypatch.setattr(Run, "opened", lambda *arguments, **_: opened.append(arguments))
    outcome = run("up")
    assert outcome.status == 1
    assert "Not deployed: a mandatory policy is violated" in outcome.out
    assert opened == []


def test_status_is_0_only_if_everything_is_available(cluster: FakeKubectl) -> None:
    """A pipeline waits for it."""
    assert run("status").status == 1
    cluster.store(*manifests(recorded("dev")))
    assert run("status").status == 0
    del cluster.state.objects["Deployment", "astrbot", "api-gateway"]
    outcome = run("status")
    assert outcome.status == 1
    assert "does not exist" in outcome.out


def test_status_is_seen_by_who_may_look_only_into_the_namespaces(cluster: FakeKubectl) -> None:
    """A developer with rights in a system's namespace is not refused for want of those in all."""
    cluster.store(*manifests(recorded("dev")))
    cluster.state.forbidden.add("every namespace at once")
    assert run("status").status == 0


def test_an_environment_of_the_sandbox_is_deployed_there_and_nowhere_else(dev: Graph) -> None:
    """Its kubeconfig is named outright: the user's current context may be production."""
    target = cluster_of(dev)
    assert target.is_sandbox
    assert (target.kubeconfig, target.context) == (sandbox_kubeconfig(), None)
    assert target.title == "the sandbox"


def test_an_environment_of_an_existing_cluster_is_deployed_to_its_context() -> None:
    """Whatever the user's current context is."""
    target = cluster_of(recorded("prod"))
    assert (target.is_sandbox, target.kubeconfig, target.context) == (False, None, "prod")
    assert target.title == "context prod"


def test_a_missing_kubectl_names_where_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not `FileNotFoundError`."""
    monkeypatch.setattr("ops.clusters.shutil.which", lambda _: None)
    with pytest.raises(OperationError, match=r"kubectl is not on PATH.*https://kubernetes\.io/docs/tasks/tools/"):
        cluster_of(recorded("prod")).kubectl()


def test_the_sandbox_is_started_with_the_capacity_that_the_environment_exports(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outputs are the interface between the two: a renamed key would be a TypeError in `make up`."""
    asked: list[dict[str, Any]] = []
    signature = inspect.signature(Sandbox.up)

    def up(*arguments: Any, **figures: Any) -> None:
        signature.bind(*arguments, **figures)
        asked.append(figures)

    monkeypatch.setattr(Sandbox, "up", up)
    start_sandbox(graph)
    assert asked == [graph.outputs["capacity"]]


def test_what_was_done_before_a_failure_is_listed_only_if_there_is_any(capsys: pytest.CaptureFixture[str]) -> None:
    """`Created before the end: 0 objects` would be noise."""
    done_so_far(console(), [], "Created")
    assert capsys.readouterr().out == ""
    done_so_far(console(), ["Service astrbot/api"], "Created")
    assert capsys.readouterr().out == "Created before the end, and kept so: 1 objects\n  Service astrbot/api\n"
