"""The recorded engine: the graph's manifests, applied by kubectl in waves as one ApplySet, and waited for.

Killed at any moment, the next run converges: every object is applied with the same content again, members are found by
their label, and the parent knows all kinds and namespaces before the first of them is created.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.manifests import Manifest
from ops.engines.applying import Applier, compare
from ops.engines.applyset import ApplySet
from ops.engines.changes import Changes, Key, key_of, title_of
from ops.engines.lookup import Found, Live, Lookup, system_of
from ops.engines.readiness import Readiness, readiness
from ops.engines.removing import Remover, delete, undeclared
from ops.engines.waiting import Progress, Waiting
from ops.immutable import refusals
from ops.kubectl import ClusterError, Kubectl


@dataclass
class RecordedEngine:
    """Applies and removes the manifests of one environment in one cluster; `timeout` in seconds, for each wave.

    With `system`, only what bears its label is deployed, waited for and pruned.
    """

    kubectl: Kubectl
    environment: str
    tier: str
    manifests: Sequence[Manifest]
    progress: Progress
    timeout: int = 600
    system: str | None = None
    changes: Changes = field(default_factory=Changes)

    @property
    def _set(self) -> ApplySet:
        return ApplySet(self.kubectl, self.environment)

    @property
    def _lookup(self) -> Lookup:
        return Lookup(self.kubectl, self.environment)

    @property
    def _waiting(self) -> Waiting:
        return Waiting(self._lookup, self.manifests, self.progress, self.timeout)

    @property
    def _remover(self) -> Remover:
        return Remover(self._lookup, self._set, self.timeout, self.changes)

    def deploy(self) -> Changes:
        """Apply everything, wait for it, and prune what is no longer declared.

        Raises ClusterError with the API's own words; `changes` then says what was applied so far.
        """
        found = self._lookup.everything(self.manifests, self._set)
        found.refuse_others()
        self.refuse(found.live)
        first = self._first_to_apply(found.live)
        standing = [one for one in self.selected if first is None or one.wave < first]
        self.changes.unchanged += len(standing)
        self._waiting.wait(standing, found.live)
        if first is None:
            self._prune(found.members)
        else:
            self._apply_from(first, found)
            self._prune(self._set.members())
        return self.changes

    @property
    def selected(self) -> list[Manifest]:
        """The manifests that are deployed: all, or those of the system."""
        return [one for one in self.manifests if self.system is None or system_of(one.body) == self.system]

    def drift(self) -> Changes:
        """What `deploy` would change now, by the API server's own dry run; nothing is changed.

        Objects that hold a secret count as unchanged if they are there: an observer need not know their values.
        """
        live, member = self.live(), self._set.identifier if self._set.exists else None
        found = Changes(created=[one.title for one in self.manifests if one.key not in live])
        there = [one for one in self.manifests if one.key in live]
        judged = [one for one in there if not one.holds_secret]
        found.unchanged = len(there) - len(judged)
        if judged:
            planned = Applier(self._lookup).objects(judged, "--dry-run=server", identifier=member)
            compare(self.manifests, live, planned, found)
        members = self._set.members() if member else []
        found.removed = [title_of(key_of(one)) for one in undeclared(members, self.manifests)]
        return found

    def refuse(self, live: Mapping[Key, Mapping[str, Any]]) -> None:
        """Raise ClusterError if something declared cannot come of what is live; nothing has been changed then."""
        found = refusals((one.body for one in self.manifests), live.values())
        if found:
            raise ClusterError("\n".join(["nothing was deployed, since a database cannot change like this:", *found]))

    def live(self, manifests: Sequence[Manifest] | None = None) -> Live:
        """Those of `manifests` (default: all) that are in the cluster."""
        return self._lookup.declared(self.manifests if manifests is None else manifests)

    def wait(self, manifests: Sequence[Manifest]) -> None:
        """Wait until all of `manifests` that have a readiness are ready."""
        self._waiting.wait(manifests)

    def state(self, manifests: Sequence[Manifest] | None = None) -> dict[Key, Readiness]:
        """The readiness of those that have one (default: of all); an object that is not there counts as not ready."""
        return self._waiting.state(self.manifests if manifests is None else manifests)

    def remove(self) -> Changes:
        """Delete every member, the last wave first, and then the environment's own object.

        Raises ClusterError with the API's own words; `changes` then says what was removed so far.
        """
        self._remover.all(self.manifests)
        return self.changes

    def _first_to_apply(self, live: Live) -> int | None:
        """The first wave in which something is not as it should be; None if everything is.

        By one dry run of the API server over all that is there: with a call for each wave, an environment in which
        nothing is to be done would take as long as one in which everything is.
        """
        deployed = self.selected
        if not self._set.covers(self.tier, self.manifests):
            return 0
        amiss = {one.key for one in deployed if one.key not in live or _failed(live[one.key])}
        first = min((one.wave for one in deployed if one.key in amiss), default=None)
        there = [one for one in deployed if first is None or one.wave < first]
        found = Changes()
        if there:
            try:
                planned = Applier(self._lookup).objects(there, "--dry-run=server", identifier=self._set.identifier)
            except ClusterError:
                # Whatever is wrong, it is said of the object in its own wave.
                return 0
            compare(self.manifests, live, planned, found)
        changed = {*found.created, *found.changed}
        return min((one.wave for one in there if one.title in changed), default=first)

    def _apply_from(self, first: int, found: Found) -> None:
        """Apply the waves from `first` on, each when the one before it is ready."""
        self._set.begin(self.tier, self.manifests)
        deployed, before = self.selected, dict(found.live)
        # None starts again by itself, and applying it changes nothing.
        failed = [before.pop(one.key) for one in deployed if one.key in before and _failed(before[one.key])]
        delete(self.kubectl, failed, self.timeout)
        waves = [list(wave) for _, wave in itertools.groupby(deployed, key=lambda one: one.wave)]
        for number, wave in enumerate(waves, start=1):
            if wave[0].wave >= first:
                self.progress.wave(number, len(waves), len(wave))
                self._apply(wave, before)
                self._waiting.wait(wave)

    def _apply(self, wave: Sequence[Manifest], before: Live) -> None:
        try:
            applied = Applier(self._lookup).objects(wave, identifier=self._set.identifier)
        except ClusterError:
            # kubectl goes on after an object that is refused; what it did apply is there, and is reported.
            compare(self.manifests, before, self.live(wave).values(), self.changes)
            raise
        compare(self.manifests, before, applied, self.changes)

    def _prune(self, members: Sequence[Mapping[str, Any]]) -> None:
        if self.system is None:
            self._remover.prune(members, self.manifests)
        else:
            self._remover.prune_system(members, self.manifests, self.system)


def _failed(live: Mapping[str, Any]) -> bool:
    found = readiness(live)
    return found is not None and found.failed
