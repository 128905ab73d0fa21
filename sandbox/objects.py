"""What `up` puts into the cluster once the API server answers, and what it waits for before it is done."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from pathlib import Path

from . import custom_resources, nodes, provided, stages, storage
from .client import Kubectl, Reader
from .components import APISERVER, CONTROLLER_MANAGER, KWOK, SCHEDULER, Layout
from .custom_resources import CustomResource
from .files import read_json, write_json, write_private
from .nodes import NodePool
from .supervisor import Supervisor


class Objects:
    """Brings the objects of one sandbox, whose API server is ready, to what they should be."""

    def __init__(self, at: Layout, supervisor: Supervisor, kubectl: Kubectl) -> None:
        self._at = at
        self._supervisor = supervisor
        self._kubectl = kubectl
        self._reader = Reader(at.url(APISERVER.name), at.pki)

    def apply(self, pool: NodePool, table: Iterable[CustomResource], crds: Path | None) -> None:
        """Definitions (real ones in the folder `crds`, then stand-ins), StorageClasses, namespaces and nodes.

        Nodes of the sandbox that the pool does not have are removed.
        """
        if crds is not None:
            self._apply_folder(crds)
        wanted = custom_resources.stand_ins(table)
        changes = custom_resources.outdated(wanted, custom_resources.installed(self._reader))
        self._kubectl.apply([*changes, *storage.manifests(), *provided.built_in(), *pool.manifests()])
        self._kubectl.apply(pool.statuses(), "--subresource=status")
        surplus = nodes.surplus(pool, nodes.own(self._reader))
        if surplus:
            self._kubectl("delete", "node", "--wait=false", *surplus)

    def start_kwok(self, operated: Collection[str] = ()) -> None:
        """Make what is of custom kinds, and start kwok with the stages for those that are there.

        Not with those of the API groups in `operated`. A kwok with other stages is replaced.
        """
        self._supervisor.wait_for(APISERVER, self._all_established, "did not establish all definitions")
        present = custom_resources.installed(self._reader)
        self._kubectl.apply(provided.missing(self._reader, present))
        usable = stages.usable(stages.load(), present, operated)
        for path, words in stages.descriptions(usable, present):
            self._wait_for_description(path, words)
        configuration = "---\n".join([stages.configuration(usable), *self._own_configuration()])
        self._supervisor.ensure(KWOK, f"--config={self._kwok_configuration(configuration)}")

    def wait_until_usable(self, pool: NodePool) -> None:
        """Wait until pods can be made and run: all healthy, nodes Ready, and the first service account there."""
        for component in (CONTROLLER_MANAGER, SCHEDULER, KWOK):
            self._supervisor.wait(component)
        self._supervisor.wait_for(
            KWOK,
            lambda: len(nodes.ready(nodes.own(self._reader))) == pool.nodes,
            f"did not make {pool.nodes} nodes ready",
        )
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self._supervisor.wait_for(
            CONTROLLER_MANAGER,
            lambda: self._reader.text(account) is not None,
            "did not make the default service account",
        )

    def _apply_folder(self, crds: Path) -> None:
        # Dozens of large definitions take seconds, so the same folder is not applied again.
        file = self._at.folder / "crds.json"
        digest = custom_resources.folder_digest(crds)
        present = {each.name for each in custom_resources.installed(self._reader)}
        match read_json(file):
            case {"digest": applied, "names": list(names)} if applied == digest and present.issuperset(names):
                return
        applied_objects = [name.partition("/") for name in self._kubectl.apply_folder(crds)]
        definitions = [name for kind, _, name in applied_objects if kind.startswith("customresourcedefinition.")]
        write_json(file, {"digest": digest, "names": definitions})

    def _all_established(self) -> bool:
        return all(each.established for each in custom_resources.installed(self._reader))

    def _wait_for_description(self, path: str, words: str) -> None:
        self._supervisor.wait_for(
            APISERVER,
            lambda: words in (self._reader.text(path) or ""),
            f"did not publish {path} with {words}",
        )

    def _own_configuration(self) -> list[str]:
        """What a person has put into `kwok.d` of the sandbox's folder: stages, or commands (ClusterExec)."""
        return [file.read_text(encoding="utf-8") for file in sorted((self._at.folder / "kwok.d").glob("*.yaml"))]

    def _kwok_configuration(self, text: str) -> Path:
        # The content's hash is in the name, so that a kwok with other stages has other arguments and is replaced.
        file = self._at.folder / "kwok" / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.yaml"
        if not file.exists():
            write_private(file, text.encode())
        return file
