"""What `up`, `down` and `status` decide before and after the engine's work."""

from __future__ import annotations

import base64
import inspect
import shutil
from pathlib import Path
from typing import Any

import pytest

import ops.deploy
import ops.engines.passwords
from components.namespace import NamespaceBaseline
from graph.manifests import manifests
from graph.model import MASK, Graph, Resource, Secret
from graph.monitor import PasswordSource, placeholder_password
from graph.record import record
from ops.clusters import Cluster, cluster_of
from ops.deploy import redact, start_sandbox
from ops.engines.changes import Changes
from ops.engines.passwords import PasswordFile
from ops.errors import OperationError
from ops.reports.deployment import applied_so_far
from paths import sandbox_kubeconfig
from policy.evaluation import evaluate
from sandbox import Sandbox
from tests.unit.commands import ops as run
from tests.unit.fake_cluster import FakeKubectl
from tests.unit.recordings import planted_passwords, recorded, recorded_with_planted_passwords, with_systems
from tests.unit.scratch import Scratch, as_text


def graph_of(**inputs: Any) -> Graph:
    return Graph("dev", (Resource(urn="urn", type="t", name="n", parent=None, custom=True, inputs=inputs),))


@pytest.mark.parametrize("wrap", [lambda text: {"password": Secret(text)}, lambda text: Secret({"password": text})])
def test_a_secret_that_a_tool_quotes_is_masked(wrap: Any) -> None:
    """kubectl quotes the object that the API refused: error messages end in logs."""
    encoded = base64.b64encode(b"hunter2hunter2").decode()
    text = redact(f"invalid value {encoded}, decoded hunter2hunter2", graph_of(data=wrap(encoded)))
    assert text == f"invalid value {MASK}, decoded {MASK}"


def test_a_secret_that_contains_another_is_masked_whole() -> None:
    """Masked in the wrong order, the rest of the longer one stays readable."""
    pairs = [("abcd", "abcdefgh"), ("secret-password-1", "secret-password-12345"), ("wxyz", "uvwxyz")]
    for short, long in pairs:
        graph = graph_of(one={"a": Secret(short)}, other={"b": Secret(long)})
        assert redact(f"value {long}.", graph) == f"value {MASK}.", f"{short} in {long}"


def test_a_text_without_a_secret_stays_as_it_is(dev: Graph) -> None:
    """The API's own words are what a person needs."""
    message = 'The Deployment "api-gateway" is invalid: spec.template.spec.containers[0].image: Required value'
    assert redact(message, recorded_with_planted_passwords(dev.stack)) == message


def test_every_generated_password_is_masked_in_a_message(dev: Graph) -> None:
    """On the environment itself, plain and as the Secret holds it."""
    graph = recorded_with_planted_passwords(dev.stack)
    for password in planted_passwords(graph):
        encoded = base64.b64encode(password.encode()).decode()
        text = redact(f"{password} {encoded}", graph)
        assert password not in text
        assert encoded not in text


class Failing(FakeKubectl):
    """A cluster that refuses Secrets, and quotes them as it does."""

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        if arguments[0] == "apply" and stdin and '"kind": "Secret"' in stdin:
            from ops.kubectl import ClusterError

            raise ClusterError(f"Error from server: cannot store {stdin}")
        return super().run(*arguments, stdin=stdin)


@pytest.fixture
def own_passwords(cluster: FakeKubectl, scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Development with one system is recorded anew with the passwords of its file, as it is outside of tests."""
    assert cluster.state.calls == []
    scratch.write(as_text(with_systems("dev", "astrbot")), "dev")

    def once(stack: str, passwords: PasswordSource = placeholder_password) -> Graph:
        return scratch.recorded(stack) if passwords is placeholder_password else record(stack, passwords)

    monkeypatch.setattr(ops.deploy, "record", once)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeKubectl:
    """`up` deploys to a cluster in memory with the recorded engine; state and sandbox are out of the way."""
    fake = FakeKubectl()
    _use(fake, tmp_path, monkeypatch)
    return fake


def _use(fake: FakeKubectl, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not by `SAAS_PLATFORM_STATE`, which would also move the sandbox of environments that are recorded already.
    monkeypatch.setattr(ops.engines.passwords, "state_directory", lambda: folder)
    monkeypatch.setattr(ops.deploy, "evaluate", lambda _: ())
    monkeypatch.setattr(Cluster, "kubectl", lambda _: fake)
    monkeypatch.setattr(ops.deploy, "record", lambda stack, *_passwords: recorded(stack))
    monkeypatch.setattr(ops.deploy, "start_sandbox", lambda _: None)
    monkeypatch.setattr(ops.deploy, "_sandbox_runs", lambda: True)
    monkeypatch.setattr(Sandbox, "down", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)


def test_up_deploys_and_says_what_runs_where_and_what_is_next(cluster: FakeKubectl) -> None:
    """The whole command, against a cluster in memory."""
    outcome = run("up")
    assert outcome.status == 0, outcome
    assert f"{len(manifests(recorded('dev')))} created" in outcome.out
    assert "astrbot: https://api.dev.saas-platform.com" in outcome.out
    assert "Deployment api-gateway" in outcome.out
    assert "make down ENV=dev" in outcome.out
    assert cluster.state.objects


@pytest.mark.usefixtures("own_passwords")
def test_up_again_changes_nothing_and_says_so(cluster: FakeKubectl) -> None:
    """Also the passwords stay: a new one would change every Secret."""
    first = run("up")
    second = run("up")
    assert (first.status, second.status) == (0, 0)
    assert "no changes" in second.out
    assert "created" not in second.out
    assert cluster.state.refused == set()


def test_up_that_a_policy_refuses_touches_nothing(
    cluster: FakeKubectl, scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The preview comes first, and it decides."""
    scratch.write(as_text(with_systems("dev", "orders")), "dev")
    monkeypatch.setattr(NamespaceBaseline, "_default_deny", lambda *_: None)
    monkeypatch.setattr(ops.deploy, "record", record)
    monkeypatch.setattr(ops.deploy, "evaluate", evaluate)
    outcome = run("up")
    assert outcome.status == 1
    assert "Not deployed: a mandatory policy is violated" in outcome.out
    assert cluster.state.calls == []


def test_up_that_the_api_refuses_says_what_it_said_and_what_is_there_now(cluster: FakeKubectl) -> None:
    """Exit status 1, the API's words, and the account of what was applied."""
    cluster.state.refused.add("StatefulSet astrbot/minio")
    outcome = run("up")
    assert outcome.status == 1
    assert 'StatefulSet "minio" is invalid: spec: Required value' in outcome.err
    assert "Applied before the failure, and kept:" in outcome.out
    assert "Namespace astrbot" in outcome.out
    assert "Traceback" not in outcome.err


@pytest.mark.usefixtures("own_passwords")
def test_up_that_fails_shows_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """kubectl prints the object that it could not apply, and that object is a Secret."""
    fake = Failing()
    monkeypatch.setattr(Cluster, "kubectl", lambda _: fake)
    outcome = run("up")
    assert outcome.status == 1
    assert "cannot store" in outcome.err, outcome
    file = PasswordFile("dev")
    passwords = [
        file.password(name, {"length": 1})
        for name in ("astrbot-credentials-jwt-secret", "astrbot-credentials-redis-password")
    ]
    for password in passwords:
        assert len(password) == 32, "the test does not know the name of the password"
        for form in (password, base64.b64encode(password.encode()).decode()):
            assert form not in outcome.out + outcome.err


@pytest.mark.usefixtures("own_passwords")
def test_down_removes_everything_and_the_passwords(cluster: FakeKubectl, scratch: Scratch, tmp_path: Path) -> None:
    """The data is gone: a password that stayed would be of no use to anybody but a thief."""
    assert run("up").status == 0
    assert (tmp_path / "dev" / "passwords.json").exists()
    outcome = run("down")
    assert outcome.status == 0, outcome
    assert cluster.state.objects == {}
    assert f"{len(manifests(scratch.recorded('dev')))} objects removed from the sandbox" in outcome.out
    assert not (tmp_path / "dev" / "passwords.json").exists()


def test_down_refuses_while_protected_data_is_there(cluster: FakeKubectl) -> None:
    """Removing the namespace would take the database along, protected or not."""
    assert run("up", "-s", "prod").status == 0
    before = dict(cluster.state.objects)
    outcome = run("down", "-s", "prod")
    assert outcome.status == 1
    assert "Cluster astrbot/postgresql-cluster" in outcome.err
    assert cluster.state.objects == before


def test_status_is_0_only_if_everything_is_available(cluster: FakeKubectl) -> None:
    """A pipeline waits for it."""
    assert run("status").status == 1
    assert run("up").status == 0
    assert run("status").status == 0
    cluster.state.stuck.add("Deployment astrbot/api-gateway")
    del cluster.state.objects["Deployment", "astrbot", "api-gateway"]
    outcome = run("status")
    assert outcome.status == 1
    assert "does not exist" in outcome.out


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


def test_changes_so_far_are_listed_only_if_there_are_any(capsys: pytest.CaptureFixture[str]) -> None:
    """`Applied before the failure: 0 objects` would be noise."""
    from ops.console import console

    applied_so_far(console(), Changes())
    assert capsys.readouterr().out == ""
