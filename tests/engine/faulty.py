"""A small environment whose API server is the flaky one, and what must be true of it after each fault."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import stacks.schema.source
from graph.manifests import Manifest, manifests
from graph.record import record
from tests.sandbox.project import Project, contains
from tests.support.flaky_apiserver import FlakyApiServer
from tests.unit.recordings import with_systems
from tests.unit.scratch import as_text

STACK, SYSTEM, CONTEXT = "dev", "orders", "flaky"
TARGET = ("--stack", STACK, "--context", CONTEXT, "--yes")
UP, DOWN = ("up", *TARGET), ("down", *TARGET)
# What controllers make without saying whose it is: Endpoints get the labels of their Service.
_MADE_BY_CONTROLLERS = frozenset({"Endpoints"})
_UNCHANGED = re.compile(r"\bno changes\b")

Body = Mapping[str, Any]
Key = tuple[str, str, str]


@dataclass
class FaultyEnvironment(Project):
    """The command line against the proxy; what is there is asked of the API server behind it."""

    server: FlakyApiServer = field(kw_only=True)
    declared: Sequence[Manifest] = field(kw_only=True)

    def converge(self) -> None:
        """Whatever happened: `up` makes it what is declared, and a further one finds nothing to do."""
        self.server.mend()
        done = self.ops(*UP)
        assert done.returncode == 0, said(done)
        assert self.differences() == []
        self.server.mend()
        again = self.ops(*UP)
        assert again.returncode == 0, said(again)
        assert _UNCHANGED.search(again.stdout), said(again)
        assert not self.server.writes, f"{self.server.writes}\n{said(again)}"

    def vanish(self) -> None:
        """Whatever happened: `down` leaves nothing."""
        self.server.mend()
        done = self.ops(*DOWN)
        assert done.returncode == 0, said(done)
        assert self.left() == []

    def differences(self) -> list[str]:
        """What is missing, not as declared, or there without being declared."""
        kinds = sorted({_resource(one) for one in self.declared})
        live = {_key(one): one for one in self._labelled(",".join(kinds))}
        found = []
        for one in self.declared:
            if (body := live.pop(one.key, None)) is None:
                found.append(f"{one.title} is missing")
            elif not contains(_comparable(body), _comparable(one.body)):
                found.append(f"{one.title} is {_comparable(body)} instead of {_comparable(one.body)}")
        return found + [f"{' '.join(key)} is not declared" for key in live]

    def left(self) -> list[str]:
        """What bears the environment's label, of all kinds, and is no controller's."""
        kinds = self.kubectl("api-resources", "--verbs=list,delete", "-o", "name").split()
        return sorted(" ".join(_key(one)) for one in self._labelled(",".join(kinds)))

    def turn(self, share: float) -> int:
        """The number of a write, by how much of a whole run lies before it: there is one for each object."""
        return 1 + round(share * (len(self.declared) - 1))

    def _labelled(self, kinds: str) -> list[Body]:
        found = self.objects(kinds, "--all-namespaces", f"--selector=platform.io/environment={STACK}")
        return [one for one in found if not (one["kind"] in _MADE_BY_CONTROLLERS or _is_owned(one))]


def said(done: subprocess.CompletedProcess[str]) -> str:
    """All that a command printed, for whoever reads the failure."""
    return f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"


def refused_honestly(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """A run that failed: it says so by its status and these words, for people and not by a traceback."""
    text = said(done)
    assert done.returncode == 1, text
    assert "Traceback" not in text, text
    assert "goroutine " not in text, text
    assert not _UNCHANGED.search(done.stdout), text
    for word in words:
        assert re.search(word, done.stderr, re.I), f"does not say {word}: {text}"


@contextlib.contextmanager
def faulty_environment(folder: Path) -> Iterator[FaultyEnvironment]:
    """A sandbox, its proxy, and a copy of the program with one system; nothing is deployed yet."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    project = Project(folder / "state").copy(folder / "program")
    text = as_text(with_systems(STACK, SYSTEM, telemetry=False))
    (project.root / f"Pulumi.{STACK}.yaml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stacks.schema.source, "ROOT", project.root)
        declared = manifests(record(STACK))
    try:
        project.sandbox.up()
        with FlakyApiServer.of(project.sandbox, folder / "flaky", CONTEXT) as server:
            programs = project.sandbox.kubectl.parent
            variables = {"KUBECONFIG": str(server.kubeconfig), "PATH": f"{programs}:{project._environment()['PATH']}"}
            yield FaultyEnvironment(project.state, project.root, variables, server=server, declared=declared)
    finally:
        project.sandbox.reset()


def _resource(manifest: Manifest) -> str:
    """A kind as kubectl takes it, `Deployment.v1.apps`: two groups may have the same word."""
    group, _, version = str(manifest.body["apiVersion"]).rpartition("/")
    return f"{manifest.kind}.{version}.{group}"


def _key(body: Body) -> Key:
    metadata = body["metadata"]
    return str(body["kind"]), str(metadata.get("namespace", "")), str(metadata["name"])


def _is_owned(body: Body) -> bool:
    """Whether it goes with another object, as the pods of a Deployment do."""
    return bool(body["metadata"].get("ownerReferences"))


def _comparable(body: Any) -> Any:
    """Without what is empty, which the server leaves out or fills in as it likes."""
    if isinstance(body, Mapping):
        return {key: _comparable(value) for key, value in body.items() if value not in ({}, [], None, "", 0, False)}
    return [_comparable(item) for item in body] if isinstance(body, (list, tuple)) else body
