"""What an environment wants of a cluster, told from its objects alone; the cluster's side is in tests/sandbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from components.platform.operators.table import OPERATORS
from graph.model import Graph, Resource
from ops.preflight import capacity, gates, kinds, named, namespaces, release, rights
from ops.preflight.api import Answer, Request
from ops.preflight.kinds import Kind
from ops.preflight.named import Need
from ops.preflight.rights import Right, Rule
from policy.facts.demand import Size
from tests.unit.scratch import Scratch
from versions import CUSTOM_RESOURCES

OWN_CLUSTER = """\
config:
  saas-platform:tier: staging
  saas-platform:domain: qa.example.com
  saas-platform:cluster: {{kind: existing, context: my-cluster}}
  saas-platform:secret_store:
    name: platform
    path: saas-platform
    provider: {{kind: kubernetes, namespace: vault, service_account: {{name: reader, namespace: vault}}}}
  saas-platform:operators: {operators}
  saas-platform:systems: {{astrbot: {{}}}}
"""


def body(kind: str, name: str = "one", *, api: str = "v1", namespace: str = "shop", **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}


def graph_of(*bodies: Mapping[str, Any]) -> Graph:
    return Graph(
        "trial",
        tuple(
            Resource(
                urn=f"urn:{index}", type="kubernetes:any:Kind", name=str(index), parent=None, custom=True, inputs=one
            )
            for index, one in enumerate(bodies)
        ),
    )


def served(*kinds_: Kind) -> dict[Kind, str]:
    return {one: f"{one.kind.lower()}s" for one in kinds_}


def pod(*requests: Mapping[str, str], **spec: Any) -> dict[str, Any]:
    return {"template": {"spec": {"containers": [{"resources": {"requests": one}} for one in requests], **spec}}}


def test_every_group_of_custom_kinds_is_defined_by_one_operator() -> None:
    """Where a kind is missing the message names who brings it; without a name nobody knows what to install."""
    brought = Counter(group for one in OPERATORS.values() for group in one.groups)
    assert dict(brought) == dict.fromkeys({one.group for one in CUSTOM_RESOURCES}, 1)


class TestKinds:
    """Kinds that nothing serves."""

    def test_those_of_one_operator_are_one_problem_that_says_how_to_get_it(self) -> None:
        graph = graph_of(
            body("Database", api="postgresql.cnpg.io/v1"),
            body("Cluster", api="postgresql.cnpg.io/v1"),
            body("Secret"),
        )
        (problem,) = kinds.check(served(Kind("", "v1", "Secret")), graph).problems
        assert problem == (
            "the cluster does not know Cluster, Database of postgresql.cnpg.io/v1: install cloudnative-pg, or have it "
            "done by `operators: {cloudnative-pg: install}` in Pulumi.trial.yaml "
            "(docs/how-to/own-cluster.md#what-has-to-be-there)"
        )

    def test_another_version_of_the_kind_is_told_from_none(self) -> None:
        """Who installs an operator that is there already has two of it."""
        graph = graph_of(body("Redis", api="redis.redis.opstreelabs.in/v1beta2"))
        old = served(Kind("redis.redis.opstreelabs.in", "v1beta1", "Redis"))
        (problem,) = kinds.check(old, graph).problems
        assert "in v1beta1 only: upgrade redis-operator" in problem

    def test_what_the_environment_defines_itself_is_not_missing(self) -> None:
        definition = {"group": "example.test", "names": {"kind": "Widget"}}
        crd = body("CustomResourceDefinition", api="apiextensions.k8s.io/v1", namespace="", spec=definition)
        graph = graph_of(crd, body("Widget", api="example.test/v1"))
        assert kinds.check(served(Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")), graph).problems == ()

    def test_nothing_is_missing_where_nobody_could_ask(self) -> None:
        found = kinds.check(None, graph_of(body("Widget", api="example.test/v1")))
        assert found.problems == () and found.unknown


def test_nothing_of_an_operator_that_the_environment_installs_is_wanted_beforehand(scratch: Scratch) -> None:
    """The first `up` of such an environment would be refused for ever: what is missing comes with it."""
    here = scratch.record(OWN_CLUSTER.format(operators="{}"))
    operators = "{cert-manager: install, external-secrets: install, ingress-nginx: install, cloudnative-pg: install}"
    installing = scratch.record(OWN_CLUSTER.format(operators=operators))
    for group in ("cert-manager.io", "external-secrets.io", "postgresql.cnpg.io"):
        assert group in {one.group for one in kinds.wanted(here)}
        assert group not in {one.group for one in kinds.wanted(installing)}
    before, after = (({one.kind for one in named.needs(graph)}) for graph in (here, installing))
    assert before - after == {"ClusterIssuer", "IngressClass"}
    before, after = (set(namespaces.uses(graph)[1]) for graph in (here, installing))
    assert before - after == {"cnpg-system", "ingress-nginx"}


class TestNamespaces:
    """Namespaces that the environment uses and does not make."""

    def test_those_that_objects_are_put_into_and_those_that_policies_name(self) -> None:
        peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
        allow = {"ingress": [{"from": [peer]}]}
        source = {"principals": ["cluster.local/ns/istio-ingress/sa/entry"], "namespaces": ["istio-system"]}
        graph = graph_of(
            body("Namespace", "shop", namespace=""),
            body("Application", namespace="argocd"),
            body("NetworkPolicy", spec=allow),
            body("AuthorizationPolicy", spec={"rules": [{"from": [{"source": source}]}]}),
            body("RoleBinding", subjects=[{"kind": "ServiceAccount", "name": "x", "namespace": "monitoring"}]),
            body("Service"),
        )
        placed, mentioned = namespaces.uses(graph)
        assert placed == {"argocd": {"Application"}}
        assert mentioned == {
            "ingress-nginx": ["NetworkPolicy shop/one"],
            "istio-ingress": ["AuthorizationPolicy shop/one"],
            "istio-system": ["AuthorizationPolicy shop/one"],
            "monitoring": ["RoleBinding shop/one"],
        }

    def test_those_of_another_cluster_are_none_of_this_one(self) -> None:
        """Argo CD's destinations are namespaces of the clusters that it delivers to."""
        destination = {"server": "https://eu.example.com", "namespace": "production"}
        graph = graph_of(body("Application", namespace="argocd", spec={"destination": destination}))
        placed, mentioned = namespaces.uses(graph)
        assert list(placed) == ["argocd"] and mentioned == {}


DATABASE = "postgresql.cnpg.io/v1"
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
NAMED: Sequence[tuple[Mapping[str, Any], set[Need]]] = [
    (
        body("StatefulSet", spec={"volumeClaimTemplates": [{"spec": {**CLAIM, "storageClassName": "fast"}}]}),
        {Need("StorageClass", "", "fast")},
    ),
    (
        body("CronJob", spec={"ephemeral": {"volumeClaimTemplate": {"spec": CLAIM}}}),
        {Need("StorageClass", "", "")},
    ),
    (
        body("Cluster", api=DATABASE, spec={"instances": 3, "storage": {"size": "1Gi", "storageClass": "fast"}}),
        {Need("StorageClass", "", "fast")},
    ),
    (body("Cluster", api=DATABASE, spec={"instances": 3, "storage": {"size": "1Gi"}}), {Need("StorageClass", "", "")}),
    (
        body(
            "Cluster",
            api=DATABASE,
            spec={"storage": {"size": "1Gi", "storageClass": "a"}, "walStorage": {"size": "1Gi"}},
        ),
        {Need("StorageClass", "", "a"), Need("StorageClass", "", "")},
    ),
    (body("Ingress", spec={"ingressClassName": "nginx"}), {Need("IngressClass", "", "nginx")}),
    (body("Gateway", spec={"gatewayClassName": "istio"}), {Need("GatewayClass", "", "istio")}),
    (body("Pod", spec={"priorityClassName": "gold"}), {Need("PriorityClass", "", "gold")}),
    (body("Pod", spec={"priorityClassName": "system-node-critical"}), set()),
    (body("Pod", spec={"imagePullSecrets": [{"name": "registry"}]}), {Need("Secret", "shop", "registry")}),
    (
        body("Certificate", spec={"issuerRef": {"name": "ca", "kind": "ClusterIssuer"}}),
        {Need("ClusterIssuer", "", "ca")},
    ),
    (body("Certificate", spec={"issuerRef": {"name": "ca"}}), {Need("Issuer", "shop", "ca")}),
    (
        body("ExternalSecret", spec={"secretStoreRef": {"name": "vault", "kind": "ClusterSecretStore"}}),
        {Need("ClusterSecretStore", "", "vault")},
    ),
    (body("ExternalSecret", spec={"secretStoreRef": {"name": "vault"}}), {Need("SecretStore", "shop", "vault")}),
]


@pytest.mark.parametrize(("one", "wanted"), NAMED)
def test_whatever_an_object_names_and_nobody_declares_is_wanted_of_the_cluster(
    one: Mapping[str, Any], wanted: set[Need]
) -> None:
    assert set(named.needs(graph_of(one))) == wanted


def test_what_the_environment_declares_itself_is_not_wanted() -> None:
    graph = graph_of(
        body("StorageClass", "fast", namespace=""),
        body("PersistentVolumeClaim", spec={**CLAIM, "storageClassName": "fast"}),
        body("Issuer", "ca"),
        body("Certificate", spec={"issuerRef": {"name": "ca"}}),
    )
    assert named.needs(graph) == {}


def test_a_store_of_this_cluster_tells_which_keys_its_secret_must_have(scratch: Scratch) -> None:
    """A store that is ready with an empty Secret behind it lets every pod wait without end."""
    ((need, keys),) = named.stored(scratch.record(OWN_CLUSTER.format(operators="{}"))).items()
    assert need == Need("Secret", "vault", "saas-platform")
    assert {"astrbot-postgresql-password", "astrbot-jwt-secret"} <= keys


def test_a_cluster_that_is_too_old_is_told_what_for(graph: Graph) -> None:
    """The API server would say no more than that it does not know a field, or nothing at all."""
    assert list(release.problems((1, 35), graph)) == []
    old = list(release.problems((1, 30), graph))
    wants_newer = graph.outputs["tier"] != "dev"
    assert len(old) == wants_newer
    assert all("matchLabelKeys" in one and "needs 1.31 or newer" in one for one in old)


class _Deployments:
    """An API server that has these Deployments where the Redis operator is looked for."""

    def __init__(self, status: int, *containers: Mapping[str, Any]) -> None:
        self._status = status
        self._items = [{"spec": {"template": {"spec": {"containers": [one]}}}} for one in containers]

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        assert [one.path for one in requests] == ["/apis/apps/v1/namespaces/redis-operator/deployments"]
        return [Answer(self._status, {"items": self._items})]


def _operator(**fields: Any) -> dict[str, Any]:
    return {"image": "registry.example.com/opstree/redis-operator:v0.26.0", **fields}


class TestGates:
    """An operator that somebody else installed: without its gate Redis waits for ever to get ready."""

    cache = body("RedisCluster", "cache", api="redis.redis.opstreelabs.in/v1beta2")

    def found(self, *containers: Mapping[str, Any], status: int = 200) -> Any:
        return gates.check(_Deployments(status, *containers), graph_of(self.cache))  # type: ignore[arg-type]

    def test_an_operator_without_it_is_told_of_with_what_to_do(self) -> None:
        other = [{"name": "FEATURE_GATES", "value": "GenerateConfigInInitContainer=false"}]
        for container in (_operator(), _operator(env=other)):
            assert self.found(container).problems == (
                "the Redis operator leaves Redis' configuration to its image (RedisCluster shop/cache): set "
                "featureGates: {GenerateConfigInInitContainer: true} in its chart's values "
                "(docs/how-to/own-cluster.md#what-has-to-be-there)",
            )

    def test_one_that_has_it_is_in_order_and_others_are_not_judged(self) -> None:
        variable = [{"name": "FEATURE_GATES", "value": "Other=false,GenerateConfigInInitContainer=true"}]
        argument = ["manager", "--feature-gates=GenerateConfigInInitContainer=true"]
        for container in (_operator(env=variable), _operator(args=argument), {"image": "docker.io/library/nginx:1"}):
            assert self.found(container).problems == ()

    def test_what_may_not_be_looked_up_is_not_taken_for_missing(self) -> None:
        assert self.found(status=403).unknown == ("what the Redis operator is told",)
        assert self.found(status=404).unknown == ()

    def test_without_redis_nothing_is_asked(self) -> None:
        refused = gates.check(None, graph_of(body("ConfigMap")))  # type: ignore[arg-type]
        assert refused.problems == ()


class TestCapacity:
    """Nodes that take pods."""

    graph = graph_of(
        body("Deployment", spec=pod({"cpu": "500m", "memory": "1Gi"}, {"cpu": "1", "memory": "1Gi"})),
        body("Cluster", spec={"instances": 3, "resources": {"requests": {"cpu": "1", "memory": "8Gi"}}}),
        body("PersistentVolumeClaim", spec=CLAIM),
    )

    def test_pods_are_summed_over_their_containers_and_those_of_operators_counted(self) -> None:
        found = [one for body_ in self.graph.objects for one in capacity.pods(body_)]
        assert found == [Size(1.5, 2 * 2**30), Size(1, 8 * 2**30)]

    @pytest.mark.parametrize("nodes", [[Size(2, 16 * 2**30)], [Size(2, 4 * 2**30), Size(1, 8 * 2**30)]])
    def test_each_pod_may_have_another_node_that_it_fits_on(self, nodes: list[Size]) -> None:
        assert list(capacity.problems(nodes, self.graph)) == []

    def test_a_pod_that_fits_on_none_is_named_with_both_sizes(self) -> None:
        (problem,) = capacity.problems([Size(2, 4 * 2**30)], self.graph)
        assert "Cluster shop/one, which asks for 1 CPU and 8 GiB" in problem
        assert "the largest has 2 CPU and 4 GiB" in problem

    def test_a_cluster_without_nodes_is_no_problem_for_an_environment_without_pods(self) -> None:
        assert len(list(capacity.problems([], self.graph))) == 1
        assert list(capacity.problems([], graph_of(body("Secret")))) == []


class TestRights:
    """What the user lacks, in few words."""

    @pytest.mark.parametrize(
        ("rule", "granted"),
        [
            (Rule(frozenset({"apps"}), frozenset({"deployments"}), frozenset({"create"})), True),
            (Rule(frozenset({"*"}), frozenset({"*"}), frozenset({"*"})), True),
            (Rule(frozenset({""}), frozenset({"*"}), frozenset({"*"})), False),
            (Rule(frozenset({"apps"}), frozenset({"deployments"}), frozenset({"get"})), False),
            (Rule(frozenset({"apps"}), frozenset({"deployments/scale"}), frozenset({"create"})), False),
        ],
    )
    def test_a_rule_grants_what_it_names_and_no_more(self, rule: Rule, granted: bool) -> None:
        assert rule.grants(Right("shop", "apps", "deployments", "create")) is granted

    def test_every_verb_is_asked_of_every_kind_where_it_is(self) -> None:
        graph = graph_of(body("Secret"), body("Secret", "two"), body("ClusterRole", namespace=""))
        known = served(Kind("", "v1", "Secret"), Kind("", "v1", "ClusterRole"))
        found = rights.rights_of(graph, known)
        assert {(one.namespace, one.resource) for one in found} == {("shop", "secrets"), ("", "clusterroles")}
        assert len(found) == 2 * len(rights.VERBS)

    def test_namespaces_that_lack_the_same_are_one_line(self) -> None:
        everything = [Right(space, "", kind, verb) for space in ("a", "b") for kind in "xyz" for verb in rights.VERBS]
        needed = {one: one.resource.upper() for one in [*everything, Right("", "", "n", "create")]}
        denied = [one for one in needed if one.resource in "xn" and one.verb in ("create", "delete")]
        assert list(rights._lines(denied, needed)) == ["in the cluster: create N", "in a, b: create, delete X"]

    def test_all_of_many_kinds_are_called_everything(self) -> None:
        needed = {Right("a", "", kind, "create"): kind.upper() for kind in "pqrstuv"}
        assert list(rights._lines(needed, needed)) == ["in a: create everything"]
