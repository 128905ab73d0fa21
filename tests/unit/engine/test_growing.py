"""Volumes that grow, and StatefulSets that are made anew around the pods that they have."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from graph.manifests import Manifest
from ops.engine.growing import AROUND_PODS, Growing, find, leaving
from ops.engine.plan import FieldChange, Plan, Step
from ops.errors import OperationError
from ops.live.lookup import Live
from tests.unit.fake_cluster import FakeKubectl

TYPE = "kubernetes:apps/v1:StatefulSet"
SELECTOR = {"matchLabels": {"app": "minio"}}


def stateful_set(size: str, **spec: Any) -> dict[str, Any]:
    claim = {"storageClassName": "fast", "resources": {"requests": {"storage": size}}}
    template = {"metadata": {"name": "data"}, "spec": claim}
    labels = {"platform.io/system": "shop"}
    metadata = {"name": "minio", "namespace": "shop", "labels": labels}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata,
        "spec": {"selector": SELECTOR, "serviceName": "minio", "volumeClaimTemplates": [template], **spec},
    }


def prometheus(size: str) -> dict[str, Any]:
    claim = {"spec": {"resources": {"requests": {"storage": size}}}}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "Prometheus",
        "metadata": {"name": "main", "namespace": "shop"},
        "spec": {"storage": {"volumeClaimTemplate": claim}},
    }


def manifest(body: dict[str, Any]) -> Manifest:
    name = body["metadata"]["name"]
    return Manifest(f"urn:{name}", body["kind"], "shop", name, 0, True, body)


def with_claims(*claims: tuple[str, str], expanding: bool = True) -> FakeKubectl:
    kubectl = FakeKubectl()
    kubectl.put(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "fast"},
            "allowVolumeExpansion": expanding,
        }
    )
    for name, size in claims:
        spec = {"storageClassName": "fast", "resources": {"requests": {"storage": size}}}
        metadata = {"name": name, "namespace": "shop"}
        kubectl.put({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
    return kubectl


def found(kubectl: FakeKubectl, wanted: dict[str, Any], present: dict[str, Any] | None) -> Growing:
    one = manifest(wanted)
    live: Live = {one.key: copy.deepcopy(present)} if present else {}
    return find(kubectl, [one], {one.urn: TYPE}, live)


def changes(kubectl: FakeKubectl) -> Iterator[tuple[str, str]]:
    for command, what, *_ in kubectl.state.calls:
        if command != "get":
            yield command, what


CLAIMS = (("data-minio-0", "10Gi"), ("data-minio-1", "10Gi"))


def test_claims_grow_before_their_stateful_set_is_let_go_of_without_its_pods() -> None:
    """Deleted with its pods everything would stand still; made again alone, its claims would keep their size."""
    kubectl = with_claims(*CLAIMS, ("data-minio-backup", "1Gi"), ("data-other-0", "1Gi"))
    growing = found(kubectl, stateful_set("20Gi"), stateful_set("10Gi"))
    assert growing.rebuilt == ["urn:minio"]
    growing.refuse_impossible()
    growing.carry_out(Console(file=StringIO()))
    assert list(changes(kubectl)) == [
        ("patch", "persistentvolumeclaim/data-minio-0"),
        ("patch", "persistentvolumeclaim/data-minio-1"),
        ("delete", "statefulset/minio"),
    ]
    patched, deleted = kubectl.state.calls[-2], kubectl.state.calls[-1]
    patch = json.loads(next(one for one in patched if one.startswith("--patch=")).removeprefix("--patch="))
    assert patch == {"spec": {"resources": {"requests": {"storage": "20Gi"}}}}
    assert "--cascade=orphan" in deleted and "--namespace=shop" in deleted


def test_a_run_that_was_killed_in_between_is_repeated_where_it_stopped() -> None:
    """At each moment the cluster itself says what is left to be done."""
    wanted, before = stateful_set("20Gi"), stateful_set("10Gi")
    half = found(with_claims(("data-minio-0", "20Gi"), ("data-minio-1", "10Gi")), wanted, before)
    assert [claim.name for one in half.anew for claim in one.claims] == ["data-minio-1"]
    assert half.rebuilt == ["urn:minio"]
    grown = (("data-minio-0", "20Gi"), ("data-minio-1", "20Gi"))
    assert found(with_claims(*grown), wanted, before).rebuilt == ["urn:minio"]
    assert found(with_claims(*grown), wanted, None).anew == (), "it is gone, and the engine makes it again"
    assert found(with_claims(*grown), wanted, wanted).anew == ()


def test_claims_that_an_earlier_change_left_behind_grow_too() -> None:
    """A StatefulSet that was made again by itself says one size, and its volumes have another."""
    growing = found(with_claims(*CLAIMS), stateful_set("20Gi"), stateful_set("20Gi"))
    assert [claim.name for one in growing.anew for claim in one.claims] == ["data-minio-0", "data-minio-1"]
    assert growing.rebuilt == []


def test_any_field_but_the_selector_is_changed_around_the_pods() -> None:
    growing = found(with_claims(), stateful_set("10Gi", serviceName="other"), stateful_set("10Gi"))
    (one,) = growing.anew
    assert one.fields == (FieldChange("spec.serviceName", "minio", "other"),)
    assert "selector" not in AROUND_PODS


def test_what_the_server_added_to_a_template_is_no_change() -> None:
    live = stateful_set("10Gi")
    live["spec"]["volumeClaimTemplates"][0] |= {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {}}
    live["spec"]["volumeClaimTemplates"][0]["spec"]["volumeMode"] = "Filesystem"
    assert found(with_claims(), stateful_set("10240Mi"), live).anew == ()


def test_the_claims_of_what_an_operator_makes_grow_and_the_rest_is_the_operators() -> None:
    """The Prometheus operator makes the StatefulSet again, and leaves the claims as they are."""
    kubectl = with_claims(("prometheus-main-db-prometheus-main-0", "10Gi"))
    growing = found(kubectl, prometheus("20Gi"), prometheus("10Gi"))
    growing.carry_out(Console(file=StringIO()))
    assert list(changes(kubectl)) == [("patch", "persistentvolumeclaim/prometheus-main-db-prometheus-main-0")]
    assert growing.rebuilt == []


def test_a_class_that_lets_nothing_grow_is_told_before_anything_is_done_with_the_command_that_helps() -> None:
    growing = found(with_claims(*CLAIMS, expanding=False), stateful_set("20Gi"), stateful_set("10Gi"))
    with pytest.raises(OperationError) as caught:
        growing.refuse_impossible()
    for words in ("StatefulSet shop/minio", "data-minio-0", "from 10Gi to 20Gi", "kubectl patch storageclass fast"):
        assert words in str(caught.value)


def test_a_plan_shows_what_is_done_beside_what_the_engine_does() -> None:
    """Consent is to all of it."""
    growing = found(with_claims(*CLAIMS), stateful_set("20Gi"), stateful_set("10Gi"))
    (alone,) = growing.shown_in(Plan()).resources
    assert (alone.title, alone.operation) == ("StatefulSet shop/minio", "update")
    assert FieldChange("claim data-minio-0", "10Gi", "20Gi") in alone.fields
    also = FieldChange("spec.template", "a", "b")
    own = Step("urn:minio", TYPE, "update", stateful_set("20Gi"), (also,))
    (both,) = growing.shown_in(Plan((own,))).resources
    assert both.fields == (also, *alone.fields)
    assert growing.of_system("other").anew == () and growing.of_system("shop").anew == growing.anew


def test_the_engine_leaves_such_fields_of_what_is_there() -> None:
    """It would delete the StatefulSet with its pods, or refuse since it is protected."""
    one = manifest(stateful_set("20Gi"))
    assert leaving([one], {one.urn: TYPE}, {one.key: stateful_set("10Gi")}) == {
        (TYPE, "urn:minio"): [f"spec.{field}" for field in AROUND_PODS]
    }
    assert leaving([one], {one.urn: TYPE}, {}) == {}
