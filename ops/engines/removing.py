"""Removing objects: many with one call, in the order in which they can be done without, and what is left over."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.manifests import Manifest
from ops.engines.applying import Applier
from ops.engines.applyset import ApplySet
from ops.engines.changes import Changes, Key, key_of, title_of
from ops.engines.lookup import Lookup, system_of
from ops.engines.ownership import controlled
from ops.kubectl import ClusterError, Kubectl

# Gone only when their controllers are done with what belongs to them, which needs what an earlier wave has made.
_WAITED = ("Namespace", "StatefulSet", "Deployment", "Job")

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Remover:
    """Removes members of a set, and adds to `changes` what it has removed; `timeout` in seconds, for each wave."""

    lookup: Lookup
    members: ApplySet
    timeout: int
    changes: Changes

    def all(self, manifests: Sequence[Manifest]) -> None:
        """Delete every member, the last wave first, and then the environment's own object."""
        for wave in _last_first(self.members.members(), manifests):
            self._delete(wave)
        self.members.end()

    def prune(self, members: Iterable[Body], manifests: Sequence[Manifest]) -> None:
        """Remove those of `members` that are no longer declared, by kubectl's own pass over the whole set."""
        kept = [manifest for manifest in manifests if not manifest.retained]
        declared = {one.key for one in kept}
        for copied in members:
            if key_of(copied) not in declared and controlled(copied):
                self.members.release(copied)
        # The pass costs as much as the deployment itself, and there is hardly ever anything to remove.
        if not undeclared(members, kept):
            return
        printed = Applier(self.lookup).apply(kept, "--prune", f"--applyset={self.members.reference}")
        self.changes.removed += [line.split()[0] for line in printed.splitlines() if line.endswith(" pruned")]

    def prune_system(self, members: Iterable[Body], manifests: Sequence[Manifest], system: str) -> None:
        """The same for one system; kubectl's own pass applies the whole set again, and so would change others'."""
        kept = [manifest for manifest in manifests if not manifest.retained]
        self._delete([one for one in undeclared(members, kept) if system_of(one) == system])

    def _delete(self, bodies: Sequence[Body]) -> None:
        try:
            delete(self.lookup.kubectl, bodies, self.timeout)
        except ClusterError:
            # kubectl goes on after an object that it cannot delete; what it did delete is gone, and is reported.
            with contextlib.suppress(ClusterError):
                left = {key_of(one) for one in self.members.members() if "deletionTimestamp" not in one["metadata"]}
                self.changes.removed += [title_of(key_of(one)) for one in bodies if key_of(one) not in left]
            raise
        self.changes.removed += [title_of(key_of(one)) for one in bodies]


def undeclared(members: Iterable[Body], declared: Iterable[Manifest]) -> list[Body]:
    """The members that nothing declares, and that no controller answers for."""
    keys = {one.key for one in declared}
    return [one for one in members if key_of(one) not in keys and not controlled(one)]


def delete(kubectl: Kubectl, bodies: Iterable[Body], timeout: int) -> None:
    """Delete objects, and wait for those of the kinds that take others along; what is gone already is no error.

    `timeout` in seconds, for the waiting. Raises ClusterError with the API's words for each object that it refuses to
    delete; the others are deleted all the same.
    """
    doomed = list(bodies)
    for waited in (False, True):
        part = [_reference(one) for one in doomed if (one["kind"] in _WAITED) == waited]
        if part:
            document = json.dumps({"apiVersion": "v1", "kind": "List", "items": part})
            options = ("--ignore-not-found", f"--wait={str(waited).lower()}", f"--timeout={timeout}s")
            kubectl.run("delete", "-f", "-", *options, stdin=document)


def _last_first(members: Iterable[Body], manifests: Sequence[Manifest]) -> Iterator[list[Body]]:
    """Members by wave, the last wave first.

    What an older version of the program declared comes before all: nothing that is declared now needs it.
    """
    waves: dict[Key, int] = {one.key: one.wave for one in manifests}
    undeclared = 1 + max(waves.values(), default=0)
    by_wave: dict[int, list[Body]] = {}
    for one in sorted(members, key=key_of, reverse=True):
        by_wave.setdefault(waves.get(key_of(one), undeclared), []).append(one)
    for wave in sorted(by_wave, reverse=True):
        yield by_wave[wave]


def _reference(body: Body) -> dict[str, Any]:
    """As much of an object as names it."""
    metadata = {key: body["metadata"][key] for key in ("name", "namespace") if key in body["metadata"]}
    return {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": metadata}
