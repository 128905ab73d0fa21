"""Secret stores that the program declares: each kind, in every tier, and what reads from them."""

from __future__ import annotations

import pytest

from graph.manifests import manifests
from graph.model import Graph
from policy.engine.evaluation import evaluate
from tests.unit.components.test_custom_resources import faults, validator_of
from tests.unit.definitions import FOLDER
from tests.unit.recordings import objects, one, recorded, system_of, systems_of, title
from tests.unit.scratch import Scratch

HEAD = """\
config:
  saas-platform:tier: {tier}
  saas-platform:domain: example.com
  saas-platform:cluster: {{kind: sandbox}}
  saas-platform:overrides: {{external_secrets: true{overrides}}}
  saas-platform:systems: {systems}
  saas-platform:secret_store:
    name: mine
    kind: {kind}
    path: credentials
    provider: """
ACCOUNTS = {"ClusterSecretStore": "{name: reader, namespace: external-secrets}", "SecretStore": "{name: reader}"}
PROVIDERS = {
    "aws": "{kind: aws-secrets-manager, region: eu-central-1}",
    "aws with a role": (
        "{kind: aws-secrets-manager, region: eu-central-1, role_arn: 'arn:aws:iam::123456789012:role/secrets'}"
    ),
    "aws with an account": "{kind: aws-secrets-manager, region: eu-central-1, service_account: ACCOUNT}",
    "vault": (
        "{kind: vault, server: 'https://vault.example.com:8200', path: secret, role: platform, "
        "service_account: ACCOUNT, authority: ACCOUNT}"
    ),
    "kubernetes": "{kind: kubernetes, namespace: secrets, service_account: ACCOUNT}",
}
KINDS = ("ClusterSecretStore", "SecretStore")
ASTRBOT, ORDERS = "{astrbot: {tenants: [{name: acme}]}}", "{orders: {}}"


def declared(
    scratch: Scratch, provider: str, kind: str = "ClusterSecretStore", tier: str = "dev", systems: str = ASTRBOT
) -> Graph:
    # Production has all namespaces that there may be.
    overrides = "" if tier == "prod" else ", monitoring: basic"
    head = HEAD.format(tier=tier, kind=kind, systems=systems, overrides=overrides)
    return scratch.record(head + PROVIDERS[provider].replace("ACCOUNT", ACCOUNTS[kind]))


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the published definitions are not here")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_store_conforms_to_its_definition(scratch: Scratch, provider: str, kind: str) -> None:
    """External Secrets says of a store that it does not understand no more than that it is not ready."""
    graph = declared(scratch, provider, kind, systems=ORDERS)
    assert objects(graph, kind)
    assert objects(graph, "ExternalSecret")
    for body in objects(graph, kind, "ExternalSecret"):
        assert faults(body, validator_of(body)) == [], title(body)


@pytest.mark.parametrize(
    ("tier", "systems"), [("dev", ASTRBOT), ("test", ORDERS), ("staging", ORDERS), ("prod", ORDERS)]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_declared_store_satisfies_the_policies_in_every_tier(
    scratch: Scratch, kind: str, tier: str, systems: str
) -> None:
    """Among them that each ExternalSecret names a store that there is."""
    graph = declared(scratch, "vault", kind, tier, systems)
    assert [finding.message for finding in evaluate(graph) if finding.blocks] == []


def test_only_the_environments_namespaces_read_from_its_cluster_store(scratch: Scratch) -> None:
    """Without conditions every namespace of the cluster can ask for every credential."""
    spec = one(declared(scratch, "vault", tier="prod", systems=ORDERS), "ClusterSecretStore", "mine")["spec"]
    assert spec["conditions"] == [{"namespaces": ["monitoring", "orders", "telemetry"]}]
    spec = one(declared(scratch, "aws"), "ClusterSecretStore", "mine")["spec"]
    assert spec["conditions"] == [{"namespaces": ["astrbot", "monitoring"]}]
    assert spec["provider"] == {"aws": {"service": "SecretsManager", "region": "eu-central-1"}}


def test_a_store_of_a_namespace_is_in_each_with_its_account(scratch: Scratch) -> None:
    """A SecretStore serves its own namespace only."""
    graph = declared(scratch, "vault", "SecretStore", "prod", ORDERS)
    for kind, name in (("SecretStore", "mine"), ("ServiceAccount", "reader")):
        found = [body for body in objects(graph, kind) if body["metadata"]["name"] == name]
        assert sorted(body["metadata"]["namespace"] for body in found) == ["monitoring", "orders", "telemetry"]
    for body in objects(graph, "ExternalSecret"):
        assert body["spec"]["secretStoreRef"] == {"name": "mine", "kind": "SecretStore"}


@pytest.mark.parametrize(
    ("provider", "reference"),
    [
        ("aws", {"key": "credentials/astrbot-jwt-secret"}),
        ("vault", {"key": "credentials", "property": "astrbot-jwt-secret"}),
        ("kubernetes", {"key": "credentials", "property": "astrbot-jwt-secret"}),
    ],
)
def test_credentials_are_asked_for_where_such_a_store_has_them(
    scratch: Scratch, provider: str, reference: dict[str, str]
) -> None:
    """Vault without a field gives the whole secret as JSON; a Secret of Kubernetes has no '/' in its name."""
    spec = one(declared(scratch, provider), "ExternalSecret", "saas-platform-secrets")["spec"]
    (found,) = [entry["remoteRef"] for entry in spec["data"] if entry["secretKey"] == "JWT_SECRET"]
    assert found == reference


@pytest.mark.parametrize("kind", KINDS)
def test_what_reads_from_a_store_comes_after_it(scratch: Scratch, kind: str) -> None:
    """Credentials that cannot be had stop a deployment at the store, and not at a database without a password."""
    waves = {one.name: one.wave for one in manifests(declared(scratch, "vault", kind)) if one.kind == kind}
    assert waves, "the store is not among the manifests"
    readers = [one.wave for one in manifests(declared(scratch, "vault", kind)) if one.kind == "ExternalSecret"]
    assert max(waves.values()) < min(readers)


def test_a_store_that_is_there_already_is_not_declared(graph: Graph) -> None:
    """`make down` would take away what others use."""
    assert objects(graph, "ClusterSecretStore", "SecretStore") == []


def test_pods_follow_the_secrets_that_a_store_changes() -> None:
    """External Secrets writes a rotated credential into the Secret, and a pod has the old one until it starts anew."""
    for stack in ("staging", "prod"):
        graph = recorded(stack)
        for body in objects(graph, "Deployment", "StatefulSet"):
            if system_of(body) not in systems_of(stack):
                continue
            reads = "secretKeyRef" in str(body["spec"]["template"]) or "'secret':" in str(body["spec"]["template"])
            follows = body["metadata"].get("annotations", {}).get("secret.reloader.stakater.com/auto") == "true"
            assert follows is reads, title(body)


def test_what_the_program_generates_changes_with_a_deployment_alone() -> None:
    """Its hand-over of a password changes the settings too, whose checksum exchanges the pods."""
    for body in objects(recorded("dev"), "Deployment", "StatefulSet"):
        assert "secret.reloader.stakater.com/auto" not in body["metadata"].get("annotations", {}), title(body)
