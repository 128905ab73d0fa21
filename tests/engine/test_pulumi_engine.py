"""Pulumi deploys dev on the sandbox: up, again, drift, lost state, questions, policies, down; nothing is left."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.manifests import Manifest, manifests
from graph.model import revealed
from graph.record import record
from paths import PROJECT, ROOT
from sandbox import tools
from tests.sandbox.project import Project, contains

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed, so no engine can be built")
NAMESPACE = "astrbot"
# The engine makes a provider by itself where the program names none, as it does of pulumi-random.
_DEFAULT_PROVIDER = "pulumi:providers:random::default_"


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    """What the first `up` said."""
    return {}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, printed: dict[str, str]) -> Iterator[Project]:
    project = Project(tmp_path_factory.mktemp("state"))
    try:
        printed["up"] = project.succeed("up")
        yield project
    finally:
        project.sandbox.reset()


def state_file(project: Project) -> Path:
    return project.state / "pulumi" / ".pulumi" / "stacks" / PROJECT / "dev.json"


def resources(project: Project) -> list[dict[str, Any]]:
    """The resources of the state as it is stored."""
    checkpoint = json.loads(state_file(project).read_text())["checkpoint"]
    found: list[dict[str, Any]] = checkpoint["latest"]["resources"]
    return found


def backups(project: Project) -> list[Path]:
    return [*(project.state / "backups").rglob("*.json")]


def secrets(project: Project) -> str:
    """A digest of all values of the environment's Secrets."""
    found = project.objects("secrets", "--all-namespaces", "--selector=platform.io/environment=dev")
    data = {f"{one['metadata']['namespace']}/{one['metadata']['name']}": one.get("data") for one in found}
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def test_up_says_that_pulumi_deploys_and_how_much_it_made(project: Project, printed: dict[str, str]) -> None:
    assert "Pulumi 3." in printed["up"] and "deploys" in printed["up"]
    assert f"{len(manifests(record('dev')))} Kubernetes objects" in printed["up"]
    assert project.sandbox.running


def test_the_state_holds_the_resources_of_the_recorded_graph_one_for_one(project: Project) -> None:
    """What was previewed and judged is what was deployed, under the same names."""
    found = sorted(one["urn"] for one in resources(project) if _DEFAULT_PROVIDER not in one["urn"])
    assert found == sorted(one.urn for one in record("dev"))


def test_every_object_is_as_it_was_recorded(project: Project) -> None:
    different = [found for one in manifests(record("dev")) if (found := _difference(project, one))]
    assert not different, "\n".join(different)


def test_a_second_up_changes_nothing_and_says_so(project: Project) -> None:
    before = state_file(project).read_bytes()
    assert f"no changes, {len(record('dev'))} resources unchanged" in project.succeed("up")
    assert state_file(project).read_bytes() == before, "nothing was to be done, and the state was written"


def test_the_environments_file_is_left_as_it_was_and_state_is_private(project: Project) -> None:
    assert "encryptionsalt" not in (ROOT / "Pulumi.dev.yaml").read_text()
    files = [path for path in (project.state / "pulumi").rglob("*") if path.is_file() and path.name != "meta.yaml"]
    for path in (*files, *backups(project)):
        open_folder = any(folder.stat().st_mode & 0o077 == 0 for folder in path.parents)
        assert open_folder, f"{path} can be read by others"


def test_no_secret_is_in_the_state_or_a_backup_in_clear(project: Project) -> None:
    project.succeed("state", "backup")
    texts = [state_file(project).read_text()]
    texts += [path.read_text() for path in backups(project)]
    assert len(texts) > 1
    found = project.objects("secrets", "--all-namespaces", "--selector=platform.io/environment=dev")
    values = [value for one in found for value in one.get("data", {}).values() if len(value) > 30]
    assert len(values) > 10
    for text in texts:
        assert not [value for value in values if value in text]


def test_the_engines_own_preview_with_the_policy_pack_is_clean(project: Project) -> None:
    """What `pulumi preview --policy-pack policy` says, with the levels of the stack's tier."""
    said = project.succeed("preview", "--engine")
    assert f"no changes, {len(record('dev'))} resources unchanged" in said
    assert "mandatory" not in said


def test_a_policy_that_is_violated_stops_up_before_anything_is_changed(project: Project, tmp_path: Path) -> None:
    changed = project.copy(tmp_path / "copy")
    path = changed.root / "components" / "kubernetes" / "namespace.py"
    path.write_text(path.read_text().replace('"enforce"', '"ignored"'))
    file = changed.root / "components" / "kubernetes" / "pods.py"
    text = file.read_text()
    assert "allow_privilege_escalation" in text or "allowPrivilegeEscalation" in text
    for name in ("allow_privilege_escalation", "allowPrivilegeEscalation"):
        text = text.replace(f'"{name}": False', f'"{name}": True').replace(f"{name}=False", f"{name}=True")
    file.write_text(text)
    before = state_file(project).read_bytes()
    done = changed.ops("up")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Not deployed: a mandatory policy is violated" in done.stdout
    assert state_file(project).read_bytes() == before


def test_what_was_deleted_or_edited_by_hand_is_said_and_put_back(project: Project) -> None:
    """A Secret and a ConfigMap were missing, and `up` said `no changes`."""
    before, kept = secrets(project), len(backups(project))
    in_namespace = f"--namespace={NAMESPACE}"
    project.kubectl("delete", "service/auth-service", "secret/postgresql-secret", "networkpolicy/minio", in_namespace)
    patch = json.dumps({"data": {"LOG_LEVEL": "TRACE"}})
    project.kubectl("patch", "configmap", "saas-platform-config", in_namespace, "--type=merge", f"--patch={patch}")
    project.kubectl("label", "namespace", "orders", "pod-security.kubernetes.io/enforce=privileged", "--overwrite")
    # Nobody declares these: an apply leaves them alone.
    project.kubectl("set", "env", "deployment/auth-service", "ADDED=1", in_namespace)
    egress = json.dumps([{"op": "add", "path": "/spec/egress", "value": [{}]}])
    project.kubectl("patch", "networkpolicy", "default-deny", in_namespace, "--type=json", f"--patch={egress}")
    drift = project.ops("drift")
    assert drift.returncode == 1
    for said in (drift.stdout, project.succeed("up")):
        assert "Secret astrbot/postgresql-secret: missing from the cluster" in said
        assert "data.LOG_LEVEL: 'TRACE' instead of 'DEBUG' (written by kubectl-patch at" in said
        assert "'privileged' instead of 'restricted'" in said
        assert "added by kubectl-set" in said
        assert "spec.egress: added by kubectl-patch" in said
    assert "program, state and cluster agree" in project.succeed("drift")
    policy = json.loads(project.kubectl("get", "networkpolicy", "default-deny", in_namespace, "-o", "json"))
    assert "egress" not in policy["spec"]
    assert secrets(project) == before, "a password changed silently"
    assert "no changes" in project.succeed("up")
    assert len(backups(project)) > kept, "the state that the run found was not kept"


def test_a_lost_state_is_said_and_taken_over_only_when_told_to(project: Project) -> None:
    """Today `up` made everything anew and failed half-way, and `down` said that all was removed."""
    before, kept = secrets(project), project.state / "kept"
    shutil.move(project.state / "pulumi", kept)
    for command in ("up", "down"):
        done = project.ops(command)
        assert done.returncode == 1
        assert "the state is lost, or of another machine" in done.stderr
        assert "ADOPT=1" in done.stderr
    said = project.succeed("up", "--adopt")
    assert f"Taken over: {len(manifests(record('dev')))} objects" in said
    assert secrets(project) == before, "a password changed"
    assert "no changes" in project.succeed("up")
    shutil.rmtree(kept)


def test_a_torn_state_is_said_and_restored_from_its_backup(project: Project) -> None:
    project.succeed("state", "backup")
    good = state_file(project).read_bytes()
    for torn in (b"", good[: len(good) // 2]):
        state_file(project).write_bytes(torn)
        for command in (("up",), ("down",), ("state", "check"), ("drift",)):
            done = project.ops(*command)
            assert done.returncode == 1, command
            assert "cannot be read" in done.stderr and "ops state restore" in done.stderr
            assert "Traceback" not in done.stderr
    project.succeed("state", "restore", "--yes")
    assert "sound" in project.succeed("state", "check")
    assert "no changes" in project.succeed("up")


def test_what_is_another_environments_or_nobodys_is_not_taken(project: Project, tmp_path: Path) -> None:
    """Applying is by force: it would be taken from whoever has it."""
    changed = project.copy(tmp_path / "copy")
    file = changed.root / "Pulumi.dev.yaml"
    shutil.copy(ROOT / "Pulumi.dev.yaml", file)
    service = "      services:\n        - {name: billing-service, replicas: 1, cpu: 100m, memory: 128Mi}\n"
    file.write_text(file.read_text().replace("        - name: globex\n", f"        - name: globex\n{service}"))
    body = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "billing-service", "namespace": NAMESPACE},
    }
    project.kubectl("create", "-f", "-", stdin=json.dumps(body))
    done = changed.ops("up")
    assert done.returncode == 1
    assert "ServiceAccount astrbot/billing-service" in done.stderr and "not taken over" in done.stderr
    project.kubectl("delete", "serviceaccount", "billing-service", f"--namespace={NAMESPACE}")


def test_what_would_go_is_shown_and_goes_only_with_a_yes(project: Project, tmp_path: Path) -> None:
    changed = project.copy(tmp_path / "copy")
    file = changed.root / "Pulumi.dev.yaml"
    shutil.copy(ROOT / "Pulumi.dev.yaml", file)
    file.write_text(file.read_text().replace("    cloudlens: {}\n", ""))
    done = changed.unanswered("up")
    assert done.returncode == 1
    assert "- Namespace cloudlens" in done.stdout
    assert "nobody can be asked here" in done.stderr
    assert project.kubectl("get", "namespace", "cloudlens", "-o", "name")


def test_another_run_meanwhile_is_refused(project: Project) -> None:
    running = project.started("up")
    try:
        lock = project.state / "locks" / "environment-dev.lock"
        deadline = time.monotonic() + 60
        while "process" not in lock.read_text() or str(running.pid) not in lock.read_text():
            assert time.monotonic() < deadline and running.poll() is None
            time.sleep(0.02)
        done = project.ops("down")
        assert done.returncode == 1
        assert f"up of dev (process {running.pid}) is at work" in done.stderr
    finally:
        running.wait(timeout=120)
        assert running.stdout is not None
        running.stdout.close()


def test_ctrl_c_says_what_was_done_and_the_next_run_goes_on(project: Project) -> None:
    """What had been begun is finished, so that the state knows all of it."""
    project.kubectl("delete", "deployment,service,configmap", "--all", f"--namespace={NAMESPACE}", "--wait=true")
    running = subprocess.Popen(
        [sys.executable, "-m", "ops", "up"],
        cwd=project.root,
        env=project._environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    in_namespace = ("services", f"--namespace={NAMESPACE}")
    deadline = time.monotonic() + 120
    while not project.objects(*in_namespace):
        assert time.monotonic() < deadline and running.poll() is None
        time.sleep(0.1)
    os.killpg(running.pid, signal.SIGINT)
    printed, _ = running.communicate(timeout=120)
    assert running.returncode == 130, printed
    assert "Stopping once what has been begun is done" in printed
    assert "before the end, and kept so" in printed
    assert "Traceback" not in printed
    project.succeed("up")
    assert "no changes" in project.succeed("up")


def test_invalid_configuration_is_listed_by_the_engine_without_a_traceback(project: Project, tmp_path: Path) -> None:
    """A plain `pulumi up` must say what `ops` says: the program itself is asked here, by the engine."""
    script = (
        "from rich.console import Console\n"
        "from ops.engine.backend import LocalBackend\nfrom ops.engine.programs import find\n"
        "from ops.engine.stack import EngineStack\n"
        "programs = find(Console())\n"
        "EngineStack('dev', LocalBackend('dev'), programs, programs.variables).preview()\n"
    )
    changed = project.copy(tmp_path / "copy")
    file = changed.root / "Pulumi.dev.yaml"
    file.write_text(file.read_text().replace("tier: dev", "tier: huge"))
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, cwd=changed.root, env=changed._environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "'dev', 'test', 'staging' or 'prod'" in done.stderr
    assert "inline source runtime error" not in done.stderr


def test_down_of_another_environment_leaves_the_sandbox_running(project: Project, tmp_path: Path) -> None:
    """`make down ENV=other` stopped what dev was running on."""
    changed = project.copy(tmp_path / "copy")
    text = (changed.root / "Pulumi.dev.yaml").read_text()
    (changed.root / "Pulumi.qa.yaml").write_text(text)
    done = changed.ops("down", "--stack", "qa")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing of qa is deployed" in done.stdout
    assert project.sandbox.running


def test_down_leaves_nothing_and_says_how_much_it_removed(project: Project) -> None:
    said = project.succeed("down")
    assert "objects removed from the sandbox" in said
    assert not project.sandbox.running
    assert not state_file(project).exists()
    project.sandbox.up()
    kinds = project.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    left = project.objects(",".join(kinds), "--all-namespaces", "--selector=platform.io/environment=dev")
    assert not [one["metadata"]["name"] for one in left if one["kind"] not in ("Event", "Endpoints")]


def test_the_engine_is_the_one_that_was_built(project: Project) -> None:
    assert tools.missing(tools.group("engine")) == []
    assert project.state.is_dir()


def _difference(project: Project, manifest: Manifest) -> str | None:
    group, _, version = str(manifest.body["apiVersion"]).rpartition("/")
    where = [f"--namespace={manifest.namespace}"] if manifest.namespace else []
    kind = f"{manifest.kind}.{version}.{group}"
    live = json.loads(project.kubectl("get", kind, manifest.name, *where, "-o", "json"))
    if manifest.holds_secret:
        same = sorted(live["data"]) == list(manifest.data_keys) and live["type"] == manifest.body["type"]
    else:
        wanted = revealed(manifest.body)
        if "spec.replicas" in manifest.owned:
            wanted = {**wanted, "spec": {key: value for key, value in wanted["spec"].items() if key != "replicas"}}
        same = contains(_comparable(live), _comparable(wanted))
    return None if same else f"{manifest.title}: {_comparable(live)} instead of {_comparable(manifest.body)}"


def _comparable(body: Any) -> Any:
    """Without what the server writes in its own way: empty values, and quantities such as `2000m` for `2`."""
    if isinstance(body, dict):
        return {key: _comparable(value) for key, value in body.items() if value not in ({}, [], None, "", 0, False)}
    if isinstance(body, list):
        return [_comparable(item) for item in body]
    return body
