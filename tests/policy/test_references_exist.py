"""The rule `references-exist`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from graph.model import Graph, Resource
from paths import ROOT
from policy.engine.evaluation import evaluate
from policy.engine.subject import STACK
from policy.rules.references import references_exist
from tests.policy.objects import Props, having, judge, service_account, shop, workload
from tests.policy.stack_objects import assert_exempt, assert_undecided, made
from tests.policy.test_evaluation import graph_of
from tests.unit.scratch import scratch_in

_POD = "spec.template.spec"
_WEB = f"{_POD}.containers.0"


def _missing(label: str, field: str, kind: str, name: str = "gone") -> str:
    fix = "correct the name, add the object, or declare it as external"
    return f"{label}: {field} names {kind} '{name}', which nobody makes; {fix}"


def _variable(source: str, **more: Any) -> list[Props]:
    return [{"name": "A", "valueFrom": {source: {"name": "gone", "key": "k", **more}}}]


@pytest.mark.parametrize(
    ("path", "value", "field", "kind"),
    [
        (f"{_POD}.serviceAccountName", "gone", "serviceAccountName", "ServiceAccount"),
        (f"{_POD}.imagePullSecrets", [{"name": "gone"}], "imagePullSecrets", "Secret"),
        (f"{_POD}.volumes", [{"configMap": {"name": "gone"}}], "volumes[0].configMap", "ConfigMap"),
        (f"{_POD}.volumes", [{"secret": {"secretName": "gone"}}], "volumes[0].secret", "Secret"),
        (
            f"{_POD}.volumes",
            [{"persistentVolumeClaim": {"claimName": "gone"}}],
            "volumes[0].persistentVolumeClaim",
            "PersistentVolumeClaim",
        ),
        (
            f"{_POD}.volumes",
            [{"projected": {"sources": [{"secret": {"name": "gone"}}]}}],
            "volumes[0].projected",
            "Secret",
        ),
        (f"{_WEB}.env", _variable("secretKeyRef"), "env A of container web", "Secret"),
        (f"{_WEB}.env", _variable("configMapKeyRef"), "env A of container web", "ConfigMap"),
        (f"{_WEB}.envFrom", [{"configMapRef": {"name": "gone"}}], "envFrom[0] of container web", "ConfigMap"),
        (f"{_WEB}.envFrom", [{"secretRef": {"name": "gone"}}], "envFrom[0] of container web", "Secret"),
        (
            f"{_POD}.initContainers.0.env",
            _variable("secretKeyRef"),
            "env A of container migrate",
            "Secret",
        ),
    ],
)
def test_what_a_pod_names_and_nobody_makes_is_named(path: str, value: Any, field: str, kind: str) -> None:
    changed = having(workload(), path, value)
    assert judge(references_exist, service_account(), changed) == [_missing("Deployment shop/api", field, kind)]
    there = made(kind, "gone")
    assert judge(references_exist, service_account(), changed, there) == []
    assert len(judge(references_exist, service_account(), changed, made(kind, "gone", namespace="other"))) == 1


def test_an_optional_reference_may_lead_nowhere() -> None:
    changed = having(workload(), f"{_WEB}.env", _variable("secretKeyRef", optional=True))
    assert judge(references_exist, service_account(), changed) == []


@pytest.mark.parametrize(
    ("subject", "field", "kind"),
    [
        (
            made("StatefulSet", "s", {"volumeClaimTemplates": [{"spec": {"storageClassName": "gone"}}]}),
            "spec.volumeClaimTemplates[0].spec.storageClassName",
            "StorageClass",
        ),
        (made("PersistentVolumeClaim", "s", {"storageClassName": "gone"}), "spec.storageClassName", "StorageClass"),
        (made("Ingress", "s", {"tls": [{"secretName": "gone"}]}), "spec.tls[0].secretName", "Secret"),
        (made("Certificate", "s", {"issuerRef": {"name": "gone"}}), "spec.issuerRef", "Issuer"),
        (made("Cluster", "s", {"storage": {"storageClass": "gone"}}), "spec.storage.storageClass", "StorageClass"),
        (
            made("Cluster", "s", {"bootstrap": {"initdb": {"secret": {"name": "gone"}}}}),
            "spec.bootstrap.initdb.secret",
            "Secret",
        ),
        (
            made("Cluster", "s", {"managed": {"roles": [{"passwordSecret": {"name": "gone"}}]}}),
            "spec.managed.roles[0].passwordSecret",
            "Secret",
        ),
        (
            made("Cluster", "s", {"imageCatalogRef": {"kind": "ImageCatalog", "name": "gone"}}),
            "spec.imageCatalogRef",
            "ImageCatalog",
        ),
        (
            made("Cluster", "s", {"plugins": [{"parameters": {"barmanObjectName": "gone"}}]}),
            "spec.plugins[0].parameters",
            "ObjectStore",
        ),
        (
            made("Cluster", "s", {"externalClusters": [{"plugin": {"parameters": {"barmanObjectName": "gone"}}}]}),
            "spec.externalClusters[0].plugin.parameters",
            "ObjectStore",
        ),
        (
            made("ObjectStore", "s", {"configuration": {"s3Credentials": {"accessKeyId": {"name": "gone"}}}}),
            "spec.configuration.s3Credentials.accessKeyId",
            "Secret",
        ),
        (
            made("RedisCluster", "s", {"kubernetesConfig": {"redisSecret": {"name": "gone"}}}),
            "spec.kubernetesConfig.redisSecret",
            "Secret",
        ),
        (
            made("RedisCluster", "s", {"TLS": {"secret": {"secretName": "gone"}}}),
            "spec.TLS.secret",
            "Secret",
        ),
        (made("RedisCluster", "s", {"acl": {"secret": {"secretName": "gone"}}}), "spec.acl.secret", "Secret"),
        (
            made("ExternalSecret", "s", {"secretStoreRef": {"kind": "ClusterSecretStore", "name": "gone"}}),
            "spec.secretStoreRef",
            "ClusterSecretStore",
        ),
    ],
)
def test_what_another_object_names_and_nobody_makes_is_named(subject: Props, field: str, kind: str) -> None:
    # A TLS Secret without an issuer must be there; one with an issuer is made by cert-manager.
    messages = judge(references_exist, subject)
    expected = [] if subject["kind"] == "Ingress" else [_missing(f"{subject['kind']} shop/s", field, kind)]
    assert messages == expected
    assert judge(references_exist, subject, config={"external": [f"{kind} go*"]}) == []


def test_the_issuer_that_an_ingress_names_is_looked_for() -> None:
    ingress = having(made("Ingress", spec={}), "metadata.annotations", {"cert-manager.io/issuer": "gone"})
    field = "metadata.annotations.cert-manager.io/issuer"
    assert judge(references_exist, ingress) == [_missing("Ingress shop/api", field, "Issuer")]
    assert judge(references_exist, ingress, made("Issuer", "gone")) == []


@pytest.mark.parametrize(
    ("maker", "secret"),
    [
        (made("ExternalSecret", "e", {"target": {"name": "gone"}}), "gone"),
        (made("ExternalSecret", "gone", {}), "gone"),
        (made("Certificate", "c", {"secretName": "gone"}), "gone"),
        (made("Cluster", "db", {}), "db-app"),
    ],
)
def test_secrets_that_operators_make_are_there(maker: Props, secret: str) -> None:
    changed = having(workload(), f"{_WEB}.envFrom", [{"secretRef": {"name": secret}}])
    assert judge(references_exist, service_account(), changed, maker) == []


def _dangling(*objects: Props, **outputs: Any) -> list[str]:
    """The objects whose references lead nowhere in a stack with these outputs."""
    graph = graph_of(*objects)
    stack = Resource(urn="urn:s", type=STACK, name="s", parent=None, custom=False)
    graph = Graph(graph.stack, (stack, *graph.resources), outputs)
    return [finding.object for finding in evaluate(graph, rules=[references_exist])]


def test_what_the_environment_says_that_it_finds_in_the_cluster_is_external() -> None:
    claim = made("PersistentVolumeClaim", "data", {"storageClassName": "fast-ssd"})
    store = made("ExternalSecret", "s", {"secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"}})
    both = ["PersistentVolumeClaim shop/data", "ExternalSecret shop/s"]
    assert sorted(_dangling(claim, store)) == sorted(both)
    assert _dangling(claim, store, provided=["StorageClass fast-ssd"]) == both[1:]
    assert _dangling(claim, store, provided=["StorageClass fast-ssd", "ClusterSecretStore vault"]) == []


def test_any_name_of_a_store_and_of_a_class_may_be_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prod = (ROOT / "Pulumi.prod.yaml").read_text().replace("name: platform", "name: vault")
    overrides = "  saas-platform:overrides: {storage_class: gp3, cluster_issuer: ca}\n"
    graph = scratch_in(tmp_path, monkeypatch).record(prod + overrides)
    assert graph.outputs["provided"] == [
        "ClusterSecretStore vault",
        "StorageClass gp3",
        "ClusterIssuer ca",
        # What the registry of Feast is on.
        "StorageClass shared-files",
    ]
    assert [finding.message for finding in evaluate(graph) if finding.blocks] == []


def test_a_priority_class_is_looked_for_where_the_stack_makes_some() -> None:
    other, standard = (made("PriorityClass", name, namespace=None) for name in ("other", "standard"))
    message = "Deployment shop/api: priorityClassName names PriorityClass 'standard', which nobody makes"
    assert judge(references_exist, service_account(), workload()) == []
    assert [one.partition(";")[0] for one in judge(references_exist, service_account(), workload(), other)] == [message]
    assert judge(references_exist, service_account(), workload(), standard) == []


def test_an_exempt_object_is_let_off() -> None:
    assert_exempt(references_exist, "Deployment shop/api", workload())


def test_a_name_that_is_not_known_yet_is_no_violation() -> None:
    account = having(service_account(), "metadata.name", UNKNOWN_STRING_VALUE)
    assert_undecided(references_exist, workload(), account)
    assert_undecided(references_exist, having(workload(), f"{_POD}.serviceAccountName", UNKNOWN_STRING_VALUE))


def test_unrelated_objects_are_ignored() -> None:
    assert judge(references_exist, *shop()) == []
