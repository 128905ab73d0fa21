"""One interface to object storage, whoever keeps it: MinIO of the environment's own, or S3 by configuration."""

from __future__ import annotations

from typing import Any

import pytest

from graph.model import Graph
from policy.engine.evaluation import evaluate
from tests.unit.components.test_custom_resources import custom_resources, faults, validator_of
from tests.unit.definitions import FOLDER
from tests.unit.reachability import End, Policies
from tests.unit.recordings import (
    container,
    environment_of,
    in_the_cluster,
    objects,
    of_system,
    one,
    system_of,
    title,
    with_systems,
)
from tests.unit.scratch import Scratch, as_text

FILES, BACKUPS = "arn:aws:iam::123456789012:role/files", "arn:aws:iam::123456789012:role/backups"
HEAD = """\
config:
  saas-platform:tier: {tier}
  saas-platform:domain: example.com
  saas-platform:cluster: {{kind: sandbox}}
  saas-platform:secret_store: {{name: platform, path: scratch}}
  saas-platform:overrides: {{monitoring: basic}}
  saas-platform:systems:
    astrbot:
      tenants: [{{name: acme}}]
      object_storage:
        kind: s3
        region: eu-central-1
"""
WITH_ROLES = f"""\
        files: {{bucket: acme-files, role_arn: "{FILES}"}}
        backups: {{bucket: acme-backups, role_arn: "{BACKUPS}"}}
"""
WITH_KEYS = """\
        endpoint: https://objects.example.com:9443
        files: {bucket: acme-files}
        backups: {bucket: acme-backups}
"""
ROLE = "eks.amazonaws.com/role-arn"
INTERFACE = {"OBJECT_STORAGE_ENDPOINT", "OBJECT_STORAGE_BUCKET", "OBJECT_STORAGE_REGION"}


def s3(scratch: Scratch, rest: str, tier: str = "prod") -> Graph:
    return scratch.record(HEAD.format(tier=tier) + rest)


def settings(graph: Graph) -> dict[str, Any]:
    return {
        key: value for key, value in one(graph, "ConfigMap", "saas-platform-config")["data"].items() if key in INTERFACE
    }


def test_every_kind_of_storage_is_told_in_the_same_words(graph: Graph, scratch: Scratch) -> None:
    """An application that must know who keeps its files is another application in each environment."""
    assert settings(graph).keys() == INTERFACE
    assert settings(s3(scratch, WITH_ROLES)) == {
        "OBJECT_STORAGE_ENDPOINT": "https://s3.eu-central-1.amazonaws.com",
        "OBJECT_STORAGE_BUCKET": "acme-files",
        "OBJECT_STORAGE_REGION": "eu-central-1",
    }
    assert settings(s3(scratch, WITH_KEYS))["OBJECT_STORAGE_ENDPOINT"] == "https://objects.example.com:9443"


@pytest.mark.parametrize("tier", ["dev", "test", "staging", "prod"])
def test_with_s3_no_minio_is_deployed_and_the_policies_hold(scratch: Scratch, tier: str) -> None:
    """Servers that nobody uses cost volumes; a monitor of theirs alarms for ever."""
    graph = s3(scratch, WITH_ROLES, tier)
    assert [title(body) for body in objects(graph) if "minio" in body["metadata"]["name"]] == []
    assert [finding.message for finding in evaluate(graph) if finding.blocks] == []


def test_a_role_stands_in_for_the_keys_of_the_files(scratch: Scratch) -> None:
    """A key that is not there cannot be lost; one that is asked for and missing keeps the pod from starting."""
    graph = s3(scratch, WITH_ROLES)
    assert one(graph, "ServiceAccount", "astrbot-instance")["metadata"]["annotations"] == {ROLE: FILES}
    assert (
        not {"MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"} & environment_of(container(graph, "astrbot-instance-acme")).keys()
    )
    template = one(graph, "ExternalSecret", "saas-platform-secrets")["spec"]["target"]["template"]["data"]
    assert "JWT_SECRET" in template
    assert not [key for key in template if key.startswith("MINIO")]
    others = [body for body in objects(graph, "ServiceAccount") if body["metadata"].get("annotations", {}).get(ROLE)]
    assert {body["metadata"]["name"] for body in others} == {"astrbot-instance", "postgresql-backup"}


def test_without_a_role_the_keys_come_from_the_store(scratch: Scratch) -> None:
    """The program cannot generate the keys of a storage that others keep."""
    graph = s3(scratch, WITH_KEYS)
    variables = environment_of(container(graph, "astrbot-instance-acme"))
    assert {"MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"} <= variables.keys()
    spec = one(graph, "ExternalSecret", "postgresql-backup-secret")["spec"]
    assert {entry["secretKey"]: entry["remoteRef"]["key"] for entry in spec["data"]} == {
        "accessKey": "scratch/astrbot-postgresql-backup-access-key",
        "secretKey": "scratch/astrbot-postgresql-backup-secret-key",
    }


@pytest.mark.parametrize(
    ("rest", "role", "endpoint"),
    [(WITH_ROLES, True, None), (WITH_KEYS, False, "https://objects.example.com:9443")],
)
def test_backups_follow_the_same_choice(scratch: Scratch, rest: str, role: bool, endpoint: str | None) -> None:
    """A database that archives to a MinIO that is not there keeps its WAL until its volume is full."""
    configuration = one(s3(scratch, rest), "ObjectStore", "postgresql-cluster")["spec"]["configuration"]
    assert configuration["destinationPath"] == "s3://acme-backups/base"
    assert configuration.get("endpointURL") == endpoint
    assert ("inheritFromIAMRole" in configuration["s3Credentials"]) is role


@pytest.mark.parametrize(("rest", "port"), [(WITH_ROLES, 443), (WITH_KEYS, 9443)])
def test_whoever_uses_the_storage_reaches_it_and_nobody_else(scratch: Scratch, rest: str, port: int) -> None:
    """Default deny closes S3 too; a service that needs no files needs no internet."""
    ends = [
        End("instance", "astrbot", {"app.kubernetes.io/name": "astrbot-instance"}),
        End("dump", "astrbot", {"app.kubernetes.io/name": "postgresql-backup"}),
        End("database", "astrbot", {"cnpg.io/cluster": "postgresql-cluster", "cnpg.io/podRole": "instance"}),
        End("gateway", "astrbot", {"app.kubernetes.io/name": "api-gateway"}),
    ]
    found = Policies(s3(scratch, rest)).connections(ends, [End("s3", address="203.0.113.10")], [(port, "TCP")])
    assert {connection.source for connection in found} == {"instance", "dump", "database"}


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the published definitions are not here")
@pytest.mark.parametrize("rest", [WITH_ROLES, WITH_KEYS])
def test_what_s3_changes_conforms_to_the_definitions(scratch: Scratch, rest: str) -> None:
    """A misspelt field is dropped by the API, and backups go nowhere."""
    bodies = [body for body in custom_resources(s3(scratch, rest)) if system_of(body) == "astrbot"]
    assert {"Cluster", "ObjectStore", "ExternalSecret"} <= {body["kind"] for body in bodies}
    for body in bodies:
        assert faults(body, validator_of(body)) == [], title(body)


def test_instances_enter_minio_as_a_user_of_their_bucket_and_nobody_as_root(scratch: Scratch) -> None:
    """An instance that is broken into must not read the backups of everybody."""
    for stack in ("staging", "prod"):
        document = in_the_cluster(with_systems(stack, telemetry=False, monitoring="basic", astrbot={}))
        graph = scratch.record(as_text(document))
        references = {
            (entry["remoteRef"]["key"].rpartition("/")[2], body["metadata"]["name"])
            for body in objects(graph, "ExternalSecret")
            for entry in body["spec"]["data"]
        }
        assert {where for key, where in references if key == "astrbot-minio-root-password"} == {"minio-secret"}
        keys = {where for key, where in references if key == "astrbot-minio-secret-key"}
        assert keys == {"saas-platform-secrets", "minio-files-secret"}
        users = [
            f"{body['kind']} {body['metadata']['name']}"
            for body in of_system(graph, "astrbot", "Deployment", "StatefulSet", "Job", "CronJob")
            if "'minio-secret'" in str(body)
        ]
        assert len(users) == 2, users
        assert {user.split("-")[0] for user in users} == {"StatefulSet minio", "Job minio"}
