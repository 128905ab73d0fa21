"""`ops render`: one file an object, the same bytes every time, and no secret in any."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest

import ops.render
from graph.manifests import SYNC_OPTIONS, SYNC_WAVE, manifests
from graph.model import Graph
from graph.record import record
from tests.unit.commands import Outcome
from tests.unit.commands import ops as run
from tests.unit.files import read_yaml
from tests.unit.recordings import planted_passwords, recorded, recorded_with_planted_passwords
from tests.unit.scratch import Scratch


def recorded_once(stack: str, *, rendering: bool) -> Graph:
    """Pulumi delivers these environments: rendered or not, they have the same objects."""
    assert rendering
    return recorded(stack)


@pytest.fixture(autouse=True)
def _recorded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops.render, "record", recorded_once)


@dataclass(frozen=True)
class Rendered:
    """An environment rendered once for all tests that only read: the folder, and what the command said."""

    folder: Path
    outcome: Outcome

    @cached_property
    def files(self) -> dict[Path, Any]:
        """The documents by path."""
        return {path: read_yaml(path) for path in self.folder.rglob("*.yaml")}

    def copied(self, folder: Path) -> Path:
        """For those that change it."""
        return Path(shutil.copytree(self.folder, folder))


Render = Callable[[str], Rendered]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Render:
    @cache
    def render(stack: str) -> Rendered:
        folder = tmp_path_factory.mktemp("rendered") / "out"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ops.render, "record", recorded_once)
            outcome = run("render", "-s", stack, str(folder))
        assert outcome.status == 0, outcome
        return Rendered(folder, outcome)

    return render


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_every_object_without_a_secret_has_a_file_of_its_own(rendered: Render, stack: str) -> None:
    """What is not rendered is not deployed by Argo CD."""
    found = sorted(
        (body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"])
        for body in rendered(stack).files.values()
    )
    wanted = [one for one in manifests(recorded(stack)) if not one.holds_secret]
    assert found == sorted((one.kind, one.namespace, one.name) for one in wanted)
    assert f"{len(wanted)} objects written" in rendered(stack).outcome.out


def test_a_second_run_changes_no_byte(rendered: Render, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in Git that changes by itself is a diff that nobody can review. Recorded anew, into another folder."""
    first = contents(rendered("dev").folder)
    again = rendered("dev").copied(tmp_path / "again")
    assert run("render", str(again)).status == 0
    monkeypatch.setattr(ops.render, "record", record)
    assert run("render", str(tmp_path / "other")).status == 0
    assert first == contents(again) == contents(tmp_path / "other")


def test_no_file_and_no_message_holds_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rendered folders are committed. The passwords are known here, so that they can be searched for."""
    monkeypatch.setattr(ops.render, "record", recorded_with_planted_passwords)
    outcome = run("render", str(tmp_path / "out"))
    assert outcome.status == 0, outcome
    everything = b"".join(contents(tmp_path / "out").values()) + (outcome.out + outcome.err).encode()
    passwords = planted_passwords(recorded_with_planted_passwords("dev"))
    assert len(passwords) > 10
    for password in passwords:
        assert password.encode() not in everything
        assert base64.b64encode(password.encode()) not in everything
        assert b"kind: Secret\n" not in everything


def test_the_secrets_that_are_left_out_are_named_with_their_keys(rendered: Render) -> None:
    """Whoever applies the folder must know what is missing from it."""
    said = rendered("dev").outcome.out
    assert "Secret astrbot/postgresql-secret (keys password, username)" in said
    assert "Secret astrbot/saas-platform-secrets (keys DB_PASSWORD, JWT_SECRET, LLM_API_KEY," in said


def test_an_environment_with_a_secret_store_is_rendered_whole(rendered: Render) -> None:
    """ExternalSecrets are references, and belong into Git."""
    prod = rendered("prod")
    assert "Not written" not in prod.outcome.out
    assert prod.folder / "astrbot" / "externalsecret.external-secrets-saas-platform-secrets.yaml" in prod.files


def test_the_file_of_an_object_that_is_gone_is_removed(rendered: Render, tmp_path: Path) -> None:
    """A stale file would be deployed for ever."""
    folder = rendered("dev").copied(tmp_path / "out")
    stale = folder / "astrbot" / "deployment.apps-gone.yaml"
    stale.write_text("kind: Deployment\n")
    assert run("render", str(folder)).status == 0
    assert not stale.exists()


def test_rendering_another_environment_into_the_folder_leaves_nothing_of_the_first(
    rendered: Render, tmp_path: Path
) -> None:
    """The objects of two environments in one folder would be deployed together."""
    folder = rendered("dev").copied(tmp_path / "out")
    assert run("render", "-s", "prod", str(folder)).status == 0
    assert contents(folder) == contents(rendered("prod").folder)


def test_a_folder_that_the_command_did_not_make_is_left_alone(tmp_path: Path) -> None:
    """`ops render .` must not delete somebody's YAML."""
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "mine.yaml").write_text("mine: true\n")
    outcome = run("render", str(tmp_path))
    assert outcome.status == 1
    assert outcome.err.startswith(f"error: {tmp_path}: is not empty and was not made by this command")
    assert contents(tmp_path) == {"charts/mine.yaml": b"mine: true\n"}


def test_a_path_that_is_a_file_is_reported(tmp_path: Path) -> None:
    """Not with a traceback."""
    (tmp_path / "file").write_text("mine\n")
    outcome = run("render", str(tmp_path / "file"))
    assert outcome.status == 1
    assert outcome.err.startswith("error: ")
    assert str(tmp_path / "file") in outcome.err
    assert (tmp_path / "file").read_text() == "mine\n"


def test_an_invalid_environment_writes_nothing(
    tmp_path: Path, scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty folder would be synchronised as `delete everything`."""
    monkeypatch.setattr(ops.render, "record", record)
    scratch.write("config:\n  saas-platform:tier: nonsense\n")
    outcome = run("render", "-s", "scratch", str(tmp_path / "out"))
    assert outcome.status == 2
    assert not (tmp_path / "out").exists()


def test_every_file_reads_back_as_what_was_recorded(rendered: Render) -> None:
    """A text that becomes a number, or a list in another order, is another object."""
    for manifest in manifests(recorded("dev")):
        if not manifest.holds_secret:
            body = read_yaml(rendered("dev").folder / manifest.file_name)
            # Argo CD applies wave by wave, each once the one before is healthy.
            assert body["metadata"]["annotations"].pop(SYNC_WAVE) == str(manifest.wave)
            assert {"annotations": {}, **manifest.body["metadata"]} == {"annotations": {}, **body.pop("metadata")}
            wanted = {key: value for key, value in manifest.body.items() if key != "metadata"}
            if "spec.replicas" in manifest.owned:
                # The autoscaler's: Argo CD would put back the first number at every sync.
                wanted["spec"] = {key: value for key, value in wanted["spec"].items() if key != "replicas"}
            assert body == wanted


def test_a_tenant_adds_two_files_and_changes_none_but_the_quota(scratch: Scratch) -> None:
    """Adding a customer must be reviewable at a glance."""
    head = (
        "config:\n  saas-platform:tier: dev\n  saas-platform:domain: example.com\n"
        "  saas-platform:cluster: {kind: sandbox}\n  saas-platform:systems:\n    astrbot:\n      tenants: "
    )
    before, after = (
        {one.file_name: one.body for one in manifests(scratch.record(f"{head}[{tenants}]\n"))}
        for tenants in ("{name: a}", "{name: a}, {name: b}")
    )
    assert after.keys() - before.keys() == {
        "astrbot/deployment.apps-astrbot-instance-b.yaml",
        "astrbot/service-astrbot-instance-b.yaml",
    }
    assert {name for name in before if before[name] != after.get(name)} == {"astrbot/resourcequota-quota.yaml"}


def test_argo_cd_never_prunes_what_pulumi_would_retain(rendered: Render) -> None:
    """A database that is gone from the folder by mistake would be gone from the cluster."""
    prod = rendered("prod")
    retained = [one for one in manifests(recorded("prod")) if one.retained]
    assert {"Cluster", "StatefulSet"} <= {one.kind for one in retained}
    for one in manifests(recorded("prod")):
        annotations = prod.files[prod.folder / one.file_name]["metadata"]["annotations"]
        assert (annotations.get(SYNC_OPTIONS) == "Prune=false,Delete=false") is one.retained, one.title
