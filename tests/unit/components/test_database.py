"""The database of every environment: replication, TLS, poolers, users, backups and monitors."""

from __future__ import annotations

import re

import pytest

from graph.model import Graph
from stacks.schema.store_tiers import DatabaseTier
from stacks.schema.tiers import TIERS
from tests.unit.recordings import Body, objects, one, recorded, settings_of

CLUSTER = "postgresql-cluster"


def spec_of(graph: Graph, kind: str = "Cluster", name: str = CLUSTER) -> Body:
    spec: Body = one(graph, kind, name)["spec"]
    return spec


def tier_of(graph: Graph) -> DatabaseTier:
    return TIERS[settings_of(graph.stack)["tier"]].database


def test_a_commit_waits_for_a_replica_where_one_may_be_lost(graph: Graph) -> None:
    """Asynchronous, a failover loses what was confirmed; with two instances, a lost replica would stop all writes."""
    synchronous = spec_of(graph)["postgresql"].get("synchronous")
    if tier_of(graph).instances >= 3:
        assert (synchronous["method"], synchronous["number"]) == ("any", 1)
        assert synchronous["dataDurability"] == "required"
    else:
        assert synchronous is None


def test_wal_has_a_volume_of_its_own(graph: Graph) -> None:
    """An archive that is away fills the WAL; on the data's volume that would stop the database."""
    spec, tier = spec_of(graph), tier_of(graph)
    assert spec["walStorage"]["size"] == str(tier.wal_storage)
    assert spec["storage"]["storageClass"] == spec["walStorage"]["storageClass"] == "fast-ssd"


def test_production_is_of_the_guaranteed_class() -> None:
    """Anything less is killed first when a node runs out of memory."""
    resources = spec_of(recorded("prod"))["resources"]
    assert resources["requests"]["cpu"] == resources["limits"]["cpu"] == "2"
    assert resources["requests"]["memory"] == resources["limits"]["memory"] == "2Gi"
    sidecar = spec_of(recorded("prod"), "ObjectStore")["instanceSidecarConfiguration"]["resources"]
    for resource in ("cpu", "memory"):
        assert sidecar["requests"][resource] == sidecar["limits"][resource], "the archiver costs the pod its class"


def test_the_superuser_is_off_and_no_role_has_privileges(graph: Graph) -> None:
    """Whoever gets hold of the application's password must not get hold of the server."""
    spec = spec_of(graph)
    assert spec["enableSuperuserAccess"] is False
    for role in spec["managed"]["roles"]:
        assert not any(role[privilege] for privilege in ("superuser", "createdb", "createrole")), role["name"]


def test_there_are_two_users_each_with_a_secret_that_bears_its_name(graph: Graph) -> None:
    """The operator refuses a password whose Secret names another user."""
    roles = spec_of(graph)["managed"]["roles"]
    assert [role["name"] for role in roles] == ["saas_platform", "saas_platform_b"]
    assert roles[1]["inRoles"] == ["saas_platform"]
    secrets = [role["passwordSecret"]["name"] for role in roles]
    assert secrets == ["postgresql-secret", "postgresql-secret-b"]


def test_unencrypted_connections_are_turned_away(graph: Graph) -> None:
    """Rules are read from the top: the one that rejects must come first."""
    first, second = spec_of(graph)["postgresql"]["pg_hba"]
    assert re.match(r"hostnossl all all \S+ reject", first)
    assert second.startswith("hostssl") and second.endswith("scram-sha-256")
    for pooler in objects(graph, "Pooler"):
        parameters = pooler["spec"]["pgbouncer"]["parameters"]
        assert (parameters["client_tls_sslmode"], parameters["server_tls_sslmode"]) == ("require", "verify-ca")


def test_the_image_comes_from_the_catalogue(graph: Graph) -> None:
    """With an image in the cluster itself, an upgrade of the major version is hidden in a tag."""
    reference, catalogue = spec_of(graph)["imageCatalogRef"], spec_of(graph, "ImageCatalog")
    assert "imageName" not in spec_of(graph)
    (image,) = catalogue["images"]
    assert (reference["name"], reference["major"]) == (CLUSTER, image["major"])
    assert f":{image['major']}." in image["image"]


def test_applications_write_through_the_pooler_and_read_through_its_twin(graph: Graph) -> None:
    """A host that no pooler has resolves to nothing; one of the server itself gets around the pooler."""
    kinds = {pooler["spec"]["type"]: pooler["metadata"]["name"] for pooler in objects(graph, "Pooler")}
    data = one(graph, "ConfigMap", "saas-platform-config")["data"]
    assert data["DB_HOST"] == f"{kinds['rw']}.astrbot.svc.cluster.local"
    assert data["DB_READ_HOST"] == f"{kinds.get('ro', kinds['rw'])}.astrbot.svc.cluster.local"
    assert ("ro" in kinds) is (tier_of(graph).instances > 1), "readers without a replica"
    assert data["DB_SSLMODE"] == "require"


def test_the_database_is_declared_and_outlives_its_declaration(graph: Graph) -> None:
    """`delete` would drop the data with the object."""
    spec = spec_of(graph, "Database", f"{CLUSTER}-saas-platform")
    assert (spec["name"], spec["owner"], spec["cluster"]["name"]) == ("saas_platform", "saas_platform", CLUSTER)
    assert spec["databaseReclaimPolicy"] == "retain"


def test_base_backups_and_wal_go_where_the_plugin_finds_them(graph: Graph) -> None:
    """A plugin that names another store archives nothing, and says so only in its log."""
    (plugin,) = spec_of(graph)["plugins"]
    assert plugin["name"] == "barman-cloud.cloudnative-pg.io"
    assert plugin["isWALArchiver"] is True
    store = spec_of(graph, "ObjectStore", plugin["parameters"]["barmanObjectName"])
    storage = settings_of(graph.stack)["systems"]["astrbot"].get("object_storage")
    bucket = storage["backups"]["bucket"] if storage else "saas-platform-backups"
    assert store["configuration"]["destinationPath"] == f"s3://{bucket}/base"
    assert store["retentionPolicy"] == f"{tier_of(graph).retention_days}d"
    schedule = spec_of(graph, "ScheduledBackup")
    assert (schedule["method"], schedule["cluster"]["name"]) == ("plugin", CLUSTER)
    assert schedule["pluginConfiguration"]["name"] == plugin["name"]
    assert len(schedule["schedule"].split()) == 6, "five fields would be read with seconds in front, or refused"


def test_retention_grows_from_dev_to_prod() -> None:
    """Production must reach back the furthest."""
    days = [TIERS[name].database.retention_days for name in ("dev", "test", "staging", "prod")]
    assert days == sorted(days)


def test_the_dump_runs_when_and_keeps_what_the_document_says(graph: Graph) -> None:
    """Section 6.1: 0 2 * * *, seven days; a dump that overlaps the next would fill the volume."""
    spec = spec_of(graph, "CronJob", "postgresql-backup")
    assert (spec["schedule"], spec["timeZone"]) == ("0 2 * * *", "Etc/UTC")
    assert (spec["concurrencyPolicy"], spec["startingDeadlineSeconds"]) == ("Forbid", 600)
    job = spec["jobTemplate"]["spec"]
    assert job["activeDeadlineSeconds"] < 24 * 3600
    (container,) = job["template"]["spec"]["containers"]
    values = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert values["BACKUP_RETENTION_DAYS"] == "7"
    assert values["PGHOST"] == f"{CLUSTER}-rw.astrbot.svc.cluster.local", "pg_dump needs a session, not a pooler"
    assert container["command"] == ["python3", "/scripts/dump.py", "dump"]
    assert "dump.py" in one(graph, "ConfigMap", "postgresql-backup")["data"]


@pytest.mark.parametrize("name", [CLUSTER, f"{CLUSTER}-pooler-rw"])
def test_prometheus_scrapes_the_database_through_monitors_of_our_own(graph: Graph, name: str) -> None:
    """The operator's own monitors are deprecated; with both, every figure would be counted twice."""
    assert spec_of(graph, "PodMonitor", name)["podMetricsEndpoints"][0]["port"] == "metrics"
    assert spec_of(graph)["monitoring"] == {"enablePodMonitor": False}
    assert all(not pooler["spec"]["monitoring"]["enablePodMonitor"] for pooler in objects(graph, "Pooler"))
