"""Redis of every environment: memory, users, encryption, and where its pods may run."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import pytest

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.objects import CHECKSUM_ANNOTATION, checksum
from components.kubernetes.quantity import Bytes
from components.platform.operators.table import OPERATORS
from components.stores.redis.args import NODE_TABLE, CacheArgs, acl_file, read_at_start
from components.stores.redis.spec import affinity, spread
from graph.model import Graph, revealed
from tests.unit.recordings import (
    Body,
    container,
    environment_of,
    objects,
    of_system,
    one,
    recorded,
    recorded_with_planted_passwords,
)

ZONE = "topology.kubernetes.io/zone"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def redis(graph: Graph) -> Body:
    (found,) = of_system(graph, "astrbot", "Redis", "RedisCluster")
    return found


def parts(body: Body) -> list[Any]:
    """Where the custom resource says what holds for each of its StatefulSets."""
    spec = body["spec"]
    return [spec] if body["kind"] == "Redis" else [spec["redisLeader"], spec["redisFollower"]]


def test_the_limit_of_its_memory_stays_below_that_of_its_container(graph: Graph) -> None:
    """Without one Redis grows until the kernel kills it, with everything that it has not written yet."""
    body = redis(graph)
    limit = Bytes.parse(body["spec"]["kubernetesConfig"]["resources"]["limits"]["memory"]).amount
    for part in parts(body):
        data = one(graph, "ConfigMap", part["redisConfig"]["additionalRedisConfig"])["data"]
        settings = dict(line.split(" ", 1) for line in data["redis-additional.conf"].splitlines())
        assert 0.6 * limit < int(settings["maxmemory"]) < 0.8 * limit
        assert settings["maxmemory-policy"] == "volatile-ttl", "sessions without an end must stay"


def test_development_has_one_server_and_the_others_a_cluster() -> None:
    """Six pods of Redis on a developer's machine are five too many."""
    kinds = {stack: redis(recorded(stack))["kind"] for stack in ("dev", "staging", "prod")}
    assert kinds == {"dev": "Redis", "staging": "RedisCluster", "prod": "RedisCluster"}


def test_clients_are_told_whether_to_speak_to_a_cluster_and_how(graph: Graph) -> None:
    """A plain client is sent from shard to shard by errors; one without TLS is not answered at all."""
    data, body = one(graph, "ConfigMap", "saas-platform-config")["data"], redis(graph)
    assert data["REDIS_CLUSTER"] == str(body["kind"] == "RedisCluster").lower()
    assert data["REDIS_TLS"] == str("TLS" in body["spec"]).lower()
    service = body["metadata"]["name"] + ("-leader" if body["kind"] == "RedisCluster" else "")
    assert data["REDIS_HOST"] == f"{service}.astrbot.svc.cluster.local"


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_traffic_is_encrypted_by_a_certificate_that_names_every_pod(stack: str) -> None:
    """A cluster sends its clients to pods by name: one that the certificate leaves out is not trusted."""
    graph = recorded(stack)
    tls = redis(graph)["spec"]["TLS"]
    assert (tls["ca"], tls["cert"], tls["key"]) == ("ca.crt", "tls.crt", "tls.key")
    certificate = one(graph, "Certificate", tls["secret"]["secretName"])["spec"]
    for role in ("leader", "follower"):
        assert f"redis-cluster-{role}.astrbot.svc.cluster.local" in certificate["dnsNames"]
        assert f"*.redis-cluster-{role}-headless.astrbot.svc.cluster.local" in certificate["dnsNames"]
    assert {"server auth", "client auth"} <= set(certificate["usages"]), "nodes are clients of each other"
    variables = environment_of(container(graph, "message-service"))
    wanted = {"name": tls["secret"]["secretName"], "key": "ca.crt"}
    assert variables["REDIS_CA_CERTIFICATE"]["valueFrom"]["secretKeyRef"] == wanted


def test_the_authority_outlives_its_certificates() -> None:
    """A certificate that is its own authority is trusted by nobody after its first renewal."""
    graph = recorded("prod")
    leaf = one(graph, "Certificate", "redis-cluster-tls")["spec"]
    issuer = one(graph, "Issuer", leaf["issuerRef"]["name"])["spec"]
    authority = one(graph, "Certificate", issuer["ca"]["secretName"])["spec"]
    assert authority["isCA"] is True
    hours = [int(one["duration"].removesuffix("h")) for one in (leaf, authority)]
    assert hours[1] > 5 * hours[0]
    assert one(graph, "Issuer", authority["issuerRef"]["name"])["spec"] == {"selfSigned": {}}


def test_the_file_of_users_has_digests_of_both_passwords_and_no_password() -> None:
    """`default` left out of the file is a superuser without a password."""
    graph = recorded_with_planted_passwords("dev")
    secret = revealed(one(graph, "Secret", "redis-secret")["data"])
    import base64

    text = base64.b64decode(secret["user.acl"]).decode()
    default, application = text.splitlines()
    password = base64.b64decode(secret["password"]).decode()
    assert default == f"user default on #{hashlib.sha256(password.encode()).hexdigest()} ~* &* +@all"
    assert application.startswith("user saas_platform on #")
    assert password not in text
    shared = base64.b64decode(revealed(one(graph, "Secret", "saas-platform-secrets")["data"])["REDIS_PASSWORD"])
    assert f"#{hashlib.sha256(shared).hexdigest()} " in application, "the services' password is another one"


def test_an_external_store_fills_the_same_file() -> None:
    """Its template makes the digests: the program never sees the passwords."""
    spec = one(recorded("prod"), "ExternalSecret", "redis-secret")["spec"]
    text = spec["target"]["template"]["data"]["user.acl"]
    assert text.startswith(
        "user default on #{{ .password | trim | sha256sum }} ~* &* +@all\nuser saas_platform on #{{ "
    )
    keys = {entry["secretKey"]: entry["remoteRef"]["key"] for entry in spec["data"]}
    assert keys == {
        "password": "saas-platform/prod/astrbot-redis-admin-password",
        "application": "saas-platform/prod/astrbot-redis-password",
    }


def test_a_follower_refuses_the_zone_of_its_leader_where_zones_are_required() -> None:
    """Both in the zone that is lost, and a part of the keys is lost with it."""
    for stack in ("staging", "prod"):
        (term,) = redis(recorded(stack))["spec"]["redisFollower"]["affinity"]["podAntiAffinity"][REQUIRED]
        assert term["topologyKey"] == ZONE
        assert term["labelSelector"] == {"matchLabels": {"cluster": "redis-cluster"}}
        assert term["matchLabelKeys"] == ["apps.kubernetes.io/pod-index"], "of all leaders, its own"


def test_leaders_spread_strictly_and_share_no_zone_where_there_is_one_for_each() -> None:
    """A zone with more than half of the leaders takes the cluster along."""
    for stack, apart in (("staging", True), ("prod", False)):
        leader = redis(recorded(stack))["spec"]["redisLeader"]
        (constraint,) = leader["topologySpreadConstraints"]
        assert (constraint["topologyKey"], constraint["whenUnsatisfiable"]) == (ZONE, "DoNotSchedule")
        assert ("affinity" in leader) is apart, "six leaders that share no zone need six zones"


def test_without_required_zones_pods_run_wherever_there_is_room() -> None:
    """On one node, strictness leaves every follower Pending."""
    args = arguments()
    for pods in args.pods:
        (constraint,) = spread(args, pods)
        assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
        assert REQUIRED not in affinity(args, pods).get("podAntiAffinity", {})
    strict = dataclasses.replace(args, zones=3)
    assert REQUIRED in affinity(strict, strict.pods[1])["podAntiAffinity"], "else the test proves nothing"


def test_each_role_lets_a_drain_take_one_pod_at_a_time() -> None:
    """Two leaders at once, of three, and nobody is elected."""
    for part in parts(redis(recorded("prod"))):
        assert part["pdb"] == {"enabled": True, "maxUnavailable": 1}


def arguments(**given: Any) -> CacheArgs:
    """A cluster's, of which a test says what it is about."""
    fields = dict.fromkeys(CacheArgs.__dataclass_fields__) | {"kind": "cluster", "name": "r", "shards": 3}
    return CacheArgs(**{**fields, **given})


def test_the_operator_is_told_to_write_the_configuration_itself() -> None:
    """The image's entrypoint reads other variables: with TLS no server starts (docs/decisions/0047)."""
    sizing: Any = type("Sizing", (), {"replicas": 2})()
    assert OPERATORS["redis-operator"].build(sizing)["featureGates"] == {"GenerateConfigInInitContainer": True}


def test_its_pods_have_an_account_without_rights_and_without_a_token(graph: Graph) -> None:
    """Whoever breaks into Redis would ask the Kubernetes API next. The operator's pods leave it to the account."""
    body = redis(graph)
    name = body["spec"]["serviceAccountName"]
    account = one(graph, "ServiceAccount", name)
    assert account["automountServiceAccountToken"] is False
    bound = {
        (subject.get("namespace"), subject["name"])
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for binding in objects(graph, kind)
        for subject in binding["subjects"]
    }
    assert (body["metadata"]["namespace"], name) not in bound


def test_other_settings_or_rights_restart_its_pods_and_a_password_alone_does_not() -> None:
    """The operator looks at neither ConfigMap nor Secret; a digest of a password in clear helps whoever guesses."""
    read = redis(recorded("dev"))["metadata"]["annotations"][CHECKSUM_ANNOTATION]
    assert read == redis(recorded_with_planted_passwords("dev"))["metadata"]["annotations"][CHECKSUM_ANNOTATION]
    small, large = (ContainerResources.of("1", "1", memory, memory) for memory in ("1Gi", "2Gi"))
    usual = {"resources": small, "use": "session", "application_user": "u", "scripts": False}
    others = ({"resources": large}, {"use": "cache"}, {"application_user": "v"}, {"scripts": True})
    found = [checksum(read_at_start(arguments(**{**usual, **other})))[CHECKSUM_ANNOTATION] for other in ({}, *others)]
    assert len(set(found)) == 1 + len(others)


def test_lua_is_for_applications_whose_system_asks_for_it() -> None:
    """A flaw of the interpreter is out of reach of whoever has a service's password."""
    for scripts in (False, True):
        rules = acl_file(arguments(scripts=scripts, application_user="u")).plain["rules"].split()
        assert ("-@scripting" in rules) is not scripts
        assert {"-@admin", "-@dangerous"} <= set(rules)


def test_the_quota_has_room_for_the_second_volume_of_each_pod_of_a_cluster() -> None:
    """A claim too many, and the last pod of a cluster waits for ever."""
    resources = ContainerResources.of("1", "1", "1Gi", "1Gi")
    for kind, pods, more in (("cluster", 6, 6), ("single", 3, 0)):
        args = arguments(kind=kind, resources=resources, storage=Bytes.parse("10Gi"))
        footprint = args.footprint()
        assert footprint.volumes == pods + more
        assert footprint.storage.amount == pods * Bytes.parse("10Gi").amount + more * NODE_TABLE.amount
        assert footprint.pods == 2 * pods, "each with the exporter's part"
