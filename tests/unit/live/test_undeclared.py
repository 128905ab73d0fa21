"""Fields that people add by hand: found by who wrote them, and taken back without touching what controllers write."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ops.live.comparing import dotted
from ops.live.undeclared import added_fields, take_back, writer_of
from tests.unit.fake_cluster import FakeKubectl

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "api", "namespace": "astrbot"},
    "spec": {
        "template": {"spec": {"containers": [{"name": "app", "image": "x", "env": [{"name": "A", "value": "1"}]}]}}
    },
}


def entry(manager: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "time": "2026-11-30T10:00:00Z", "fieldsV1": fields, **more}


def in_container(below: dict[str, Any]) -> dict[str, Any]:
    return {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"app"}': below}}}}}


def live_with(env: list[dict[str, str]], *entries: dict[str, Any]) -> dict[str, Any]:
    body = copy.deepcopy(DEPLOYMENT)
    body["spec"]["template"]["spec"]["containers"][0]["env"] = env
    body["metadata"] |= {"resourceVersion": "7", "managedFields": list(entries)}
    return body


ADDED = in_container({"f:env": {'k:{"name":"B"}': {".": {}, "f:name": {}, "f:value": {}}}})
BOTH = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]


def test_a_variable_that_somebody_added_is_found_as_a_whole() -> None:
    """Removing only its value would leave a variable without one."""
    (one,) = added_fields(DEPLOYMENT, live_with(BOTH, entry("kubectl-edit", ADDED)))
    assert dotted(one.path) == "spec.template.spec.containers[0].env[1]"
    assert (one.value, one.manager) == ({"name": "B", "value": "2"}, "kubectl-edit")


@pytest.mark.parametrize(
    "manager", ["kube-controller-manager", "pulumi-kubernetes-1a2b", "flagger", "argocd-controller"]
)
def test_what_a_controller_wrote_is_left_alone(manager: str) -> None:
    """It would write it again, and be taken back again, for ever."""
    assert added_fields(DEPLOYMENT, live_with(BOTH, entry(manager, ADDED))) == []


def test_scaling_and_status_are_no_fields_that_somebody_added() -> None:
    written = entry("kubectl", {"f:spec": {"f:replicas": {}}}, subresource="scale")
    body = live_with(BOTH, written)
    body["spec"]["replicas"] = 5
    assert added_fields(DEPLOYMENT, body) == []


def test_what_is_declared_too_is_no_addition() -> None:
    """Its value is compared elsewhere."""
    fields = in_container({"f:image": {}, "f:env": {'k:{"name":"A"}': {".": {}, "f:value": {}}}})
    assert added_fields(DEPLOYMENT, live_with(BOTH[:1], entry("kubectl-edit", fields))) == []


def test_annotations_of_a_pod_template_that_a_restart_leaves_stay() -> None:
    """`kubectl rollout restart` notes its time there: taking it back would restart everything once more."""
    fields: dict[str, Any] = {
        "f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/restartedAt": {}}}}}
    }
    body = live_with(BOTH[:1], entry("kubectl-rollout", fields))
    body["spec"]["template"]["metadata"] = {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}
    assert added_fields(DEPLOYMENT, body) == []


def test_fields_that_others_own_by_declaration_are_left_alone() -> None:
    fields: dict[str, Any] = {"f:spec": {"f:paused": {}}}
    body = live_with(BOTH[:1], entry("kubectl-patch", fields))
    body["spec"]["paused"] = True
    assert added_fields(DEPLOYMENT, body, ["spec.paused"]) == []
    assert [dotted(one.path) for one in added_fields(DEPLOYMENT, body)] == ["spec.paused"]


def test_they_are_removed_from_behind_and_only_from_the_version_that_was_read() -> None:
    """Removing the first item of a list moves the others; and somebody may be writing just now."""
    more = [*BOTH, {"name": "C", "value": "3"}]
    fields = in_container({"f:env": {f'k:{{"name":"{name}"}}': {".": {}} for name in "BC"}})
    body = live_with(more, entry("kubectl-edit", fields))
    kubectl = FakeKubectl()
    take_back(kubectl, body, added_fields(DEPLOYMENT, body))
    (patch,) = kubectl.state.patches
    assert patch[0] == {"op": "test", "path": "/metadata/resourceVersion", "value": "7"}
    assert [one["path"].rpartition("/")[2] for one in patch[1:]] == ["2", "1"]


def test_a_rule_that_a_policy_got_beside_its_own_is_said_to_be_whose_it_is() -> None:
    """Lists without keys belong to one writer as a whole: they are compared by value, and whose they are is known."""
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny", "managedFields": [entry("kubectl-edit", {"f:spec": {"f:egress": {}}})]},
        "spec": {"egress": [{}]},
    }
    assert writer_of(policy, ("spec", "egress")) == "kubectl-edit at 2026-11-30T10:00:00Z"
    assert writer_of(policy, ("spec", "ingress")) == ""
