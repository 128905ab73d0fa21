"""The rule `image-tag`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.images import image_tag
from tests.policy.objects import judge, without, workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role, kubernetes_object

_OWN = "ghcr.io/saas-platform/web"
_DIGEST = f"{_OWN}@sha256:{'0a' * 32}"
_REDIS = "redis.redis.opstreelabs.in/v1beta2"
_FIX = "name the tag of a release or a digest"
_MISSING = without(workload(), "spec.template.spec.containers.0.image")


class TestImageTag(RuleTests):
    table = Table(
        rule=image_tag,
        compliant={
            "a release": workload(),
            "a digest": in_container("container", "image", _DIGEST),
            "both": in_container("container", "image", _DIGEST.replace("@", ":latest@")),
            "a registry with a port": in_container("container", "image", "localhost:5000/web:1.0.0"),
            "what the operator chooses": kubernetes_object("postgresql.cnpg.io/v1", "Cluster", spec={}),
        },
        violations={
            **in_every_role("image", f"{_OWN}:latest", f"image has the moving tag latest; {_FIX}"),
            **in_every_role("image", _OWN, f"image has neither tag nor digest; {_FIX}"),
            "a port is no tag": (
                in_container("container", "image", "ghcr.io:443/web"),
                f"Deployment shop/api, container web: image has neither tag nor digest; {_FIX}",
            ),
            "none": (_MISSING, f"Deployment shop/api, container web: image is missing; {_FIX}"),
            "a database's": (
                kubernetes_object("monitoring.coreos.com/v1", "Alertmanager", spec={"image": "quay.io/a"}),
                f"Alertmanager shop/api: spec.image has neither tag nor digest; {_FIX}",
            ),
            "an exporter's": (
                kubernetes_object(_REDIS, "Redis", spec={"redisExporter": {"image": "quay.io/opstree/a:latest"}}),
                f"Redis shop/api: spec.redisExporter.image has the moving tag latest; {_FIX}",
            ),
        },
        unknown={"the image": in_container("init container", "image", UNKNOWN_STRING_VALUE)},
        also=frozenset({"redis-persistence", "redis-password", "operator-pods", "resource-limits"}),
    )


def test_digests_can_be_required() -> None:
    message = "image has no digest; name its digest"
    changed = in_container("container", "image", _DIGEST)
    assert judge(image_tag, changed, config={"digest": True}) == [
        f"Deployment shop/api, init container migrate: {message}",
        f"Deployment shop/api, ephemeral container debug: {message}",
    ]
