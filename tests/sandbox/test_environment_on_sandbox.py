"""AstrBot of dev on a real API server: what is there after `up`, killed, refused, without rights, and after `down`."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import stacks.schema.source
from graph.manifests import manifests
from graph.record import record
from paths import ROOT
from tests.sandbox.project import Project, contains

SHARED_CRDS = ROOT.parent / "shared" / "crds"
NAMESPACE = "astrbot"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    project = Project(tmp_path_factory.mktemp("state")).copy(tmp_path_factory.mktemp("program") / "saas-platform")
    home = tmp_path_factory.mktemp("home")
    # The built control plane is taken from where it is; everything else of the home folder is empty.
    cache = Path.home() / ".cache" / "saas-platform"
    project.variables |= {"HOME": str(home), "SAAS_PLATFORM_CACHE": str(cache)}
    for name in ("GOPATH", "GOCACHE", "GOMODCACHE"):
        project.variables[name] = str(home / name)
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text("current-context: somebody-elses-production\n")
    try:
        project.succeed("up")
        with pytest.MonkeyPatch.context() as patch:
            # What the tests record themselves is the copy's environment too.
            patch.setattr(stacks.schema.source, "ROOT", project.root)
            yield project
    finally:
        project.sandbox.reset()


def test_everything_that_is_declared_is_in_the_cluster_as_declared(project: Project) -> None:
    declared = [manifest for manifest in manifests(record("dev")) if not manifest.holds_secret]
    for manifest in declared:
        group, _, version = str(manifest.body["apiVersion"]).rpartition("/")
        where = [f"--namespace={manifest.namespace}"] if manifest.namespace else []
        found = project.kubectl("get", f"{manifest.kind}.{version}.{group}", manifest.name, *where, "-o", "json")
        live = json.loads(found)
        metadata = {key: manifest.body["metadata"][key] for key in ("name", "labels")}
        assert contains(live["metadata"], metadata), f"{manifest.title}: {live['metadata']}"
        if manifest.kind in ("NetworkPolicy", "RedisCluster", "Cluster", "PodDisruptionBudget", "Role"):
            body = {key: value for key, value in manifest.body.items() if key not in ("metadata", "apiVersion")}
            assert contains(live, body), f"{manifest.title} is not as declared: {live}"


def test_every_pod_runs_ready_on_a_node_and_every_volume_is_bound(project: Project) -> None:
    # Pods of Jobs come and go; theirs is to complete, which `up` waits for.
    running = "--field-selector=status.phase!=Succeeded"
    pods = project.objects("pods", f"--namespace={NAMESPACE}", running)
    ready = {
        pod["metadata"]["name"]: any(
            one["type"] == "Ready" and one["status"] == "True" for one in pod["status"]["conditions"]
        )
        for pod in pods
    }
    # Three of the gateway, session and message services, two of tenant and auth, the manager, two tenants, MinIO.
    assert len(pods) == 17, sorted(ready)
    assert all(ready.values()), ready
    claims = project.objects("persistentvolumeclaims", f"--namespace={NAMESPACE}")
    assert {claim["status"]["phase"] for claim in claims} == {"Bound"}


def test_no_pod_is_refused_or_warned_about_by_the_restricted_pod_security_standard(project: Project) -> None:
    label = "pod-security.kubernetes.io/enforce=restricted"
    printed = project.kubectl("label", "--dry-run=server", "--overwrite", "namespace", NAMESPACE, label)
    assert "violate" not in printed
    warnings = project.objects("events", f"--namespace={NAMESPACE}", "--field-selector=reason=FailedCreate")
    assert not warnings, [one["message"] for one in warnings]


def test_a_second_up_changes_nothing_and_says_so(project: Project) -> None:
    before = {one["metadata"]["uid"]: one["metadata"]["generation"] for one in _deployments(project)}
    printed = project.succeed("up")
    assert f"no changes, {len(record('dev'))} resources unchanged" in printed
    assert {one["metadata"]["uid"]: one["metadata"]["generation"] for one in _deployments(project)} == before


def test_generated_passwords_appear_in_no_output(project: Project) -> None:
    found = project.objects("secrets", "--all-namespaces", "--selector=platform.io/environment=dev")
    values = [value for one in found for value in one.get("data", {}).values() if len(value) > 30]
    assert len(values) > 5
    printed = project.succeed("up") + project.succeed("status") + project.succeed("preview", "--output", "json")
    for value in values:
        assert value not in printed
        assert base64.b64decode(value).decode() not in printed


def test_the_users_own_kubeconfig_is_neither_read_nor_written(project: Project) -> None:
    text = (Path(project.variables["HOME"]) / ".kube" / "config").read_text()
    assert text == "current-context: somebody-elses-production\n"


@pytest.mark.parametrize("seconds", [1.5, 4.0, 8.0])
def test_killed_at_any_moment_the_next_up_converges(project: Project, seconds: float) -> None:
    project.kubectl("delete", "deployment,service,configmap", "--all", f"-n{NAMESPACE}", "--wait=true")
    secrets = project.objects("secrets", f"-n{NAMESPACE}")
    project.kill_during("up", after=seconds)
    project.succeed("up")
    assert project.ops("status").returncode == 0
    assert [one["data"] for one in project.objects("secrets", f"-n{NAMESPACE}")] == [one["data"] for one in secrets]


def test_what_is_no_longer_declared_is_pruned_and_nothing_else(project: Project, tmp_path: Path) -> None:
    foreign = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "somebody-elses", "namespace": NAMESPACE}}
    project.kubectl("apply", "-f", "-", stdin=json.dumps(foreign))
    changed = project.copy(tmp_path / "copy")
    file = changed.root / "Pulumi.dev.yaml"
    file.write_text(file.read_text().replace("        - name: globex\n", ""))
    # The sandbox is the same: only the program differs.
    printed = changed.succeed("up")
    # The Deployment, its Service, and what groups them.
    assert "3 removed" in printed
    names = {one["metadata"]["name"] for one in _deployments(project)}
    assert "- Deployment astrbot/astrbot-instance-globex" in printed
    assert "astrbot-instance-acme" in names
    assert "astrbot-instance-globex" not in names
    assert project.kubectl("get", "configmap", "somebody-elses", f"-n{NAMESPACE}", "-o", "name")
    project.succeed("up")


def test_a_refused_object_gives_the_apis_words_and_keeps_what_was_applied(project: Project) -> None:
    project.kubectl("delete", "deployment", "auth-service", f"-n{NAMESPACE}")
    project.kubectl("apply", "-f", "-", stdin=json.dumps(_refuse("auth-service")))
    try:
        # A new admission policy takes a moment until the API server heeds it.
        for _ in range(20):
            done = project.ops("up", "--timeout", "5")
            if done.returncode:
                break
            project.kubectl("delete", "deployment", "auth-service", f"-n{NAMESPACE}")
        assert done.returncode == 1, done.stdout
        assert "no auth-service today" in done.stderr
        assert "auth-service" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        project.kubectl("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", "refuse")
    project.succeed("up")


def test_a_user_without_rights_sees_what_is_forbidden(project: Project, tmp_path: Path) -> None:
    kubeconfig = _kubeconfig_of_a_nobody(project, tmp_path)
    nobody = Project(project.state, variables={**project.variables, "KUBECONFIG": str(kubeconfig)})
    nobody.variables["PATH"] = f"{project.sandbox.kubectl.parent}:{nobody._environment()['PATH']}"
    done = nobody.ops("up", "--context", "nobody")
    assert done.returncode == 1
    assert "forbidden" in done.stderr
    assert "system:serviceaccount:default:nobody" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_cluster_is_named_and_the_status_is_not_zero(project: Project, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(re.sub(r"https://127\.0\.0\.1:\d+", "https://127.0.0.1:1", _kubeconfig(project)))
    gone = Project(project.state, variables={**project.variables, "KUBECONFIG": str(kubeconfig)})
    gone.variables["PATH"] = f"{project.sandbox.kubectl.parent}:{gone._environment()['PATH']}"
    done = gone.ops("up", "--context", "sandbox-default")
    assert done.returncode == 1
    assert "context sandbox-default cannot be reached" in done.stderr
    unknown = gone.ops("up", "--context", "misspelt")
    assert unknown.returncode == 1
    assert "misspelt" in unknown.stderr
    assert "get-contexts" in unknown.stderr


def test_down_removes_exactly_what_up_created(project: Project) -> None:
    project.kubectl("create", "namespace", "somebody-elses")
    printed = project.succeed("down")
    assert "objects removed from the sandbox" in printed
    assert not project.sandbox.running
    project.sandbox.up()
    label = "--selector=platform.io/environment=dev"
    left = project.objects("configmap,secret,networkpolicy,deployment,service", "--all-namespaces", label)
    assert not left, [one["metadata"]["name"] for one in left]
    namespaces = {one["metadata"]["name"] for one in project.objects("namespaces")}
    assert NAMESPACE not in namespaces
    assert "somebody-elses" in namespaces


@pytest.mark.skipif(not SHARED_CRDS.is_dir(), reason="the published CRDs (../shared/crds) are not here")
def test_the_operators_real_schemas_accept_everything(project: Project) -> None:
    project.sandbox.reset()
    # With one node, as dev has it; `up` then finds the definitions there and leaves them alone.
    project.sandbox.up(nodes=1, zones=1, crds=SHARED_CRDS)
    _until_schemas_are_published(project)
    project.succeed("up")
    assert project.ops("status").returncode == 0


def _until_schemas_are_published(project: Project) -> None:
    """So many definitions at once keep the API server busy with its schema for longer than kubectl waits for it."""
    command = [
        str(project.sandbox.kubectl),
        f"--kubeconfig={project.sandbox.kubeconfig}",
        "get",
        "--raw",
        "/openapi/v2",
    ]
    for _ in range(10):
        if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return
    pytest.fail("the API server does not publish its schema")


def _deployments(project: Project) -> list[dict[str, dict[str, str]]]:
    return project.objects("deployments", f"--namespace={NAMESPACE}")


def _kubeconfig(project: Project) -> str:
    return project.sandbox.kubeconfig.read_text()


def _kubeconfig_of_a_nobody(project: Project, folder: Path) -> Path:
    project.kubectl("create", "serviceaccount", "nobody", "--namespace=default")
    token = project.kubectl("create", "token", "nobody", "--namespace=default").strip()
    path = folder / "nobody"
    path.write_text(_kubeconfig(project))
    # Written by hand, since the token must not become an argument of a process.
    import yaml

    config = yaml.safe_load(path.read_text())
    config["users"] = [{"name": "nobody", "user": {"token": token}}]
    cluster = config["clusters"][0]["name"]
    config["contexts"] = [{"name": "nobody", "context": {"cluster": cluster, "user": "nobody"}}]
    path.write_text(yaml.safe_dump(config))
    return path


def _refuse(name: str) -> dict[str, object]:
    api = "admissionregistration.k8s.io/v1"
    rules = [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}]
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": rules},
        "validations": [{"expression": f"object.metadata.name != '{name}'", "message": f"no {name} today"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "refuse"}, "spec": policy},
            {
                "apiVersion": api,
                "kind": "ValidatingAdmissionPolicyBinding",
                "metadata": {"name": "refuse"},
                "spec": {"policyName": "refuse", "validationActions": ["Deny"]},
            },
        ],
    }
