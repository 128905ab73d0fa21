"""The programs of the sandbox, their pins, and what is said when they cannot be built."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import versions
from paths import ROOT
from sandbox import SandboxError, build, cli, tools
from sandbox.paths import MODULES
from versions import CHART_PROGRAMS, HELM_CHARTS


@pytest.mark.parametrize("tool", tools.TOOLS, ids=lambda tool: tool.name)
def test_every_tool_is_pinned_by_its_module(tool: tools.Tool) -> None:
    manifest = (MODULES / tool.module / "go.mod").read_text()
    assert tool.package in manifest, f"{tool.package} has no tool line, so `go mod tidy` would drop its checksums"
    assert (MODULES / tool.module / "go.sum").exists()


def test_the_kubernetes_release_is_the_one_that_its_module_pins() -> None:
    manifest = (MODULES / "kubernetes" / "go.mod").read_text()
    assert f"k8s.io/kubernetes {tools.KUBERNETES_VERSION}" in manifest, "the servers would report another version"
    staging = tools.KUBERNETES_VERSION.replace("v1.", "v0.")
    assert f"k8s.io/client-go => k8s.io/client-go {staging}" in manifest


def of_go(prometheus: str) -> str:
    """The version of Prometheus' Go module: v3.13.5 is v0.313.5 there."""
    major, minor, patch = prometheus.removeprefix("v").split(".")
    return f"v0.{major}{int(minor):02}.{patch}"


# The programs that are both deployed and built: their Go module, and its version that is deployed.
DEPLOYED = {
    "alertmanager": ("github.com/prometheus/alertmanager", versions.ALERTMANAGER_VERSION),
    "blackbox-exporter": ("github.com/prometheus/blackbox_exporter", versions.BLACKBOX_EXPORTER_IMAGE.split(":")[1]),
    "cert-manager": (tools.CERT_MANAGER, CHART_PROGRAMS["cert-manager"].version),
    "cloudnative-pg": (tools.CLOUDNATIVE_PG, CHART_PROGRAMS["cloudnative-pg"].version),
    "plugin-barman-cloud": (tools.BARMAN_CLOUD, CHART_PROGRAMS["plugin-barman-cloud"].version),
    "flagger": ("github.com/fluxcd/flagger", CHART_PROGRAMS["flagger"].version),
    "kube-state-metrics": ("k8s.io/kube-state-metrics/v2", versions.KUBE_STATE_METRICS_IMAGE.split(":")[1]),
    "prometheus": ("github.com/prometheus/prometheus", of_go(versions.PROMETHEUS_VERSION)),
    "prometheus-operator": (
        "github.com/prometheus-operator/prometheus-operator",
        CHART_PROGRAMS["prometheus-operator"].version,
    ),
}
# Those of which an older version is tested; docs/decisions/0054 says why. A row goes with the module's upgrade.
OLDER = {
    "alertmanager": "v0.28.1",
    "flagger": "v1.36.1",
    "prometheus": "v0.305.1",
    "prometheus-operator": "v0.85.0",
}
# What only the sandbox has: its control plane, and what deploys.
OWN = {"etcd", "kubernetes", "kwok", "pulumi", "pulumi-kubernetes"}


@pytest.mark.parametrize("module", DEPLOYED)
def test_a_program_is_tested_in_the_release_that_is_deployed_or_is_known_to_be_older(module: str) -> None:
    """What nobody compares drifts apart: operator and Flagger were eight minor versions behind their charts."""
    package, deployed = DEPLOYED[module]
    tested = OLDER.get(module, deployed)
    manifest = (MODULES / tools.find(module).module / "go.mod").read_text()
    assert re.search(rf"(^|=> |\t){re.escape(package)} {re.escape(tested)}( |$)", manifest, re.MULTILINE)


@pytest.mark.parametrize("module", OLDER)
def test_what_is_known_to_be_older_is_older_and_the_decision_says_both(module: str) -> None:
    """A row that is left after an upgrade would hide the next difference."""
    deployed, decision = DEPLOYED[module][1], ROOT / "docs" / "decisions" / "0054-lines-in-support.md"
    assert OLDER[module] != deployed
    assert f"| `{module}` | {deployed} | {OLDER[module]} |" in decision.read_text(encoding="utf-8")


def test_every_module_is_of_a_deployed_program_or_the_sandboxes_own() -> None:
    """A new one gets its row in `DEPLOYED`, or stands in `OWN`."""
    deployed = {tools.find(name).module for name in DEPLOYED}
    assert {tool.module for tool in tools.TOOLS} == {*deployed, *OWN}


@pytest.mark.parametrize("release", CHART_PROGRAMS)
def test_what_a_chart_deploys_is_known_of_the_version_that_is_pinned(release: str) -> None:
    """When it fails: look up `appVersion` in the Chart.yaml of the new version, then see what the sandbox tests."""
    assert CHART_PROGRAMS[release].chart == HELM_CHARTS[release].version


def test_the_same_pins_on_the_same_machine_use_the_same_build(monkeypatch: pytest.MonkeyPatch) -> None:
    first = tools.folder("etcd")
    assert first == tools.folder("etcd")
    assert first != tools.folder("kwok")
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert first != tools.folder("etcd"), "a program of another architecture does not run"


@pytest.mark.parametrize("changed", ["FLAGS", "LINKER_FLAGS"])
def test_other_flags_build_anew(monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    first = tools.folder("etcd")
    monkeypatch.setattr(build, changed, "-other")
    assert first != tools.folder("etcd")


@pytest.mark.parametrize("changed", ["settings", "embedded"])
def test_another_setting_or_embedded_file_builds_anew(monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    first, etcd = tools.folder("etcd"), tools.find("etcd")
    others = {
        "settings": etcd._replace(settings=("example.test/version=2",)),
        "embedded": etcd._replace(embedded=(build.Embedded("example.test", "a.json", {"version": "2"}),)),
    }
    monkeypatch.setattr(tools, "TOOLS", (others[changed],))
    assert first != tools.folder("etcd")


def test_a_changed_pin_builds_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tools, "MODULES", tmp_path)
    shutil.copytree(MODULES / "etcd", tmp_path / "etcd")
    first = tools.folder("etcd")
    with (tmp_path / "etcd" / "go.sum").open("a") as sums:
        sums.write("example.test v1 h1:0\n")
    assert first != tools.folder("etcd")


@pytest.fixture
def without_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without Go, its empty cache returned."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SAAS_PLATFORM_CACHE", str(cache))
    return cache


@pytest.mark.usefixtures("without_go")
def test_what_is_built_is_found_without_go() -> None:
    """Go is for building: who gets the built programs from a cache needs none."""
    names = tools.group("control-plane")
    for name in names:
        file = tools.folder(tools.find(name).module) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert set(tools.ensure(names)) == set(names)
    (tools.folder("kubernetes") / "kubectl").unlink()
    with pytest.raises(SandboxError, match="Go is not installed"):
        tools.ensure(names)


def test_an_unknown_tool_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SandboxError, match=r"(?s)'helm'.*kube-apiserver"):
        tools.ensure(["helm"])


@pytest.mark.usefixtures("without_go")
def test_a_missing_go_is_explained_on_standard_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(tmp_path))
    result = CliRunner().invoke(cli.app, ["up"])
    assert result.exit_code == 1
    assert "Go is not installed" in result.stderr
    assert "1.26" in result.stderr, f"the version to install is not named: {result.stderr}"
    assert "Traceback" not in result.output


def test_an_old_go_is_refused_with_what_it_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho go1.19.8 linux amd64\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(SandboxError, match=r"go1\.19\.8"):
        build.check_toolchain()


def test_a_failed_build_shows_the_end_of_its_log_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho no space left on device\nexit 1\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    target = tmp_path / "cache" / "bin" / "etcd"
    job = build.Job("etcd", tmp_path, "example.test/etcd", (), target)
    with pytest.raises(SandboxError, match=r"(?s)Building etcd.*no space left on device.*build-etcd\.log"):
        build.run([job], tmp_path / "cache")
    assert list(target.parent.iterdir()) == [], "half a build would be taken for a whole one"


def test_what_another_builder_finished_meanwhile_is_not_built_again(tmp_path: Path) -> None:
    target = tmp_path / "cache" / "bin" / "etcd"
    target.parent.mkdir(parents=True)
    shutil.copy("/bin/true", target)
    build.run([build.Job("etcd", tmp_path / "no-module-here", "example.test/etcd", (), target)], tmp_path / "cache")


def test_what_a_killed_build_left_is_removed_by_the_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    go = tmp_path / "go"
    go.write_text('#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\necho program >"$2"\n')
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    target = tmp_path / "cache" / "bin" / "etcd"
    (target.parent / ".etcd-half").mkdir(parents=True)
    (target.parent / ".etcd-half" / "etcd").write_text("half a program")
    build.run([build.Job("etcd", tmp_path, "example.test/etcd", (), target)], tmp_path / "cache")
    assert list(target.parent.iterdir()) == [target]
    assert target.read_text() == "program\n"
