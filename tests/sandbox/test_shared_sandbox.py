"""Which environments use one sandbox: `down` of one must not stop it under another."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ops.clusters import sandbox_is_used_by
from ops.kubectl import ClusterError, Kubectl
from sandbox import Sandbox
from tests.sandbox.cluster import Cluster, thing

# The control plane is that of all tests: others may have environments there at the same time.
OURS = {"blue", "green"}
LABEL = "platform.io/environment"


@pytest.fixture
def kubectl(control_plane: Sandbox) -> Kubectl:
    """The one that `ops` uses."""
    return Kubectl(control_plane.kubectl, control_plane.kubeconfig)


@pytest.fixture
def labelled(cluster: Cluster) -> Iterator[Cluster]:
    """Two environments, of which one has namespaces, and the other nothing but a role of the cluster."""
    # Names of this test alone: a namespace of the one before may still be going.
    own = cluster.namespace
    made = {
        f"namespace/blue-{own}": thing("v1", "Namespace", f"blue-{own}"),
        f"namespace/blue-too-{own}": thing("v1", "Namespace", f"blue-too-{own}"),
        f"clusterrole/green-{own}": thing("rbac.authorization.k8s.io/v1", "ClusterRole", f"green-{own}", rules=[]),
    }
    for name, body in made.items():
        environment = "blue" if "blue" in name else "green"
        body["metadata"]["labels"] = {LABEL: environment, "app.kubernetes.io/name": "x"}
    cluster.apply(*made.values())
    yield cluster
    cluster.run("delete", *made, "--ignore-not-found")


@pytest.mark.usefixtures("labelled")
def test_the_other_environments_of_a_sandbox_are_named_once_each(kubectl: Kubectl) -> None:
    """Also one that has no namespace any more, or not yet."""
    found = sandbox_is_used_by(kubectl, "dev")
    assert [name for name in found if name in OURS] == ["blue", "green"]


@pytest.mark.usefixtures("labelled")
def test_an_environment_is_not_in_its_own_way(kubectl: Kubectl) -> None:
    """Its namespaces are still going while its sandbox is to stop."""
    assert OURS & set(sandbox_is_used_by(kubectl, "blue")) == {"green"}
    assert OURS & set(sandbox_is_used_by(kubectl, "green")) == {"blue"}


def test_what_belongs_to_no_environment_keeps_nobody_from_stopping(kubectl: Kubectl, cluster: Cluster) -> None:
    """The sandbox's own nodes, classes and definitions bear no environment's name, and a user's namespace none."""
    listed = json.loads(kubectl.run("get", "nodes,storageclasses,namespaces", "--output=json"))["items"]
    unlabelled = {body["metadata"]["name"] for body in listed if not body["metadata"].get("labels", {}).get(LABEL)}
    assert cluster.namespace in unlabelled
    assert (unlabelled | {""}).isdisjoint(sandbox_is_used_by(kubectl, "dev"))


def test_a_sandbox_that_does_not_answer_is_not_one_that_nobody_uses(control_plane: Sandbox) -> None:
    """An empty list would stop it."""
    gone = Kubectl(control_plane.kubectl, control_plane.kubeconfig, "gone")
    with pytest.raises(ClusterError):
        sandbox_is_used_by(gone, "dev")
