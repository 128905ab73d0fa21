"""State against cluster: what is missing, changed, added, somebody else's, and what nobody knows."""

from __future__ import annotations

from typing import Any

import pytest

from graph.manifests import Manifest
from ops.live.drift import Deployed, as_deployed, deployed_objects, drift_lines, find_drift
from ops.live.lookup import Lookup
from tests.unit.fake_cluster import FakeKubectl

LABELS = {"platform.io/environment": "dev"}


def body(kind: str, name: str, labels: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "astrbot", "labels": LABELS if labels is None else labels}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **more}


def manifest(of: dict[str, Any], owned: tuple[str, ...] = ()) -> Manifest:
    name = of["metadata"]["name"]
    return Manifest(f"urn:{of['kind']}:{name}", of["kind"], "astrbot", name, 0, False, of, owned)


def deployed(of: dict[str, Any], version: str = "1", *, secret: bool = False) -> Deployed:
    (one,) = as_deployed([manifest(of)])
    return Deployed(one.urn, one.key, one.inputs, version, secret)


@pytest.fixture
def cluster() -> FakeKubectl:
    return FakeKubectl()


def lookup(cluster: FakeKubectl) -> Lookup:
    return Lookup(cluster, "dev")


CONFIG = body("ConfigMap", "settings", data={"LEVEL": "INFO"})


def test_an_object_as_it_was_applied_is_no_drift(cluster: FakeKubectl) -> None:
    cluster.put(CONFIG)
    assert find_drift(lookup(cluster), [manifest(CONFIG)], [deployed(CONFIG)]).none


def test_one_that_was_deleted_is_missing(cluster: FakeKubectl) -> None:
    drift = find_drift(lookup(cluster), [manifest(CONFIG)], [deployed(CONFIG)])
    assert [one.key[2] for one in drift.missing] == ["settings"]
    assert drift.stale == ["urn:ConfigMap:settings"]


def test_one_whose_label_was_removed_is_still_the_same_object(cluster: FakeKubectl) -> None:
    """Without the label it is not listed, and to make it again would be refused by the API server."""
    cluster.put(body("ConfigMap", "settings", labels={}, data={"LEVEL": "INFO"}))
    cluster.state.objects["ConfigMap", "astrbot", "settings"]["metadata"]["resourceVersion"] = "2"
    drift = find_drift(lookup(cluster), [manifest(CONFIG)], [deployed(CONFIG)])
    assert not drift.missing
    assert [str(one) for change in drift.changed for one in change.differences] == [
        "metadata.labels.platform.io/environment: nothing instead of 'dev'"
    ]


def test_one_that_was_edited_says_which_field_and_who(cluster: FakeKubectl) -> None:
    edited = body("ConfigMap", "settings", data={"LEVEL": "TRACE"})
    edited["metadata"]["resourceVersion"] = "2"
    edited["metadata"]["managedFields"] = [
        {"manager": "kubectl-edit", "time": "now", "fieldsV1": {"f:data": {"f:LEVEL": {}}}}
    ]
    cluster.put(edited)
    drift = find_drift(lookup(cluster), [manifest(CONFIG)], [deployed(CONFIG)])
    assert list(drift_lines(drift)) == [
        (
            "ConfigMap astrbot/settings: changed",
            ["data.LEVEL: 'TRACE' instead of 'INFO' (written by kubectl-edit at now)"],
        )
    ]


def test_the_same_version_is_not_compared_again(cluster: FakeKubectl) -> None:
    """The API server counts versions: it has not been written."""
    cluster.put(body("ConfigMap", "settings", data={"LEVEL": "as the server has it"}))
    assert not find_drift(lookup(cluster), [manifest(CONFIG)], [deployed(CONFIG)]).changed


def test_a_secret_is_compared_by_its_version_alone_and_shows_no_value(cluster: FakeKubectl) -> None:
    secret = body("Secret", "keys", data={"password": "aHVudGVyMg=="})
    cluster.put(secret)
    drift = find_drift(lookup(cluster), [], [deployed(secret, "0", secret=True)])
    (what, details), *_ = drift_lines(drift)
    assert what == "Secret astrbot/keys: changed"
    assert "aHVudGVyMg" not in str(details)
    assert not find_drift(lookup(cluster), [], [deployed(secret, "", secret=True)]).changed, "unknown without the state"


def test_what_is_declared_and_there_is_ours_by_its_label_alone(cluster: FakeKubectl) -> None:
    """By name alone somebody else's object would be taken and changed."""
    cluster.put(CONFIG)
    cluster.put(body("Service", "theirs", labels={"platform.io/environment": "staging"}))
    cluster.put(body("Service", "nobodys", labels={}))
    wanted = [manifest(CONFIG), manifest(body("Service", "theirs")), manifest(body("Service", "nobodys"))]
    drift = find_drift(lookup(cluster), wanted, [])
    assert [key[2] for key in drift.unknown] == ["settings"]
    assert sorted((key[2], owner) for key, owner in drift.foreign) == [("nobodys", None), ("theirs", "staging")]


def test_what_bears_the_label_and_nobody_knows_is_a_stray_unless_a_controller_answers_for_it(
    cluster: FakeKubectl,
) -> None:
    cluster.put(CONFIG)
    cluster.put(body("ConfigMap", "left-over"))
    made = body("ConfigMap", "made-by-a-controller")
    made["metadata"]["ownerReferences"] = [{"controller": True}]
    cluster.put(made)
    drift = find_drift(lookup(cluster), [manifest(CONFIG)], [deployed(CONFIG)])
    assert [key[2] for key in drift.strays] == ["left-over"]


@pytest.mark.parametrize("kind", ["HorizontalPodAutoscaler", "ScaledObject"])
def test_replicas_are_the_autoscalers(cluster: FakeKubectl, kind: str) -> None:
    """It was told to change them."""
    workload = body("Deployment", "api", spec={"replicas": 2})
    cluster.put(body("Deployment", "api", spec={"replicas": 5}))
    target = {"kind": "Deployment", "name": "api"}
    scaler = body(kind, "api", spec={"scaleTargetRef": target})
    cluster.put(scaler)
    known = [deployed(workload, "0"), deployed(scaler)]
    assert find_drift(lookup(cluster), [], known).none
    assert find_drift(lookup(cluster), [], known[:1]).changed, "without one they are the program's"


def test_fields_that_others_own_by_declaration_are_theirs(cluster: FakeKubectl) -> None:
    route = body("Service", "route", spec={"weight": 1})
    cluster.put(body("Service", "route", spec={"weight": 9}))
    known = [deployed(route, "0")]
    assert find_drift(lookup(cluster), [manifest(route, ("spec.weight",))], known).none
    assert find_drift(lookup(cluster), [manifest(route)], known).changed


def test_who_may_look_only_into_namespaces_sees_what_is_in_them(cluster: FakeKubectl) -> None:
    """A developer with rights in one namespace asks for its status, too."""
    cluster.state.forbidden.add("everything")
    cluster.put(CONFIG)
    assert find_drift(lookup(cluster), [manifest(CONFIG)], [deployed(CONFIG)]).none


def test_of_a_state_only_living_objects_of_kubernetes_count() -> None:
    """What is still to be deleted of a replacement has the name of its successor."""
    kept = {"urn": "a", "type": "kubernetes:core/v1:ConfigMap", "custom": True, "inputs": CONFIG}
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}
    resources = [
        {**kept, "outputs": {"metadata": {"resourceVersion": "42"}}},
        {**kept, "urn": "b", "delete": True},
        {**kept, "urn": "c", "type": "kubernetes:helm.sh/v3:Release"},
        {**kept, "urn": "d", "type": "aws:s3/bucket:Bucket"},
        {
            **kept,
            "urn": "e",
            "type": "kubernetes:core/v1:Secret",
            "inputs": {**CONFIG, "kind": "Secret", "data": secret},
        },
        {"urn": "f", "type": "platform:x:Y", "custom": False},
    ]
    found = deployed_objects(resources)
    assert [(one.urn, one.version, one.holds_secret) for one in found] == [("a", "42", False), ("e", "", True)]
