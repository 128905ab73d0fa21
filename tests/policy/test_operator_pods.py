"""The rule `operator-pods`."""

from __future__ import annotations

import copy

import pytest
from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE

from policy.rules.operator_pods import operator_pods
from tests.policy.objects import Props, having, judge, without
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_POD = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
_CONTAINER = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def prometheus(**spec: object) -> Props:
    return kubernetes_object("monitoring.coreos.com/v1", "Alertmanager", spec={"securityContext": _POD, **spec})


def redis() -> Props:
    roles = {role: {"securityContext": copy.deepcopy(_CONTAINER)} for role in ("redisLeader", "redisFollower")}
    spec = {"podSecurityContext": _POD, "persistenceEnabled": True, **roles, "redisExporter": {"enabled": False}}
    spec |= {"storage": _STORAGE, "kubernetesConfig": _KUBERNETES}
    return kubernetes_object("redis.redis.opstreelabs.in/v1beta2", "RedisCluster", spec=spec)


_CLAIM = {"spec": {"resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "fast"}}
_STORAGE = {"volumeClaimTemplate": _CLAIM, "nodeConfVolume": True, "nodeConfVolumeClaimTemplate": _CLAIM}
_KUBERNETES = {"image": "docker.io/library/redis:8.2.9", "redisSecret": {"name": "redis", "key": "password"}}


def _database(**spec: object) -> Props:
    storage = {"size": "10Gi", "storageClass": "fast"}
    usual = {"instances": 3, "storage": storage, "imageName": "ghcr.io/cloudnative-pg/postgresql:17.5"}
    return kubernetes_object("postgresql.cnpg.io/v1", "Cluster", spec={**usual, **spec})


def _pooler(**pod: object) -> Props:
    return kubernetes_object(
        "postgresql.cnpg.io/v1", "Pooler", spec={"template": {"spec": {"priorityClassName": "standard", **pod}}}
    )


_FOLLOWER = "spec.redisFollower.securityContext"
_ROOT = "set it to true"
_SECCOMP = "set it to {type: RuntimeDefault}"


class TestOperatorPods(RuleTests):
    table = Table(
        rule=operator_pods,
        compliant={
            "Alertmanager": prometheus(),
            "Redis": redis(),
            "PostgreSQL by default": _database(),
            "its pooler": _pooler(),
        },
        violations={
            "nothing stated": (
                without(prometheus(), "spec.securityContext"),
                f"Alertmanager shop/api: spec.securityContext.runAsNonRoot is not true; {_ROOT}",
                f"Alertmanager shop/api: spec.securityContext.seccompProfile is missing; {_SECCOMP}",
            ),
            "root": (
                having(prometheus(), "spec.securityContext.runAsUser", 0),
                "Alertmanager shop/api: spec.securityContext.runAsUser is 0; name a user that is not root",
            ),
            "a pooler's container that may escalate": (
                _pooler(containers=[{"name": "a"}, {"securityContext": {"allowPrivilegeEscalation": True}}]),
                "Pooler shop/api: spec.template.spec.containers[1].securityContext.allowPrivilegeEscalation is not "
                "false; set it to false",
            ),
            "a pooler in the node's network": (
                _pooler(hostNetwork=True),
                "Pooler shop/api: spec.template.spec.hostNetwork is true; remove it",
            ),
            "the node's network": (
                prometheus(hostNetwork=True),
                "Alertmanager shop/api: spec.hostNetwork is true; remove it",
            ),
            "a leader that may escalate": (
                having(redis(), "spec.redisLeader.securityContext.allowPrivilegeEscalation", True),
                "RedisCluster shop/api: spec.redisLeader.securityContext.allowPrivilegeEscalation is not false; "
                "set it to false",
            ),
            "a follower with a capability": (
                having(
                    redis(), "spec.redisFollower.securityContext.capabilities", {"drop": ["ALL"], "add": ["NET_RAW"]}
                ),
                "RedisCluster shop/api: spec.redisFollower.securityContext.capabilities are not all dropped; "
                "drop ALL and add none",
            ),
            "an exporter that is privileged": (
                having(redis(), "spec.redisExporter", {"securityContext": {**_CONTAINER, "privileged": True}}),
                "RedisCluster shop/api: spec.redisExporter.securityContext.privileged is true; remove it",
            ),
            "the operator's own init container without a context": (
                without(redis(), "spec.initContainer"),
                "RedisCluster shop/api: spec.initContainer.securityContext.allowPrivilegeEscalation is not false; "
                "set it to false",
                "RedisCluster shop/api: spec.initContainer.securityContext.capabilities are not all dropped; "
                "drop ALL and add none",
            ),
            "PostgreSQL without a filter": (
                _database(seccompProfile={"type": "Unconfined"}),
                f"Cluster shop/api: spec.seccompProfile filters nothing; {_SECCOMP}",
            ),
            "PostgreSQL that may escalate": (
                _database(securityContext={"allowPrivilegeEscalation": True}),
                "Cluster shop/api: spec.securityContext.allowPrivilegeEscalation is not false; set it to false",
            ),
            "PostgreSQL as root": (
                _database(podSecurityContext={"runAsNonRoot": False}),
                f"Cluster shop/api: spec.podSecurityContext.runAsNonRoot is not true; {_ROOT}",
            ),
        },
        unknown={"the user": having(prometheus(), "spec.securityContext.runAsNonRoot", UNKNOWN_BOOLEAN_VALUE)},
        also=frozenset({"image-tag"}),
    )


@pytest.mark.parametrize("kind", ["Prometheus", "ThanosRuler"])
def test_all_of_the_operators_kinds_are_judged(kind: str) -> None:
    assert (
        len(judge(operator_pods, kubernetes_object("monitoring.coreos.com/v1", kind, spec={"securityContext": {}})))
        == 2
    )
