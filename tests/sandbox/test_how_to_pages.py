"""The how-to pages followed to the letter on the sandbox: every command and every file that they show."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence

import pytest

from paths import ROOT
from sandbox import Sandbox
from tests.sandbox.pages import PAGES, Reader, find, shown
from tests.unit.docs.invoices import declare

# Run by other tests, which have what they need besides: the file, and words of the command that it runs.
ELSEWHERE: Mapping[str, tuple[str, str]] = {
    "python -m ops db restore --to 2026-01-31T12:00:00Z -s prod": ("test_database_operations.py", '"db", "restore"'),
    "python -m ops db drill -s staging": ("test_database_operations.py", '"db", "drill"'),
    "python -m ops rotate database-password -s prod": ("test_database_operations.py", '"rotate", "database-password"'),
    "python -m ops fleet upgrade astrbot --version 1.1.0 -s qa": ("test_fleet.py", '"fleet", "upgrade"'),
    "python -m ops fleet rollback astrbot -s qa": ("test_fleet.py", '"fleet", "rollback"'),
}
# Programs that are not the project's own, and that no registry of packages serves.
FOREIGN = ("kubeconform", "kube-score", "checkov", "pulumi")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The sandbox runs, and nothing is deployed."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    copy = Reader(tmp_path_factory.mktemp("state")).copy(tmp_path_factory.mktemp("program") / "saas-platform")
    reader = Reader(copy.state, copy.root)
    reader.begin()
    try:
        reader.sandbox.up()
        reader.know("my-cluster")
        reader.know("argo")
        yield reader
    finally:
        reader.sandbox.reset()


def test_every_command_of_a_page_is_run_by_a_test() -> None:
    """A command that nobody runs is wrong sooner or later."""
    own = (ROOT / "tests" / "sandbox" / "test_how_to_pages.py").read_text(encoding="utf-8")
    for one in (one for page in PAGES for one in shown(page)):
        if one.command in ELSEWHERE:
            file, words = ELSEWHERE[one.command]
            assert words in (ROOT / "tests" / "sandbox" / file).read_text(encoding="utf-8"), one
        elif not one.command.startswith(FOREIGN):
            assert re.search(rf'"{re.escape(one.page)}",\s*"{re.escape(one.command)}"', own), one


def test_own_cluster(reader: Reader) -> None:
    reader.save("own-cluster.md")
    assert "Alertmanager monitoring/main" not in reader.follow("own-cluster.md", "make up ENV=qa")
    reader.type("make down ENV=qa")
    reader.follow("own-cluster.md", "make up CONTEXT=my-cluster")
    reader.type("make down CONTEXT=my-cluster")


def test_gitops(reader: Reader) -> None:
    reader.save("gitops.md")
    reader.follow("gitops.md", "python -m ops render environments/qa -s qa")
    assert (reader.root / "environments" / "qa" / "astrbot").is_dir()
    reader.follow("gitops.md", "make up ENV=qa")
    applications = reader.objects("applications.argoproj.io", "-nargocd")
    assert {one["status"]["health"]["status"] for one in applications} == {"Healthy"}
    reader.type("make down ENV=qa")
    reader.save("gitops.md", 1)
    reader.follow("gitops.md", "make up ENV=qa")
    assert reader.objects("applicationsets.argoproj.io", "-nargocd")
    reader.type("make down ENV=qa")


def test_operators(reader: Reader) -> None:
    reader.save("operators.md")
    printed = reader.follow("operators.md", "python -m ops operators -s qa")
    assert "keda" in printed and "helm upgrade --install metrics-server" in printed


def test_eks(reader: Reader) -> None:
    for number in range(2):
        reader.save("eks.md", number)
        reader.follow("eks.md", "make preview ENV=qa")


def test_scanners(reader: Reader) -> None:
    reader.follow("scanners.md", "make render ENV=prod")
    assert list((reader.root / "rendered" / "prod" / "astrbot").glob("*.yaml"))


def test_fleet(reader: Reader) -> None:
    """On clusters of its own: what production protects stays there."""
    clusters = {f"admin@{name}": Sandbox(name, state=reader.state / "sandbox") for name in ("eu", "us")}
    try:
        for context, cluster in clusters.items():
            cluster.up()
            reader.know(context, of=cluster)
        reader.save("fleet.md")
        reader.follow("fleet.md", "make preview ENV=qa.eu")
        reader.follow("fleet.md", "make up ENV=qa.eu")
        reader.follow("fleet.md", "make up ENV=qa.us")
        reader.follow("fleet.md", "make status ENV=qa.us")
        reader.follow("fleet.md", "python -m ops fleet status -s qa")
        reader.follow("fleet.md", "python -m ops fleet deploy astrbot -s qa")
    finally:
        for cluster in clusters.values():
            cluster.reset()


def test_add_a_service_and_bad_days(reader: Reader) -> None:
    reader.save("add-a-service.md")
    reader.follow("add-a-service.md", "make preview")
    reader.follow("add-a-service.md", "make up")
    (billing,) = reader.objects("deployments", "-nastrbot", "--field-selector=metadata.name=billing-service")
    assert billing["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example.com/billing:2.3.1"
    reader.follow("bad-days.md", "make status")


def test_release(reader: Reader) -> None:
    """The lines of the page's release up to the first check, which takes as long as the page's `interval`."""
    new = reader.save("release.md")
    (reader.root / "Pulumi.dev.yaml").write_text(new.replace("          version: 1.1.0\n", ""), encoding="utf-8")
    reader.follow("release.md", "make up")
    reader.save("release.md")
    reader.follow("release.md", "make up")
    command = "python -m ops canary start astrbot/auth-service"
    (page,) = (one for one in shown(find("release.md")) if one.command == command)
    begun(reader, "release.md", "python -m ops canary start astrbot/auth-service", page.output[:2])
    status = reader.follow("release.md", "python -m ops canary status astrbot/auth-service")
    assert "progressing" in status
    reader.follow("release.md", "python -m ops canary abort astrbot/auth-service")
    assert "idle" in reader.follow("release.md", "python -m ops canary status astrbot/auth-service")
    reader.type("make down")


def test_add_a_system(reader: Reader) -> None:
    declare(reader.root)
    reader.follow("add-a-system.md", "make preview ENV=trial")
    reader.follow("add-a-system.md", "make up ENV=trial")
    reader.change("Pulumi.trial.yaml", invoices={"version": "1.1.0"})
    reader.follow("add-a-system.md", "make up ENV=trial")
    # Promoted can be what serves already.
    lines = ["starting: ", "progressing: "]
    begun(reader, "add-a-system.md", "python -m ops canary start invoices/invoices-api -s trial", lines)
    reader.follow("add-a-system.md", "python -m ops canary promote invoices/invoices-api -s trial")
    (stable,) = reader.objects("deployments", "-ninvoices", "--field-selector=metadata.name=invoices-api-primary")
    assert stable["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":1.1.0")
    reader.type("make down ENV=trial")


def begun(reader: Reader, page: str, command: str, lines: Sequence[str]) -> None:
    """Start a release, wait until it has printed these lines, others between them or not, and interrupt it."""
    process = reader.started_by(page, command)
    assert process.stdout
    printed = ""
    with process:
        for line in lines:
            said = ""
            while not said.startswith(line):
                said = process.stdout.readline()
                assert said, f"it ended without {line!r}:\n{printed}"
                printed += said
        process.send_signal(signal.SIGINT)
        process.stdout.read()
