"""Applying manifests with kubectl: server-side, as one document, and with others' fields as the cluster has them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.manifests import Manifest
from graph.model import revealed
from ops.engines.applyset import PART_OF
from ops.engines.changes import Changes, Key, key_of, note
from ops.engines.lookup import Lookup
from ops.engines.ownership import is_outdated, without, yielding
from ops.kubectl import ClusterError

_FIELD_MANAGER = "saas-platform"
_APPLY = ("apply", "--server-side", "--force-conflicts", f"--field-manager={_FIELD_MANAGER}")
# While pods come up their Deployment's status changes several times a second, and each of these is a new version of it.
_ATTEMPTS = 20


@dataclass(frozen=True)
class Applier:
    """Applies manifests in the cluster of `lookup`."""

    lookup: Lookup

    def apply(self, manifests: Sequence[Manifest], *options: str, identifier: str | None = None) -> str:
        """Apply, again where somebody else wrote an object between its being read and applied; what kubectl printed.

        With `identifier` all that is not retained gets the label of that set.
        """
        arguments = (*_APPLY, *options, "-f", "-")
        for _ in range(_ATTEMPTS - 1):
            try:
                return self.lookup.kubectl.run(*arguments, stdin=self._document(manifests, identifier))
            except ClusterError as error:
                if not is_outdated(error):
                    raise
        return self.lookup.kubectl.run(*arguments, stdin=self._document(manifests, identifier))

    def objects(
        self, manifests: Sequence[Manifest], *options: str, identifier: str | None = None
    ) -> list[dict[str, Any]]:
        """The same; the objects as they are then."""
        printed = json.loads(self.apply(manifests, *options, "-o", "json", identifier=identifier))
        return list(printed.get("items", [printed]))

    def _document(self, manifests: Sequence[Manifest], identifier: str | None) -> str:
        """What is applied of `manifests`: fields that are others' as the cluster has them at this moment."""
        live = self.lookup.declared([one for one in manifests if one.owned])
        bodies = {one.key: yielding(revealed(one.body), one.owned, live.get(one.key)) for one in manifests}
        return _document(manifests, bodies, identifier)


def compare(
    manifests: Sequence[Manifest],
    before: Mapping[Key, Mapping[str, Any]],
    after: Iterable[Mapping[str, Any]],
    changes: Changes,
) -> None:
    """Add to `changes` what became of each object in `after`, others' fields left aside."""
    owned = {one.key: one.owned for one in manifests if one.owned}
    old = {key: without(one, owned.get(key, ())) for key, one in before.items()}
    note(changes, old, (without(one, owned.get(key_of(one), ())) for one in after))


def _document(manifests: Sequence[Manifest], bodies: Mapping[Key, Mapping[str, Any]], identifier: str | None) -> str:
    """The manifests as one List, with the label of the set if kubectl is not going to put it there itself."""
    items = []
    for manifest in manifests:
        body = bodies[manifest.key]
        if identifier and not manifest.retained:
            labels = {**body["metadata"].get("labels", {}), PART_OF: identifier}
            body = {**body, "metadata": {**body["metadata"], "labels": labels}}
        items.append(body)
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
