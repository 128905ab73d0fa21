"""What a deployment changed: only what was asked for counts."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ops.engines.changes import Changes, key_of, note, title_of

LIVE: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "api", "namespace": "shop", "labels": {"a": "b"}, "annotations": {"c": "d"}, "uid": "1"},
    "spec": {"replicas": 2},
    "status": {"availableReplicas": 2},
}


def changed(**metadata: Any) -> dict[str, Any]:
    return {**LIVE, "metadata": {**LIVE["metadata"], **metadata}}


def changes_of(after: dict[str, Any], before: dict[str, Any] | None = LIVE) -> Changes:
    changes = Changes()
    note(changes, {key_of(before): before} if before else {}, [after])
    return changes


def annotated(**annotations: str) -> dict[str, Any]:
    return changed(annotations={**LIVE["metadata"]["annotations"], **annotations})


@pytest.mark.parametrize(
    "after",
    [
        copy.deepcopy(LIVE),
        changed(resourceVersion="9"),
        changed(generation=2),
        changed(uid="2"),
        changed(creationTimestamp="2026-01-01T00:00:00Z"),
        changed(managedFields=[{"manager": "kubectl"}]),
        annotated(**{"deployment.kubernetes.io/revision": "3"}),
        annotated(**{"pv.kubernetes.io/bind-completed": "yes"}),
        annotated(**{"volume.kubernetes.io/selected-node": "node-1"}),
        {**LIVE, "status": {"availableReplicas": 1}},
        {key: value for key, value in LIVE.items() if key != "status"},
    ],
)
def test_what_the_server_and_its_controllers_write_is_no_change(after: dict[str, Any]) -> None:
    """`make up` run again must say that it changed nothing."""
    changes = changes_of(after)
    assert (changes.none, changes.unchanged) == (True, 1)


@pytest.mark.parametrize(
    "after",
    [
        {**LIVE, "spec": {"replicas": 3}},
        {**LIVE, "apiVersion": "apps/v2"},
        changed(labels={"a": "c"}),
        changed(labels={}),
        annotated(e="f"),
        changed(annotations={}),
        changed(finalizers=["keep"]),
        {**LIVE, "data": {"key": "value"}},
    ],
)
def test_what_was_asked_for_is_a_change(after: dict[str, Any]) -> None:
    """A change that is not reported is one that nobody looks at."""
    assert changes_of(after).changed == ["Deployment shop/api"]


def test_an_object_that_was_not_there_is_created() -> None:
    """By kind, namespace and name: one of the same name elsewhere is another."""
    elsewhere = changed(namespace="other")
    assert changes_of(LIVE, None).created == ["Deployment shop/api"]
    assert changes_of(elsewhere).created == ["Deployment other/api"]


def test_annotations_that_are_missing_and_none_are_the_same() -> None:
    """The API returns neither `{}` nor the key."""
    bare = {**LIVE, "metadata": {key: value for key, value in LIVE["metadata"].items() if key != "annotations"}}
    assert changes_of(changed(annotations={}), bare).none
    assert changes_of(changed(annotations=None), bare).none


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (Changes(unchanged=62), "no changes, 62 objects as they should be"),
        (Changes(created=["a", "b"]), "2 created, 0 unchanged"),
        (
            Changes(created=["a"], changed=["b"], removed=["c", "d"], unchanged=5),
            "1 created, 1 changed, 2 removed, 5 unchanged",
        ),
    ],
)
def test_a_summary_names_what_happened_and_nothing_that_did_not(changes: Changes, text: str) -> None:
    """`0 changed` reads as if something had been tried."""
    assert str(changes) == text


def test_only_changes_count_as_changes() -> None:
    """Whatever is unchanged: the next step is taken only if something happened."""
    assert Changes(unchanged=3).none
    assert not Changes(removed=["a"]).none


@pytest.mark.parametrize(
    ("key", "text"), [(("Namespace", "", "shop"), "Namespace shop"), (("Secret", "shop", "db"), "Secret shop/db")]
)
def test_an_object_is_titled_by_kind_and_name(key: tuple[str, str, str], text: str) -> None:
    """As `kubectl` and the manifests call it."""
    assert title_of(key) == text
