"""Where state and cluster do not agree: what is missing, changed by hand, added by hand, or somebody else's.

One list call a kind tells all of it. The state has each object as it was after its last deployment, so that what has
the same `resourceVersion` needs no second look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.manifests import Manifest
from graph.model import SIGNATURE_KEY
from ops.live.comparing import Difference, differences
from ops.live.lookup import Body, Key, Live, Lookup, environment_label, is_left_over, key_of, title_of
from ops.live.undeclared import Added, added_fields, writer_of

_AUTOSCALERS = ("HorizontalPodAutoscaler", "ScaledObject")


@dataclass(frozen=True)
class Deployed:
    """A Kubernetes object as the state has it: `inputs` are what was applied, `version` its resourceVersion then."""

    urn: str
    key: Key
    inputs: Body
    version: str
    holds_secret: bool


@dataclass(frozen=True)
class Changed:
    """A live object that is not as it was applied; of one that holds a secret only that it is another is known."""

    object: Deployed
    live: Body
    differences: tuple[Difference, ...]

    def lines(self) -> Iterator[str]:
        """Each difference, and who wrote the field last."""
        if not self.differences:
            yield "written since, and what holds a secret is not compared by value"
        for one in self.differences:
            writer = writer_of(self.live, one.path)
            yield f"{one}{f' (written by {writer})' if writer else ''}"


@dataclass(frozen=True)
class Drift:
    """What does not agree.

    `missing` are in the state and not in the cluster; `changed` differ; `added` have fields that nobody declares;
    `unknown` are declared and in the cluster with the environment's label, and not in the state; `foreign` the same
    without that label; `strays` have the label, and neither program nor state knows them.
    """

    missing: tuple[Deployed, ...] = ()
    changed: tuple[Changed, ...] = ()
    added: tuple[tuple[Deployed, Body, tuple[Added, ...]], ...] = ()
    unknown: tuple[Key, ...] = ()
    foreign: tuple[tuple[Key, str | None], ...] = ()
    strays: tuple[Key, ...] = ()
    live: Live = field(default_factory=dict)

    @property
    def none(self) -> bool:
        """Whether everything agrees."""
        return not (self.missing or self.changed or self.added or self.unknown or self.foreign or self.strays)

    @property
    def stale(self) -> list[str]:
        """The URNs of what the state has wrong."""
        return sorted({one.urn for one in self.missing} | {one.object.urn for one in self.changed})


def deployed_objects(resources: Sequence[Mapping[str, Any]]) -> list[Deployed]:
    """The Kubernetes objects of a state; Helm releases and what is still to be deleted are left out."""
    return [
        _deployed(one)
        for one in resources
        if one.get("custom")
        and str(one["type"]).startswith("kubernetes:")
        and not str(one["type"]).startswith("kubernetes:helm.sh/")
        and not one.get("delete")
    ]


def as_deployed(manifests: Sequence[Manifest]) -> list[Deployed]:
    """What is declared as if it were what was applied last: for a comparison without the state."""
    return [Deployed(one.urn, one.key, one.body, "", one.holds_secret) for one in manifests]


def find_drift(lookup: Lookup, manifests: Sequence[Manifest], deployed: Sequence[Deployed]) -> Drift:
    """Compare the state, and what is declared beyond it, with the cluster."""
    declared = {one.key: one for one in manifests}
    known = {one.key: one for one in deployed}
    bodies: list[Body] = [*(one.inputs for one in deployed), *(one.body for one in manifests)]
    live = lookup.labelled(bodies, managed_fields=True)
    beyond = _unlabelled(lookup, declared, known, live)
    live = {**beyond, **live}
    unseen = [key for key in declared if key not in known and key in live]
    scaled = set(_scaled(bodies))
    present = [(one, live[one.key]) for one in deployed if one.key in live]
    ignored = {
        one.key: (*_ignored(declared.get(one.key)), *(("spec.replicas",) if one.key in scaled else ()))
        for one, _ in present
    }
    return Drift(
        missing=tuple(one for one in deployed if one.key not in live),
        changed=tuple(_changed(present, ignored)),
        added=tuple(_added(present, ignored)),
        unknown=tuple(key for key in unseen if environment_label(live[key]) == lookup.environment),
        foreign=tuple(
            (key, environment_label(live[key])) for key in unseen if environment_label(live[key]) != lookup.environment
        ),
        strays=tuple(key for key, body in sorted(live.items()) if _is_stray(key, body, declared, known)),
        live=live,
    )


def _unlabelled(
    lookup: Lookup, declared: Mapping[Key, Manifest], known: Mapping[Key, Deployed], live: Mapping[Key, Body]
) -> Live:
    """Objects without the environment's label that bear the name of one that was not found with it."""
    absent = [*(one.inputs for key, one in known.items() if key not in live)]
    absent += [one.body for key, one in declared.items() if key not in live and key not in known]
    return lookup.named(absent) if absent else {}


def _deployed(resource: Mapping[str, Any]) -> Deployed:
    inputs, outputs = resource.get("inputs") or {}, resource.get("outputs") or {}
    metadata = outputs.get("metadata") or {}
    version = str(metadata.get("resourceVersion", "")) if isinstance(metadata, Mapping) else ""
    return Deployed(str(resource["urn"]), key_of(inputs), inputs, version, _holds_secret(inputs))


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return SIGNATURE_KEY in value or any(_holds_secret(one) for one in value.values())
    return isinstance(value, list) and any(_holds_secret(one) for one in value)


def _changed(present: Sequence[tuple[Deployed, Body]], ignored: Mapping[Key, Sequence[str]]) -> Iterator[Changed]:
    for one, live in present:
        if one.version and one.version == live["metadata"].get("resourceVersion"):
            continue
        if one.holds_secret:
            if one.version:
                yield Changed(one, live, ())
        elif found := tuple(differences(one.inputs, live, ignored[one.key])):
            yield Changed(one, live, found)


def _added(
    present: Sequence[tuple[Deployed, Body]], ignored: Mapping[Key, Sequence[str]]
) -> Iterator[tuple[Deployed, Body, tuple[Added, ...]]]:
    for one, live in present:
        if not one.holds_secret and (found := added_fields(one.inputs, live, ignored[one.key])):
            yield one, live, tuple(found)


def _ignored(manifest: Manifest | None) -> tuple[str, ...]:
    return manifest.owned if manifest else ()


def _scaled(bodies: Sequence[Body]) -> Iterator[Key]:
    """The workloads whose replicas an autoscaler writes."""
    for one in bodies:
        if one["kind"] in _AUTOSCALERS:
            target = one["spec"]["scaleTargetRef"]
            yield str(target.get("kind", "Deployment")), str(one["metadata"].get("namespace", "")), str(target["name"])


def _is_stray(key: Key, body: Body, declared: Mapping[Key, Manifest], known: Mapping[Key, Deployed]) -> bool:
    """Neither program nor state knows it, and nothing else answers for it."""
    return key not in declared and key not in known and is_left_over(body)


def drift_lines(drift: Drift) -> Iterator[tuple[str, list[str]]]:
    """(what, details) of everything that does not agree, for people."""
    for one in drift.missing:
        yield f"{title_of(one.key)}: missing from the cluster", []
    for change in drift.changed:
        yield f"{title_of(change.object.key)}: changed", list(change.lines())
    for one, _, fields in drift.added:
        yield f"{title_of(one.key)}: fields that nobody declares", [str(added) for added in fields]
    for key in drift.unknown:
        yield f"{title_of(key)}: in the cluster, and not in the state", []
    for key, owner in drift.foreign:
        yield f"{title_of(key)}: in the cluster, and of {_owner(owner)}", []
    for key in drift.strays:
        yield f"{title_of(key)}: has the environment's label, and neither the program nor the state knows it", []


def _owner(label: str | None) -> str:
    return f"environment {label!r}" if label else "no environment"
