"""The preflight on a real API server: what is taken out of a cluster is what it names, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from graph.model import Graph
from ops.kubectl import ClusterError, Kubectl
from ops.preflight import problems
from ops.preflight.api import Api, Request, api
from paths import ROOT
from sandbox import Sandbox
from tests.sandbox.cluster import Cluster, runs, thing
from tests.unit.recordings import recorded
from tests.unit.scratch import graph_of

FILE: dict[str, Any] = {
    "saas-platform:tier": "dev",
    "saas-platform:domain": "example.com",
    "saas-platform:cluster": {"kind": "sandbox"},
    "saas-platform:systems": {"orders": {}},
}
STORE = {
    "name": "own",
    "path": "saas-platform",
    "provider": {
        "kind": "kubernetes",
        "namespace": "default",
        "service_account": {"name": "default", "namespace": "default"},
    },
}


@dataclass
class Own:
    """A sandbox of this file's, since things are taken out of it."""

    sandbox: Sandbox
    cluster: Cluster

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl(self.sandbox.kubectl, self.sandbox.kubeconfig)

    @contextmanager
    def without(self, kind: str, *names: str) -> Iterator[None]:
        """Take objects out of the cluster, and put them back."""
        bodies = [self.cluster.get(kind, name) for name in names]
        self.cluster.run("delete", kind, *names, "--wait=true", "--timeout=60s")
        try:
            yield
        finally:
            for body in bodies:
                for key in ("resourceVersion", "uid", "managedFields", "creationTimestamp", "generation"):
                    body["metadata"].pop(key, None)
                body.pop("status", None)
                self.cluster.run("create", "-f", "-", stdin=json.dumps(body))

    def problems(self, graph: Graph | None = None) -> list[str]:
        return problems(self.kubectl, graph or recorded("dev"))

    def user(self, name: str, folder: Path) -> Kubectl:
        """A kubectl of a service account, which has no rights but what it is given."""
        self.cluster.apply(thing("v1", "ServiceAccount", name))
        token = self.cluster.run("create", "token", name).strip()
        config = json.loads(self.sandbox.kubeconfig.read_text())
        config["users"][0]["user"] = {"token": token}
        file = folder / "kubeconfig"
        file.write_text(json.dumps(config))
        return Kubectl(self.sandbox.kubectl, file)

    def may(self, name: str, rules: list[dict[str, Any]]) -> None:
        """Give rights in the whole cluster to a service account."""
        subject = {"kind": "ServiceAccount", "name": name, "namespace": self.cluster.namespace}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
        group = "rbac.authorization.k8s.io/v1"
        self.cluster.apply(
            thing(group, "ClusterRole", name, rules=rules),
            thing(group, "ClusterRoleBinding", name, roleRef=role, subjects=[subject]),
        )


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    sandbox = Sandbox("preflight", state=tmp_path_factory.mktemp("state"))
    try:
        sandbox.up()
        yield Own(sandbox, Cluster(sandbox, "default"))
    finally:
        sandbox.reset()


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_the_sandbox_lacks_nothing_for_any_environment(own: Own, stack: str) -> None:
    """`make up` would be refused on the cluster that comes with the program."""
    assert own.problems(recorded(stack)) == []


def test_all_of_dev_takes_a_few_requests_and_one_kubectl(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    """What grows with the number of objects makes every `make up` slower."""
    asked: list[Request] = []
    ask = Api.ask

    def counted(self: Api, requests: Any) -> Any:
        asked.extend(requests)
        return ask(self, requests)

    monkeypatch.setattr(Api, "ask", counted)
    assert own.problems() == []
    assert len(asked) < 30, [one.path for one in asked]


@pytest.mark.parametrize(
    ("taken", "stack", "named"),
    [
        (
            ("crd", "redis.redis.redis.opstreelabs.in"),
            "dev",
            "the cluster does not know Redis of redis.redis.opstreelabs.in/v1beta2: install redis-operator",
        ),
        (("storageclass", "fast-ssd"), "dev", "StorageClass fast-ssd does not exist"),
        (("ingressclass", "nginx"), "dev", "IngressClass nginx does not exist"),
        (("clusterissuer", "letsencrypt-staging"), "staging", "ClusterIssuer letsencrypt-staging does not exist"),
        (("clustersecretstore", "platform"), "staging", "ClusterSecretStore platform does not exist"),
        (("namespace", "argocd"), "staging", "the namespace argocd does not exist (AppProject, Application"),
        (("namespace", "ingress-nginx"), "dev", "the namespace ingress-nginx does not exist (named by NetworkPolicy"),
    ],
)
def test_what_is_taken_away_is_named_and_nothing_else(own: Own, taken: tuple[str, str], stack: str, named: str) -> None:
    with own.without(*taken):
        (problem,) = eventually(lambda: own.problems(recorded(stack)))
        assert problem.startswith(named)
    assert eventually(lambda: own.problems(recorded(stack)), 0) == []


def test_all_that_is_missing_is_said_at_once_and_the_sandbox_makes_it_anew(own: Own) -> None:
    """One thing each run costs a run for each thing."""
    own.cluster.run("delete", "storageclass/fast-ssd", "ingressclass/nginx")
    own.cluster.run("delete", "crd", "poolers.postgresql.cnpg.io", "podmonitors.monitoring.coreos.com")
    found = eventually(own.problems, 4)
    assert [one.partition(" ")[0] for one in found] == ["the", "the", "IngressClass", "StorageClass"]
    own.sandbox.up()
    assert eventually(own.problems, 0) == []


def test_claims_without_a_class_want_a_default_one(own: Own) -> None:
    """Their pods would wait without end, and `make up` with them."""
    graph = graph_of("dev", {"config": {**FILE, "saas-platform:overrides": {"storage_class": None}}})
    assert own.problems(graph) == []
    annotation = "storageclass.kubernetes.io/is-default-class"
    own.cluster.run("annotate", "--overwrite", "storageclass", "standard", f"{annotation}=false")
    (problem,) = own.problems(graph)
    assert problem.startswith("the cluster has no default StorageClass")
    own.cluster.run("annotate", "--overwrite", "storageclass", "standard", f"{annotation}=true")


def test_the_secret_behind_a_store_of_this_cluster_must_have_every_key(own: Own) -> None:
    config = {**FILE, "saas-platform:tier": "staging", "saas-platform:secret_store": STORE}
    config["saas-platform:systems"] = {"astrbot": {}}
    graph = graph_of("dev", {"config": config})
    (problem,) = own.problems(graph)
    assert problem.startswith("the store of secrets reads Secret default/saas-platform, which does not exist")
    own.cluster.apply(thing("v1", "Secret", "saas-platform", stringData={"astrbot-jwt-secret": "a secret value"}))
    (problem,) = own.problems(graph)
    assert "which lacks keys" in problem and "astrbot-postgresql-password" in problem
    assert "astrbot-jwt-secret" not in problem and "a secret value" not in problem


def test_a_cluster_whose_nodes_take_no_pods_is_named(own: Own) -> None:
    own.cluster.run("cordon", "--selector=kubernetes.io/os=linux")
    try:
        (problem,) = own.problems()
        assert problem.startswith("no node of the cluster is ready and takes pods")
    finally:
        own.cluster.run("uncordon", "--selector=kubernetes.io/os=linux")
    assert own.problems() == []


def test_a_user_without_any_right_is_told_so_in_few_lines_and_of_nothing_that_is_there(
    own: Own, tmp_path: Path
) -> None:
    """What may not be looked up is not missing; and three hundred refused requests are nothing to read."""
    (lacks, unknown) = problems(own.user("nobody", tmp_path), recorded("dev"))
    first, *lines = lacks.splitlines()
    assert first == (
        "the user system:serviceaccount:default:nobody lacks rights that this environment needs "
        "(docs/how-to/own-cluster.md#rights):"
    )
    assert "    in the cluster: get, list, create, patch, delete everything" not in lines
    assert any(line.startswith("    in the cluster: get, list, create, patch, delete ClusterRole,") for line in lines)
    assert any(line.endswith("get, list, create, patch, delete everything") for line in lines)
    assert len(lines) < 12, lacks
    assert unknown.startswith("could not be looked up, for want of rights or an answer: ")
    assert "fast-ssd" in unknown and "the nodes" in unknown


def test_a_user_with_all_but_some_rights_is_told_just_those(own: Own, tmp_path: Path) -> None:
    user = own.user("some", tmp_path)
    every = {"apiGroups": ["*"], "resources": ["*"]}
    own.may("some", [{**every, "verbs": ["get", "list", "watch", "escalate", "bind"]}])
    (lacks,) = problems(user, recorded("dev"))
    assert all("get" not in line.split(": ", 1)[1].split(",")[0] for line in lacks.splitlines()[1:]), lacks
    assert "create, patch, delete" in lacks and "to grant by" not in lacks
    verbs = ["create", "delete", "get", "list", "patch"]
    own.may("some", [{**every, "verbs": verbs}])
    (lacks,) = eventually(lambda: problems(user, recorded("dev")))
    assert [line.partition(",")[0] for line in lacks.splitlines()[1:]] == [
        line for line in (one.partition(",")[0] for one in lacks.splitlines()[1:]) if "to grant by" in line
    ], "only what the roles grant is lacking now"
    own.may("some", [{**every, "verbs": [*verbs, "escalate", "bind"]}])
    assert eventually(lambda: problems(user, recorded("dev")), 0) == []


def test_a_cluster_that_does_not_answer_is_no_list_of_missing_things(own: Own, tmp_path: Path) -> None:
    config = json.loads(own.sandbox.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    with pytest.raises(ClusterError, match="cannot be reached"):
        problems(Kubectl(own.sandbox.kubectl, tmp_path / "kubeconfig"), recorded("dev"))


def test_a_context_that_is_not_there_is_named_as_by_kubectl(own: Own) -> None:
    with pytest.raises(ClusterError, match='context "gone" does not exist'):
        problems(Kubectl(own.sandbox.kubectl, own.sandbox.kubeconfig, "gone"), recorded("dev"))


def test_nobody_else_can_use_the_way_to_the_cluster_and_nothing_of_it_stays(own: Own) -> None:
    """Whoever opens the socket is the user of the kubeconfig."""
    before = set(psutil.Process().children(recursive=True))
    with api(own.kubectl) as server:
        folder = server._path.parent
        assert folder.stat().st_mode & 0o777 == 0o700
        assert server.ask([Request("/version"), Request("/api/v1/namespaces/default")])[1].ok
    assert not folder.exists()
    assert {one for one in psutil.Process().children(recursive=True) if one not in before and runs(one.pid)} == set()


def test_a_command_that_is_killed_leaves_no_way_to_the_cluster_behind(own: Own) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from ops.kubectl import Kubectl; from ops.preflight.api import api\n"
        "with api(Kubectl(Path(sys.argv[1]), Path(sys.argv[2]))): print('ready', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(own.sandbox.kubectl), str(own.sandbox.kubeconfig)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "ready\n"
        left = psutil.Process(process.pid).children(recursive=True)
        assert any("proxy" in one.cmdline() for one in left)
        process.kill()
    _, alive = psutil.wait_procs(left, timeout=10)
    assert alive == []


def eventually(found: Callable[[], list[str]], count: int = 1) -> list[str]:
    """What is found as soon as there is as much of it: definitions, namespaces and rights go and come in a moment."""
    deadline = time.monotonic() + 20
    while len(result := found()) != count and time.monotonic() < deadline:
        time.sleep(0.2)
    assert len(result) == count, result
    return result
