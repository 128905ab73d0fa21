"""Errors that a person can act on, and names and folders that cannot do harm."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from sandbox import Sandbox, SandboxError, cli, pki, ports
from sandbox.client import Reader
from sandbox.components import ETCD, Layout
from sandbox.errors import with_log_tail
from sandbox.files import write_private
from sandbox.paths import REPOSITORY
from sandbox.supervisor import Supervisor


@pytest.mark.parametrize("name", ["", "../other", "Upper", "a/b", "-a", "a" * 41])
def test_a_name_that_could_leave_the_state_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="name"):
        Sandbox(name, state=tmp_path)


def test_the_error_of_a_failed_start_quotes_the_log_and_names_its_path(tmp_path: Path) -> None:
    log = tmp_path / "etcd.log"
    log.write_text("\n".join(f"line {number}" for number in range(100)))
    text = str(with_log_tail("etcd ended soon after its start.", log, lines=2))
    assert text.splitlines()[0] == "etcd ended soon after its start."
    assert "line 98" in text
    assert "line 97" not in text
    assert str(log) in text


def test_a_component_that_ends_at_its_start_is_named_with_its_log(tmp_path: Path) -> None:
    program = tmp_path / "etcd"
    program.write_text("#!/bin/sh\necho cannot open the data folder\nexit 1\n")
    program.chmod(0o755)
    at = Layout(tmp_path, ports.remembered(tmp_path / "ports.json", ["etcd", "etcd-peer"]))
    supervisor = Supervisor(at, {"etcd": program})
    supervisor.ensure(ETCD)
    with pytest.raises(SandboxError, match=r"(?s)etcd ended soon.*cannot open the data folder.*etcd\.log"):
        supervisor.wait_for(ETCD, lambda: False, "did not become healthy")


def test_a_port_that_another_program_took_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.supervisor._PORT_PATIENCE", 0.1)
    with socket.socket() as other:
        other.bind((ports.LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        supervisor = Supervisor(Layout(tmp_path, {"etcd": port, "etcd-peer": port}), {"etcd": Path("/bin/true")})
        with pytest.raises(SandboxError, match=rf"{port}.*etcd"):
            supervisor.ensure(ETCD)


def test_a_folder_of_definitions_that_is_not_there_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="no-such-folder"):
        Sandbox(state=tmp_path).up(crds=tmp_path / "no-such-folder")
    assert not (tmp_path / "default").exists()


def test_status_says_with_its_exit_status_that_nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(tmp_path))
    result = CliRunner().invoke(cli.app, ["status"])
    assert result.exit_code == cli.NOT_RUNNING, result.output
    assert "stopped" in result.output
    assert list(tmp_path.iterdir()) == [], "asking must not make anything"


def test_down_and_reset_of_a_sandbox_that_never_was_do_nothing(tmp_path: Path) -> None:
    Sandbox(state=tmp_path).down()
    Sandbox(state=tmp_path).reset()
    assert not (tmp_path / "default").exists()


def test_a_private_file_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    write_private(tmp_path / "kubeconfig", b"secret")
    assert (tmp_path / "kubeconfig").stat().st_mode & 0o777 == 0o600


def test_importing_the_package_loads_no_heavy_library() -> None:
    heavy = ["cryptography", "psutil", "trustme", "rich", "typer", "yaml"]
    check = f"import sys, sandbox; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert result.stdout.strip() == "[]", f"imported with the package: {result.stdout}"


def test_an_api_server_that_does_not_answer_is_not_taken_for_an_empty_cluster(tmp_path: Path) -> None:
    pki.ensure(tmp_path)
    [port] = ports.free(1)
    with pytest.raises(SandboxError, match="does not answer"):
        Reader(f"https://{ports.LOOPBACK}:{port}", tmp_path).items("/api/v1/nodes")


def test_an_impossible_name_on_the_command_line_is_answered_without_a_traceback() -> None:
    result = CliRunner().invoke(cli.app, ["up", "--name", "../x"])
    assert result.exit_code == 1
    assert "'../x'" in result.stderr


def test_certificates_are_made_once(tmp_path: Path) -> None:
    pki.ensure(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    pki.ensure(tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before, "clients would lose their access"
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_certificates_name_the_user_and_the_group_that_the_cluster_knows_and_are_of_one_authority(
    tmp_path: Path,
) -> None:
    """kwok without `system:masters` could not write the status of a pod."""
    pki.ensure(tmp_path)
    for identity in pki.IDENTITIES:
        certificate = x509.load_pem_x509_certificate((tmp_path / f"{identity.file}.crt").read_bytes())
        authority = x509.load_pem_x509_certificate((tmp_path / f"{identity.authority}.crt").read_bytes())
        certificate.verify_directly_issued_by(authority)
        names = {one.oid: one.value for one in certificate.subject}
        assert names[NameOID.COMMON_NAME] == identity.common_name
        groups = str(names[NameOID.ORGANIZATION_NAME])
        assert groups == identity.organization if identity.organization else not groups.startswith("system:")


def test_the_key_of_service_accounts_is_in_the_form_that_the_api_server_reads(tmp_path: Path) -> None:
    """ParsePrivateKeyPEM of client-go v0.35.4, util/keyutil/key.go: `EC PRIVATE KEY`, or RSA."""
    pki.ensure(tmp_path)
    assert (tmp_path / pki.SERVICE_ACCOUNT_KEY).read_text().startswith("-----BEGIN EC PRIVATE KEY-----\n")


def test_a_lost_authority_renews_every_certificate_that_it_signed(tmp_path: Path) -> None:
    pki.ensure(tmp_path)
    before = (tmp_path / "admin.crt").read_bytes()
    (tmp_path / "ca.crt").unlink()
    pki.ensure(tmp_path)
    assert (tmp_path / "admin.crt").read_bytes() != before, "the new authority would not know the old certificate"
