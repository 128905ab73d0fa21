"""The page on one's own cluster names what has to be there, and nothing that has not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graph.model import Graph
from ops.preflight import named, namespaces
from paths import ROOT
from tests.unit.docs.reading import blocks, text_of
from tests.unit.recordings import DECLARATIONS, recorded
from tests.unit.scratch import scratch_in

PAGE = ROOT / "docs" / "how-to" / "own-cluster.md"
TELEMETRY = ROOT / "docs" / "how-to" / "logs-and-traces.md"
# Read only where the program's own MinIO is, which no environment of the repository has whose secrets are in a store.
WITH_MINIO = "SYSTEM-minio-root-password"


def rows() -> set[str]:
    """The names in the page's table as they stand there."""
    lines = [line for line in text_of(PAGE).splitlines() if line.startswith("| `PATH/")]
    return {name for line in lines for name in re.findall(r"`PATH/([\w-]+)`", line)}


def matches(name: str, row: str) -> bool:
    """Whether a name is what a row stands for: SYSTEM and CLUSTER are any name."""
    names = {"SYSTEM": "|".join(DECLARATIONS), "CLUSTER": "[a-z]+"}
    pattern = "".join(f"(?:{names[part]})" if part in names else part for part in re.split("(SYSTEM|CLUSTER)", row))
    return re.fullmatch(pattern, name) is not None


def read(graph: Graph) -> set[str]:
    """The names below the path that the environment reads."""
    entries = [one for body in graph.objects if body["kind"] == "ExternalSecret" for one in body["spec"]["data"]]
    return {one["remoteRef"]["key"].rpartition("/")[2] for one in entries}


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_every_secret_that_an_environment_reads_is_on_a_page(stack: str) -> None:
    """Who fills the store by the page would wait for one that nobody told of."""
    telemetry = set(re.findall(r"`((?:elasticsearch|loki|tempo)-[\w-]+)`", text_of(TELEMETRY)))
    told = rows()
    assert [name for name in read(recorded(stack)) - telemetry if not any(matches(name, row) for row in told)] == []


def test_every_secret_on_the_page_is_read() -> None:
    known = read(recorded("staging")) | read(recorded("prod"))
    assert [row for row in rows() - {WITH_MINIO} if not any(matches(name, row) for name in known)] == []


def test_the_messages_about_what_is_missing_are_those_of_the_page_environment(tmp_path: Path) -> None:
    """They are made from the first environment that the page shows."""
    text = next(block.text for block in blocks(PAGE) if block.language == "yaml")
    with pytest.MonkeyPatch.context() as patch:
        scratch = scratch_in(tmp_path, patch)
        scratch.write(text, "qa")
        graph = scratch.recorded("qa")
    shown = next(block.text for block in blocks(PAGE) if block.text.startswith("the cluster does not know"))
    _, space, classes = shown.splitlines()
    _, mentioned = namespaces.uses(graph)
    assert space == namespaces._problem(graph, "ingress-nginx", None, mentioned["ingress-nginx"])
    needs = named.needs(graph)
    (storage,) = (one for one in needs if one.kind == "StorageClass")
    assert classes == named._problem(graph, storage, needs[storage])
