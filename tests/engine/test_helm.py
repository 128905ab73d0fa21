"""Helm releases under the real engine: installed, unchanged, upgraded and removed, with a chart that is made here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pulumi
import pytest
from pulumi_kubernetes import Provider
from pulumi_kubernetes.helm.v3 import Release
from rich.console import Console

import ops.engine.backend
from ops.engine.backend import LocalBackend
from ops.engine.programs import find
from ops.engine.stack import EngineStack
from paths import PROJECT
from tests.sandbox.cluster import Cluster

pytestmark = [
    pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed, so no engine can be built"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
_CHART = "apiVersion: v2\nname: small\nversion: 1.0.0\n"
_TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
data: {level: {{ .Values.level | quote }}}
"""


@dataclass(frozen=True)
class Program:
    """One release of the chart at `chart`."""

    chart: Path
    kubeconfig: Path
    level: str

    def __call__(self) -> None:
        opts = pulumi.ResourceOptions(provider=Provider("cluster", kubeconfig=str(self.kubeconfig)))
        values = {"level": self.level}
        Release("small", name="small", namespace="default", chart=str(self.chart), values=values, opts=opts)


@pytest.fixture
def stack(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineStack]:
    monkeypatch.setattr(ops.engine.backend, "ROOT", tmp_path)
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(tmp_path / "state"))
    (tmp_path / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    (tmp_path / "chart" / "templates").mkdir(parents=True)
    (tmp_path / "chart" / "Chart.yaml").write_text(_CHART)
    (tmp_path / "chart" / "templates" / "map.yaml").write_text(_TEMPLATE)
    programs = find(Console())
    kubeconfig = Path(cluster._command[2])
    with programs.running() as variables:
        program = Program(tmp_path / "chart", kubeconfig, "info")
        yield EngineStack("dev", LocalBackend("dev"), programs, variables, program=program)


def test_a_release_is_installed_kept_upgraded_and_removed(cluster: Cluster, stack: EngineStack) -> None:
    """kubectl cannot; whatever an environment installs by Helm is shown here alone."""

    def level() -> str:
        return str(cluster.get("configmap", "small", "--namespace=default")["data"]["level"])

    assert "Release small" in stack.up().titles("create")
    assert level() == "info"
    assert stack.preview().resources == ()
    program = stack.program
    assert isinstance(program, Program)
    louder = replace(stack, program=replace(program, level="debug"))
    assert louder.up().titles("update") == ["Release small"]
    assert level() == "debug"
    assert "Release small" in louder.destroy().titles("delete")
    assert not cluster.get("configmaps", "--namespace=default", "--field-selector=metadata.name=small")["items"]
