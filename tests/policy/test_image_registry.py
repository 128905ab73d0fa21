"""The rule `image-registry`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

import versions
from graph.model import Graph
from policy.engine.evaluation import evaluate
from policy.engine.subject import STACK
from policy.rules.images import image_registry
from tests.policy.objects import judge, workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role
from tests.policy.test_evaluation import graph_of
from tests.unit.recordings import recorded

_FIX = "take it from an allowed registry"
_PINNED = [value for name, value in vars(versions).items() if name.endswith("_IMAGE")]


class TestImageRegistry(RuleTests):
    table = Table(
        rule=image_registry,
        compliant={
            "the platform's own": workload(),
            **{image: in_container("container", "image", image) for image in _PINNED},
        },
        violations={
            **in_every_role("image", "evil.example/web:1.0.0", f"image comes from evil.example/web; {_FIX}"),
            **in_every_role("image", "nginx:1.0.0", f"image comes from docker.io/nginx; {_FIX}"),
            **in_every_role("image", "minio/minio:1.0.0", f"image comes from docker.io/minio/minio; {_FIX}"),
            # A prefix of the text is not a part of the path.
            **in_every_role("image", "quay.io/minio-x/a:1", f"image comes from quay.io/minio-x/a; {_FIX}"),
        },
        unknown={"the image": in_container("container", "image", UNKNOWN_STRING_VALUE)},
    )


def test_what_is_allowed_can_be_configured() -> None:
    changed = in_container("container", "image", "registry.example/web:1.0.0")
    config = {"registries": ["registry.example/", "ghcr.io/saas-platform/web"]}
    assert judge(image_registry, changed, config=config) == []


def test_the_registry_that_an_environment_is_configured_with_is_its_own() -> None:
    graph = recorded("prod")
    (stack,) = [resource for resource in graph if resource.type == STACK]
    (changed,) = graph_of(in_container("container", "image", "registry.example/shop/web:1.0.0"))
    for registry, expected in (("registry.example/shop", 0), ("registry.example/other", 1)):
        configured = Graph(graph.stack, (stack, changed), {"registry": registry})
        assert len(evaluate(configured, rules=[image_registry])) == expected
    assert graph.outputs["registry"] == "ghcr.io/saas-platform"
