"""The environment's own object in the cluster, in the format of KEP-3659."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from graph.manifests import manifests
from graph.model import Graph
from ops.engines.applyset import ApplySet
from tests.unit.fake_cluster import FakeKubectl
from tests.unit.recordings import systems_of

KINDS = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES = "applyset.kubernetes.io/additional-namespaces"


def begun(cluster: FakeKubectl, graph: Graph) -> ApplySet:
    applyset = ApplySet(cluster, graph.stack)
    applyset.begin("dev", manifests(graph))
    return applyset


def parent(cluster: FakeKubectl, name: str = "dev") -> dict[str, dict[str, str]]:
    metadata: dict[str, dict[str, str]] = cluster.state.objects["Environment", "", name]["metadata"]
    return metadata


@pytest.mark.parametrize("environment", ["dev", "staging", "prod", "review-123"])
def test_the_identifier_is_that_of_the_standard(environment: str) -> None:
    """`applyset-` + base64url(sha256(name.namespace.kind.group)) without padding + `-v1`; the namespace is empty."""
    digest = hashlib.sha256(".".join([environment, "", "Environment", "platform.io"]).encode()).digest()
    encoded = base64.b64encode(digest).decode().translate(str.maketrans("+/", "-_")).rstrip("=")
    identifier = ApplySet(FakeKubectl(), environment).identifier
    assert identifier == f"applyset-{encoded}-v1"
    assert re.fullmatch(r"applyset-[A-Za-z0-9_-]{43}-v1", identifier), "not a label value of 63 characters"


def test_the_identifier_of_dev_never_changes() -> None:
    """Members are found by it: with another one, all objects of yesterday would be orphans. Worked out with openssl."""
    assert ApplySet(FakeKubectl(), "dev").identifier == "applyset-9XmOThxiMZIx6tl7WQJ5g7VwRDY5p4X_jv6nCeyCWAk-v1"


def test_the_parent_carries_what_kubectl_asks_of_it(dev: Graph) -> None:
    """Without any one of them `kubectl apply --applyset` refuses the parent."""
    cluster = FakeKubectl()
    applyset = begun(cluster, dev)
    metadata = parent(cluster)
    assert metadata["labels"] == {"applyset.kubernetes.io/id": applyset.identifier}
    assert re.fullmatch(r"kubectl/v\d+\.\d+", metadata["annotations"]["applyset.kubernetes.io/tooling"])
    definition = cluster.state.objects["CustomResourceDefinition", "", "environments.platform.io"]
    assert definition["metadata"]["labels"] == {"applyset.kubernetes.io/is-parent-type": "true"}
    assert definition["spec"]["scope"] == "Cluster", "a namespaced parent cannot span namespaces"
    assert applyset.reference == "environments.platform.io/dev"


def test_the_parent_lists_every_kind_and_namespace_before_the_first_member_is_made(dev: Graph) -> None:
    """Killed in between, a kind that is not listed would never be found again."""
    cluster = FakeKubectl()
    begun(cluster, dev)
    annotations = parent(cluster)["annotations"]
    kinds = annotations[KINDS].split(",")
    assert kinds == sorted(kinds)
    assert {"Namespace", "ConfigMap", "Deployment.apps", "Cluster.postgresql.cnpg.io"} <= set(kinds)
    assert {one.kind for one in manifests(dev)} == {kind.partition(".")[0] for kind in kinds}
    assert annotations[NAMESPACES] == ",".join(sorted(["monitoring", *systems_of("dev")]))
    assert {key[0] for key in cluster.state.objects} == {"CustomResourceDefinition", "Environment"}


def test_a_kind_that_is_no_longer_declared_stays_listed(dev: Graph) -> None:
    """Its objects are still there, and can only be pruned while the parent knows of their kind."""
    cluster = FakeKubectl()
    begun(cluster, dev)
    smaller = Graph(dev.stack, tuple(one for one in dev if not one.type.endswith(":RoleBinding")), dev.outputs)
    begun(cluster, smaller)
    assert "RoleBinding.rbac.authorization.k8s.io" in parent(cluster)["annotations"][KINDS].split(",")


def test_an_environment_that_is_not_there_has_no_members() -> None:
    """`down` of what was never `up` must not ask for kinds that the cluster does not know."""
    applyset = ApplySet(FakeKubectl(), "dev")
    assert not applyset.exists
    assert applyset.members() == []
    applyset.end()


def test_the_definition_goes_with_the_last_environment_only(dev: Graph) -> None:
    """Deleting it deletes every environment's object, and with them all that tells whose the members are."""
    cluster = FakeKubectl()
    first = begun(cluster, dev)
    second = ApplySet(cluster, "staging")
    second.begin("staging", manifests(dev))
    first.end()
    assert not first.exists
    assert second.exists
    second.end()
    assert cluster.state.objects == {}


def test_the_parent_is_applied_without_any_secret(dev: Graph) -> None:
    """It is readable by everybody who may list environments."""
    cluster = FakeKubectl()
    begun(cluster, dev)
    assert "placeholder" not in json.dumps(cluster.state.objects["Environment", "", "dev"])
