"""Where backups go and with what: every way that an environment's file offers, as Barman and the operator read it.

What is not run here follows its own source: CloudNativePG 1.30.0, the Barman Cloud plugin 0.13.0 with barman-cloud
0.5.1 (pkg/api/config.go, pkg/backup/backup.go, pkg/archiver/command.go), Barman 3.19.1 (clients/cloud_cli.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.kubernetes.quantity import Bytes
from components.stores.buckets.buckets import usable
from components.stores.postgres.archiver import archiver
from graph.model import Graph
from policy.engine.evaluation import evaluate
from tests.unit.components.test_custom_resources import faults, validator_of
from tests.unit.definitions import ABSENT, FOLDER, definition
from tests.unit.recordings import Body, environment_of, objects, of_system, one, recorded, title
from tests.unit.scratch import Scratch

AUTHORITY = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIU\n-----END CERTIFICATE-----\n"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
HEAD = """\
config:
  saas-platform:tier: {tier}
  saas-platform:domain: example.com
  saas-platform:cluster: {{kind: sandbox}}
  saas-platform:secret_store: {{name: platform, path: scratch}}
  saas-platform:overrides: {{monitoring: basic{more}}}
  saas-platform:systems:
"""
AWS = """\
    multicluster:
      object_storage:
        kind: s3
        region: eu-central-1
        backups: {{bucket: acme-backups, region: eu-west-1{more}}}
"""
OTHER = """\
    multicluster:
      object_storage:
        kind: s3
        region: fr-par
        endpoint: https://objects.example.com:9443
        authority: "-----BEGIN CERTIFICATE-----\\nMIIBszCCAVmgAwIBAgIU\\n-----END CERTIFICATE-----\\n"
        backups: {bucket: acme-backups}
"""
IN_CLUSTER = "    multicluster: {}\n"


def record(scratch: Scratch, systems: str, tier: str = "prod", more: str = "") -> Graph:
    return scratch.record(HEAD.format(tier=tier, more=more) + systems)


def spec(graph: Graph, kind: str, name: str = "postgresql-cluster") -> Any:
    return one(graph, kind, name, "multicluster")["spec"]


def told(graph: Graph) -> Mapping[str, str]:
    """What the plugin's container is told by environment variables."""
    return {
        entry["name"]: entry["value"] for entry in spec(graph, "ObjectStore")["instanceSidecarConfiguration"]["env"]
    }


def dump(graph: Graph) -> Any:
    (job,) = of_system(graph, "multicluster", "CronJob")
    return job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]


def test_barman_signs_for_the_region_of_the_bucket_and_not_of_the_cluster(scratch: Scratch) -> None:
    """EKS tells every pod the cluster's region; of another maker's store any region but its own is refused."""
    assert told(record(scratch, AWS.format(more="")))["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert told(record(scratch, OTHER))["AWS_DEFAULT_REGION"] == "fr-par"
    assert environment_of(dump(record(scratch, OTHER)))["AWS_DEFAULT_REGION"]["value"] == "fr-par"


def test_another_makers_store_is_known_by_its_authority_and_spared_the_checksums_of_aws(scratch: Scratch) -> None:
    """Barman takes the authority from a Secret, the dump from a file; what AWS' SDK adds, some stores refuse."""
    graph = record(scratch, OTHER)
    configuration = spec(graph, "ObjectStore")["configuration"]
    assert configuration["endpointCA"] == {"name": "object-storage-authority", "key": "ca.crt"}
    secret = one(graph, "Secret", "object-storage-authority", "multicluster")
    assert secret["metadata"]["labels"]["cnpg.io/reload"] == "true"
    variables = environment_of(dump(graph))
    assert variables["AWS_CA_BUNDLE"]["value"] == "/scripts/ca.crt"
    assert one(graph, "ConfigMap", "postgresql-backup", "multicluster")["data"]["ca.crt"] == AUTHORITY
    for name in ("AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION"):
        assert told(graph)[name] == variables[name]["value"] == "when_required"
    assert "AWS_REQUEST_CHECKSUM_CALCULATION" not in told(record(scratch, AWS.format(more=""))), "AWS checks them"
    assert "AWS_REQUEST_CHECKSUM_CALCULATION" not in told(record(scratch, IN_CLUSTER, "test")), "and MinIO does"


def test_a_key_of_ones_own_reaches_barman_and_the_dump_and_none_means_the_buckets(scratch: Scratch) -> None:
    """`aws:kms` without a key means AWS' own key, in place of the one that the bucket names: weaker than nothing."""
    own = record(scratch, AWS.format(more=f', kms_key: "{KEY}"'))
    configuration = spec(own, "ObjectStore")["configuration"]
    for part, arguments in (("data", "additionalCommandArgs"), ("wal", "archiveAdditionalCommandArgs")):
        assert configuration[part]["encryption"] == "aws:kms", "Barman refuses the key without it"
        assert configuration[part][arguments] == [f"--sse-kms-key-id={KEY}"]
    assert environment_of(dump(own))["BACKUP_KMS_KEY"]["value"] == KEY
    assert "encryption" not in str(spec(record(scratch, AWS.format(more="")), "ObjectStore"))


def test_systems_of_one_bucket_and_clusters_of_one_fleet_archive_to_folders_of_their_own(scratch: Scratch) -> None:
    """All clusters have one name: Barman refuses an archive that is not empty, or writes over another's."""
    graph = record(scratch, AWS.format(more=", prefix: multicluster"))
    assert spec(graph, "ObjectStore")["configuration"]["destinationPath"] == "s3://acme-backups/multicluster/base"
    assert environment_of(dump(graph))["BACKUP_PREFIX"]["value"] == "multicluster/postgresql/"
    second = AWS.format(more="").replace("multicluster", "cloudlens")
    (problem,) = scratch.problems(HEAD.format(tier="prod", more="") + AWS.format(more="") + second)
    assert problem.path == "systems.cloudlens.object_storage.backups.bucket"
    assert "has the backups of multicluster already" in problem.message
    clusters = "[{name: eu, context: eu, region: eu-central-1}, {name: us, context: us, region: us-east-1}]"
    alone = HEAD.format(tier="prod", more="").replace("{kind: sandbox}", "{kind: fleet}")
    fleet = alone.replace("systems:", f"fleet:\n    clusters: {clusters}\n  saas-platform:systems:") + AWS.format(
        more=""
    )
    scratch.write(fleet)
    paths = {
        spec(scratch.recorded(f"scratch.{name}"), "ObjectStore")["configuration"]["destinationPath"]
        for name in ("eu", "us")
    }
    assert paths == {"s3://acme-backups/eu/base", "s3://acme-backups/us/base"}


def test_a_promised_recovery_point_refuses_an_archive_in_the_cluster(scratch: Scratch) -> None:
    """Prod promises one; who names MinIO there is told before anything is touched."""
    blocked = {(found.rule, found.object) for found in evaluate(record(scratch, IN_CLUSTER)) if found.blocks}
    assert blocked == {("backups-elsewhere", "ObjectStore multicluster/postgresql-cluster")}
    assert [found.message for found in evaluate(record(scratch, AWS.format(more=""))) if found.blocks] == []


def test_prods_own_archives_lie_in_another_region_than_its_files() -> None:
    for store in objects(recorded("prod"), "ObjectStore"):
        assert "endpointURL" not in store["spec"]["configuration"], title(store)
        (region,) = store["spec"]["instanceSidecarConfiguration"]["env"]
        assert region == {"name": "AWS_DEFAULT_REGION", "value": "eu-west-1"}, title(store)
    settings = one(recorded("prod"), "ConfigMap", "saas-platform-config")["data"]
    assert settings["OBJECT_STORAGE_REGION"] == "eu-central-1"


def test_backups_that_do_not_fit_their_store_are_an_error_of_the_file(scratch: Scratch) -> None:
    """Thirty full backups of a database fill MinIO's volumes within weeks, and then WAL fills the database's."""
    head = HEAD.format(tier="staging", more=", database: {retention_days: 60}")
    (problem,) = scratch.problems(head + IN_CLUSTER)
    assert problem.path == "systems.multicluster.object_storage"
    assert "62 base backups of 6Gi and 60 days of WAL at 2Gi" in problem.message
    assert "MinIO's 4 volumes of 50Gi have 85Gi for them" in problem.message
    record(scratch, AWS.format(more=""), "staging", ", database: {retention_days: 60}")
    # More room, or less to keep, and it fits.
    record(scratch, IN_CLUSTER, "staging", ", database: {retention_days: 60}, object_storage: {storage: 200Gi}")
    record(scratch, IN_CLUSTER, "staging", ", database: {retention_days: 60, expected_data: 1Gi, wal_per_day: 1Gi}")


@pytest.mark.parametrize(
    ("database", "path", "words"),
    [
        ("{expected_data: 90Gi}", "expected_data", "fill a volume of 100Gi: at most 80 % of it, 80Gi"),
        ("{wal_per_day: 30Gi}", "wal_storage", "it takes 32256Mi or more"),
        ("{recovery_point: 1m}", "recovery_point", "must be at least 300"),
    ],
)
def test_figures_that_do_not_fit_their_volumes_are_refused(
    scratch: Scratch, database: str, path: str, words: str
) -> None:
    head = HEAD.format(tier="prod", more=f", database: {database}")
    (problem,) = scratch.problems(head + AWS.format(more=""))
    assert problem.path == f"overrides.database.{path}"
    assert words in problem.message


@pytest.mark.parametrize(("servers", "storage", "room"), [(1, "10Gi", 8.5), (4, "100Gi", 170), (6, "100Gi", 255)])
def test_parity_and_the_room_that_an_alert_asks_for_hold_no_backup(servers: int, storage: str, room: float) -> None:
    assert usable(servers, Bytes.parse(storage)).amount == pytest.approx(room * 1024**3)


def test_the_archivers_memory_holds_a_base_backup_beside_all_files_at_a_time(graph: Graph) -> None:
    """Killed for its memory, it archives nothing, and WAL fills its volume; measured in archiver.py."""
    for store in objects(graph, "ObjectStore"):
        at_a_time = store["spec"]["configuration"]["wal"]["maxParallel"]
        limits = store["spec"]["instanceSidecarConfiguration"]["resources"]["limits"]
        assert Bytes.parse(limits["memory"]).amount >= (117 + 50 + 60 + 64 * at_a_time) * 1024**2
    assert archiver(8).memory_limit.amount > archiver(1).memory_limit.amount


def test_volumes_are_snapshotted_where_a_class_is_named_and_nowhere_else(scratch: Scratch) -> None:
    graph = record(scratch, AWS.format(more=""), more=", database: {volume_snapshots: ebs}")
    schedule = one(graph, "ScheduledBackup", "postgresql-cluster-snapshot", "multicluster")
    assert (schedule["spec"]["method"], schedule["spec"]["cluster"]["name"]) == ("volumeSnapshot", "postgresql-cluster")
    snapshot = spec(graph, "Cluster")["backup"]["volumeSnapshot"]
    assert snapshot == {"className": "ebs", "snapshotOwnerReference": "backup"}
    assert "backup" not in spec(record(scratch, AWS.format(more="")), "Cluster")
    if FOLDER.is_dir():
        for body in (schedule, one(graph, "Cluster", "postgresql-cluster", "multicluster")):
            assert faults(body, validator_of(body)) == []


def test_the_budget_of_a_lone_instance_keeps_no_node_from_being_drained(graph: Graph) -> None:
    for cluster in objects(graph, "Cluster"):
        assert cluster["spec"]["enablePDB"] is (cluster["spec"]["instances"] > 1)
    budgets = [body["spec"]["selector"]["matchLabels"] for body in objects(graph, "PodDisruptionBudget")]
    for pooler in objects(graph, "Pooler"):
        selected = {"cnpg.io/poolerName": pooler["metadata"]["name"]} in budgets
        assert selected is (pooler["spec"]["instances"] > 1)


# What is spelt out and differs from the default of the definition, with the reason why that is no step back.
STRONGER = {
    "Cluster instances": "more than one",
    "Cluster primaryUpdateMethod": "a switchover takes seconds, a restart as long as the server's start",
    "Cluster enablePDB": "of a single instance it can only block",
    "Cluster plugins[].isWALArchiver": "the archive is what it is there for",
    "Pooler instances": "more than one",
    "Pooler pgbouncer.poolMode": "hundreds of pods share connections; what needs a session goes around it",
    "Pooler type": "one for each kind",
    "ScheduledBackup method": "the default is deprecated",
}


def spelt(value: Any, declared: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(path, default, value) of what an object says and the definition has a default for."""
    # A name's default is none at all.
    if path and declared.get("default", "") != "" and not isinstance(value, (dict, list)):
        yield path, declared["default"], value
    if isinstance(value, dict):
        for key, inner in value.items():
            below = declared.get("properties", {}).get(key, {})
            yield from spelt(inner, below, f"{path}.{key}" if path else key)
    for inner in value if isinstance(value, list) else ():
        yield from spelt(inner, declared.get("items", {}), f"{path}[]")


@pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)
def test_whatever_is_spelt_out_is_the_operators_default_or_has_a_reason(graph: Graph) -> None:
    """A default grows stronger with the operator, and what was copied once stays behind."""
    kinds = ("Cluster", "Pooler", "ScheduledBackup", "Database", "ObjectStore")
    found: dict[str, Any] = {}
    seen = 0
    for body in objects(graph, *kinds):
        group, _, version = body["apiVersion"].partition("/")
        (served,) = (one for one in definition(group, body["kind"])["spec"]["versions"] if one["name"] == version)
        declared = served["schema"]["openAPIV3Schema"]["properties"]["spec"]
        for path, default, value in spelt(body["spec"], declared):
            seen += 1
            if value != default:
                found[f"{body['kind']} {path}"] = (default, value)
    assert seen > 20
    assert {place: pair for place, pair in found.items() if place not in STRONGER} == {}


def test_pgbouncer_is_told_nothing_that_its_own_default_does_better(graph: Graph) -> None:
    """PgBouncer 1.24: max_prepared_statements 200; CloudNativePG 1.30: client_tls_sslmode `prefer`
    (pkg/management/pgbouncer/config/config.go)."""
    for pooler in objects(graph, "Pooler"):
        parameters: Body = pooler["spec"]["pgbouncer"]["parameters"]
        assert int(parameters.get("max_prepared_statements", 200)) >= 200
        assert parameters["client_tls_sslmode"] == "require"
