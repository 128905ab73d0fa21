"""The recorded engine: the graph's manifests, applied by kubectl in waves as one ApplySet, and waited for.

Killed at any moment, the next run converges: every object is applied with the same content again, members are found by
their label, and the parent knows all kinds and namespaces before the first of them is created.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from components.naming import SYSTEM_LABEL
from graph.manifests import Manifest
from graph.model import revealed
from ops.engines.applyset import PART_OF, ApplySet
from ops.engines.changes import Changes, Key, key_of, note, title_of
from ops.engines.ownership import controlled, is_outdated, without, yielding
from ops.engines.readiness import Readiness, readiness
from ops.immutable import refusals
from ops.kubectl import ClusterError, Kubectl

_FIELD_MANAGER = "saas-platform"
_APPLY = ("apply", "--server-side", "--force-conflicts", f"--field-manager={_FIELD_MANAGER}")
_POLL_SECONDS = 0.5
# While pods come up their Deployment's status changes several times a second, and each of these is a new version of it.
_ATTEMPTS = 20

State = Mapping[Key, Readiness]


class Progress(Protocol):
    """Told how far a deployment is."""

    def wave(self, number: int, of: int, objects: int) -> None:
        """A wave of objects is about to be applied."""

    def waiting(self, state: State) -> None:
        """The workloads that are waited for, as they are now."""


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

    def deploy(self) -> Changes:
        """Apply everything, wait for it, and prune what is no longer declared.

        Raises ClusterError with the API's own words; `changes` then says what was applied so far.
        """
        self._refuse_what_is_another_environments()
        self._set.begin(self.tier, self.manifests)
        before = self.live()
        self.refuse(before)
        deployed = self.selected
        self._forget_failed_jobs(before, {one.key for one in deployed})
        waves = [list(wave) for _, wave in itertools.groupby(deployed, key=lambda one: one.wave)]
        for number, wave in enumerate(waves, start=1):
            self.progress.wave(number, len(waves), len(wave))
            self._apply(wave, before)
            self.wait(wave)
        self._prune()
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
            printed = json.loads(self._applied(judged, "--dry-run=server", "-o", "json", identifier=member))
            self._note(live, printed.get("items", [printed]), found)
        declared = {one.key for one in self.manifests}
        members = self._set.members() if member else []
        found.removed = [
            title_of(key_of(one)) for one in members if key_of(one) not in declared and not controlled(one)
        ]
        return found

    def refuse(self, live: Mapping[Key, Mapping[str, Any]]) -> None:
        """Raise ClusterError if something declared cannot come of what is live; nothing has been changed then."""
        found = refusals((one.body for one in self.manifests), live.values())
        if found:
            raise ClusterError("\n".join(["nothing was deployed, since a database cannot change like this:", *found]))

    def live(self) -> dict[Key, dict[str, Any]]:
        """The environment's declared objects that are in the cluster."""
        return self._declared(f"platform.io/environment={self.environment}")

    def _declared(self, selector: str) -> dict[Key, dict[str, Any]]:
        """The declared objects that are in the cluster and fit a label selector."""
        kinds = ",".join(sorted({_resource(manifest) for manifest in self.manifests}))
        wanted = {one.key for one in self.manifests}
        found = self.kubectl.json("get", kinds, "--all-namespaces", f"--selector={selector}")["items"]
        return {key_of(one): one for one in found if key_of(one) in wanted}

    def wait(self, manifests: Sequence[Manifest]) -> None:
        """Wait until all of `manifests` that have a readiness are ready."""
        deadline = time.monotonic() + self.timeout
        while True:
            state = self.state(manifests)
            self.progress.waiting(state)
            missing = {key: one for key, one in state.items() if not one.done}
            if not missing:
                return
            if failed := {key: one for key, one in missing.items() if one.failed}:
                raise ClusterError(_missing("failed", failed, self._warnings()))
            if time.monotonic() > deadline:
                raise ClusterError(_missing(f"not available within {self.timeout} s", missing, self._warnings()))
            time.sleep(_POLL_SECONDS)

    def state(self, manifests: Sequence[Manifest] | None = None) -> dict[Key, Readiness]:
        """The readiness of the objects that have one; an object that is not there counts as not ready."""
        wanted = [one for one in (self.manifests if manifests is None else manifests) if _can_wait(one)]
        if not wanted:
            return {}
        # An autoscaler of a later wave has had no chance yet.
        last = max(one.wave for one in wanted)
        live, minimums = self.live(), dict(_minimums([one for one in self.manifests if one.wave <= last]))
        return {one.key: _state(live.get(one.key), minimums.get(one.key, 0)) for one in wanted}

    def remove(self) -> Changes:
        """Delete every member, the last wave first, and then the environment's own object."""
        members = {key_of(one) for one in self._set.members()}
        order = [one.key for one in reversed(self.manifests)]
        # What an older version of the program declared comes first: nothing that is declared now needs it.
        undeclared = sorted(members - set(order))
        for key in [*undeclared, *(key for key in order if key in members)]:
            self._delete(key)
            self.changes.removed.append(title_of(key))
        self._set.end()
        return self.changes

    def _refuse_what_is_another_environments(self) -> None:
        """Applying is by force: what another environment of the same cluster made would be taken from it."""
        found = self._declared(f"{PART_OF},{PART_OF}!={self._set.identifier}")
        if found:
            owner = next(iter(found.values()))["metadata"]["labels"].get("platform.io/environment", "another")
            raise ClusterError(
                f"{len(found)} objects belong to environment {owner!r} of the same cluster, the first of them "
                f"{title_of(next(iter(found)))}. Nothing was changed: a cluster holds one environment; remove the "
                "other with `make down`, or choose another cluster with CONTEXT="
            )

    def _forget_failed_jobs(self, live: dict[Key, dict[str, Any]], deployed: set[Key]) -> None:
        """Delete the Jobs to be deployed that failed: none starts again by itself, and applying it changes nothing."""
        for key, body in list(live.items()):
            found = readiness(body)
            if key in deployed and found and found.failed:
                self._delete(key)
                del live[key]

    def _apply(self, wave: Sequence[Manifest], before: Mapping[Key, Mapping[str, Any]]) -> None:
        try:
            applied = json.loads(self._applied(wave, "-o", "json", identifier=self._set.identifier))
        except ClusterError:
            # kubectl goes on after an object that is refused; what it did apply is there, and is reported.
            keys = {one.key for one in wave}
            self._note(before, (one for key, one in self.live().items() if key in keys))
            raise
        self._note(before, applied.get("items", [applied]))

    def _note(
        self,
        before: Mapping[Key, Mapping[str, Any]],
        after: Iterable[Mapping[str, Any]],
        changes: Changes | None = None,
    ) -> None:
        owned = {one.key: one.owned for one in self.manifests if one.owned}
        old = {key: without(one, owned.get(key, ())) for key, one in before.items()}
        note(
            self.changes if changes is None else changes,
            old,
            (without(one, owned.get(key_of(one), ())) for one in after),
        )

    def _applied(self, manifests: Sequence[Manifest], *options: str, identifier: str | None = None) -> str:
        """Apply, again where somebody else wrote an object between its being read and applied; what kubectl printed."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return self.kubectl.run(*_APPLY, *options, "-f", "-", stdin=self._document(manifests, identifier))
            except ClusterError as error:
                if not is_outdated(error):
                    raise
        return self.kubectl.run(*_APPLY, *options, "-f", "-", stdin=self._document(manifests, identifier))

    def _document(self, manifests: Sequence[Manifest], identifier: str | None = None) -> str:
        """What is applied of `manifests`: fields that are others' as the cluster has them at this moment."""
        live = self.live() if any(one.owned for one in manifests) else {}
        bodies = {one.key: yielding(revealed(one.body), one.owned, live.get(one.key)) for one in manifests}
        return _document(manifests, bodies, identifier)

    def _prune(self) -> None:
        """Remove the members that are no longer declared, by kubectl's own pass over the whole set."""
        members = [manifest for manifest in self.manifests if not manifest.retained]
        declared = {one.key for one in members}
        undeclared = [one for one in self._set.members() if key_of(one) not in declared]
        if self.system is not None:
            self._prune_system([one for one in undeclared if system_of(one) == self.system and not controlled(one)])
            return
        for copied in filter(controlled, undeclared):
            self._set.release(copied)
        # The pass costs as much as the deployment itself, and there is hardly ever anything to remove.
        if all(map(controlled, undeclared)):
            return
        printed = self._applied(members, "--prune", f"--applyset={self._set.reference}")
        self.changes.removed += [line.split()[0] for line in printed.splitlines() if line.endswith(" pruned")]

    def _prune_system(self, undeclared: Iterable[Mapping[str, Any]]) -> None:
        """Remove one by one: kubectl's own pass applies the whole set again, and so would change others' objects."""
        for one in undeclared:
            self._delete(key_of(one))
            self.changes.removed.append(title_of(key_of(one)))

    def _delete(self, key: Key) -> None:
        kind, namespace, name = key
        resource = next((_resource(one) for one in self.manifests if one.kind == kind), kind)
        where = [f"--namespace={namespace}"] if namespace else []
        wait = "--wait=true" if kind in ("Namespace", "StatefulSet", "Deployment", "Job") else "--wait=false"
        self.kubectl.run("delete", resource, name, *where, "--ignore-not-found", wait, f"--timeout={self.timeout}s")

    def _warnings(self) -> list[str]:
        """What the cluster itself says about pods that do not come up, each message once."""
        lines = []
        for namespace in sorted({one.namespace for one in self.manifests if one.namespace}):
            events = self.kubectl.json("get", "events", f"--namespace={namespace}", "--field-selector=type=Warning")
            lines += [
                f"{one['involvedObject']['kind']} {one['involvedObject']['name']}: {one['message']}"
                for one in events["items"]
            ]
        return list(dict.fromkeys(lines))[-10:]


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


def system_of(body: Mapping[str, Any]) -> str | None:
    """The system that an object bears the label of."""
    label: str | None = body["metadata"].get("labels", {}).get(SYSTEM_LABEL)
    return label


def _resource(manifest: Manifest) -> str:
    """`Kind.version.group`, which names a kind without doubt even where two groups have one of that name."""
    group, _, version = str(manifest.body["apiVersion"]).rpartition("/")
    return f"{manifest.kind}.{version}.{group}"


def _can_wait(manifest: Manifest) -> bool:
    return readiness({**manifest.body, "status": {}}) is not None


def _state(live: Mapping[str, Any] | None, minimum: int) -> Readiness:
    if live is None:
        return Readiness(0, max(1, minimum), "does not exist")
    found = readiness(live, minimum)
    return found or Readiness(1, 1)


def _minimums(manifests: Sequence[Manifest]) -> Iterator[tuple[Key, int]]:
    """What autoscalers scale their workloads to at the least, except those that a release scales, to none at times."""
    released = {one.key for one in manifests if "spec.replicas" in one.owned}
    for manifest in manifests:
        if manifest.kind == "HorizontalPodAutoscaler":
            spec = manifest.body["spec"]
            target = spec["scaleTargetRef"]
            key = (target["kind"], manifest.namespace, target["name"])
            if key not in released:
                yield key, int(spec.get("minReplicas", 1))


def _missing(title: str, missing: State, warnings: Sequence[str]) -> str:
    lines = [f"{title}:"]
    lines += [
        f"  {title_of(key)}: {one.ready} of {one.wanted}" + (f", {one.reason}" if one.reason else "")
        for key, one in missing.items()
    ]
    if warnings:
        lines += ["the cluster's warnings:", *(f"  {warning}" for warning in warnings)]
    return "\n".join([*lines, "what was applied stays; the same command goes on from there"])
