"""`ops render`: one YAML file per Kubernetes object, Helm releases as Argo CD Applications, each with its sync wave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graph.manifests import Manifest, as_yaml, manifests
from graph.model import Graph
from graph.record import record
from ops.console import console
from ops.errors import OperationError
from os_errors import explain, naming
from paths import environment_of
from policy.engine.evaluation import evaluate
from stacks.schema.fleet import fleet_of
from stacks.schema.source import Source

# Only a folder with this file in it is ever cleaned of files that are no longer rendered.
MARKER = ".rendered-by-ops"


def run(stack: str, directory: Path) -> int:
    """Write the files and say which Secrets are left to `up`; a fleet gets a folder for each cluster."""
    fleet = fleet_of(Source.of_stack(stack)) if stack == environment_of(stack) else None
    for name in fleet.names if fleet else ():
        _render(f"{stack}.{name}", directory / name)
    if fleet is None:
        _render(stack, directory)
    return 0


def _render(stack: str, directory: Path) -> None:
    # What Argo CD delivers is asked for itself, in place of the objects that tell Argo CD of it.
    graph = record(stack, rendering=True)
    _judge(graph)
    rendered = [one for one in manifests(graph, applications=True) if not _is_pulumis(graph, one)]
    files = {manifest.file_name: manifest for manifest in rendered if not manifest.holds_secret}
    _write(stack, directory, files)
    _report(directory, len(files), [manifest for manifest in rendered if manifest.holds_secret])


def _is_pulumis(graph: Graph, manifest: Manifest) -> bool:
    """Whether an object stays with Pulumi although Argo CD delivers the environment: what a cluster is made with."""
    return graph.outputs.get("delivery") == "argocd" and "platform:cluster:" in manifest.urn


def _judge(graph: Graph) -> None:
    """Argo CD deploys what is in the folder without asking the policies: they are asked here."""
    if graph.outputs.get("delivery") != "argocd":
        return
    blocking = [finding.message for finding in evaluate(graph) if finding.blocks]
    if blocking:
        raise OperationError("\n  ".join(["not rendered, since mandatory policies are violated:", *blocking]))


def _write(stack: str, directory: Path, files: dict[str, Manifest]) -> None:
    try:
        _prepare(stack, directory)
        for old in set(_rendered(directory)) - {directory / name for name in files}:
            old.unlink()
        for name, manifest in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_text(path, as_yaml(manifest))
    except OSError as error:
        raise OperationError(explain(error)) from error


def _prepare(stack: str, directory: Path) -> None:
    marker = directory / MARKER
    if directory.exists() and any(directory.iterdir()) and not marker.exists():
        raise OperationError(
            f"{directory}: is not empty and was not made by this command; name an empty or new folder, "
            "since files of objects that are gone are removed from it"
        )
    directory.mkdir(parents=True, exist_ok=True)
    _write_text(marker, f"{stack}\n")


def _write_text(path: Path, text: str) -> None:
    with naming(path):
        path.write_text(text, encoding="utf-8")


def _rendered(directory: Path) -> list[Path]:
    return list(directory.glob("*/*.yaml"))


def _report(directory: Path, count: int, secrets: Sequence[Manifest]) -> None:
    out = console()
    out.print(f"{count} objects written to {directory}")
    if secrets:
        out.print("Not written, since no file may hold their values; `make up` creates them:")
    for manifest in secrets:
        out.print(f"  {manifest.title} (keys {', '.join(manifest.data_keys)})")
