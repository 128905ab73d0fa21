"""Where images come from, and whether they stay the same."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

from components.stores.store_list import STORES
from policy.engine import cel
from policy.engine.model import About, Level, RuleConfig, Severity, Violation, cis, nsa, pci, resource_rule, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.images import IMAGE_OWNERS, Image, images
from policy.facts.inventory import each
from policy.facts.values import at, items, text
from policy.facts.workloads import POD_TEMPLATES, WORKLOADS


class ImageTagConfig(RuleConfig):
    """`moving`: tags that are pushed again and again. `digest`: whether an image must be pinned by digest as well."""

    moving: tuple[str, ...] = ("latest", "main", "master", "dev", "develop", "edge", "nightly", "stable")
    digest: bool = False


@resource_rule(
    About(
        name="image-tag",
        title="Images are pinned to a version",
        description=(
            "Every image has a digest or the tag of a version: what `latest` or no tag at all means changes from one "
            "node to the next, and a rollback brings nothing back."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(cis("5.5.1"), pci("6.5.1")),
        remediation=(
            "Name the tag of a release, or better the digest that the registry shows for it.",
            "Keep the version with all others in versions.py.",
        ),
    ),
    applies_to=IMAGE_OWNERS,
    config=ImageTagConfig,
    admission=cel.IMAGE_TAG,
)
def image_tag(owner: Subject, config: ImageTagConfig) -> Iterator[Violation]:
    """Each image that may be another one tomorrow."""
    for image in images(owner):
        problem = _unpinned(image, config)
        if problem:
            fix = "name its digest" if config.digest else "name the tag of a release or a digest"
            yield Violation(container=image.container, field=image.field, problem=problem, fix=fix)


def _unpinned(image: Image, config: ImageTagConfig) -> str:
    if not image.reference:
        return "is missing"
    if image.digest:
        return ""
    if not image.tag:
        return "has neither tag nor digest"
    if image.tag in config.moving:
        return f"has the moving tag {image.tag}"
    return "has no digest" if config.digest else ""


class ImageRegistryConfig(RuleConfig):
    """`registries`: from where images may come, each a registry or a registry with the first part of a path.

    Besides these the environment's own: what the program exports as its output `registry`.
    """

    registries: tuple[str, ...] = (
        "ghcr.io/saas-platform",
        "docker.io/fluent",
        "docker.io/grafana",
        "docker.io/jaegertracing",
        "docker.io/otel",
        "quay.io/prometheus",
        "quay.io/thanos",
        "registry.k8s.io/kube-state-metrics",
        *(registry for store in STORES for registry in store.registries),
    )


@stack_rule(
    About(
        name="image-registry",
        title="Images come from known registries",
        description=(
            "Every image comes from the environment's own registry or from one that the security team has allowed: "
            "anybody may push to a public registry under a name that looks right."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(cis("5.5.1"), nsa("Kubernetes Pod security: building secure container images")),
        remediation=(
            "Copy the image to the environment's registry, and scan it there.",
            "Or have its registry added to `registries` in the policy's configuration.",
        ),
    ),
    config=ImageRegistryConfig,
)
def image_registry(stack: Stack, config: ImageRegistryConfig) -> Iterator[Violation]:
    """Each image that comes from elsewhere."""
    own = text(stack.root.props.get("registry"))
    allowed = (*config.registries, *((own,) if own else ()))
    yield from each(stack.of_type(*sorted(IMAGE_OWNERS)), partial(_foreign, allowed))


def _foreign(allowed: tuple[str, ...], owner: Subject) -> Iterator[Violation]:
    for image in images(owner):
        if image.reference and not any(f"{image.repository}/".startswith(f"{one.rstrip('/')}/") for one in allowed):
            yield Violation(
                subject=owner,
                container=image.container,
                field=image.field,
                problem=f"comes from {image.repository}",
                fix="take it from an allowed registry",
            )


PullPolicy = Literal["IfNotPresent", "Always", "Never"]


class PullPolicyConfig(RuleConfig):
    """`allowed`: the pull policies that containers may state.

    Only IfNotPresent by default. Tags are pinned by `image-tag`, so that Always brings nothing new and makes every
    restart, also the one in the middle of an outage, depend on the registry. Where tenants who do not trust each other
    share nodes, set this to Always alone: it makes the kubelet check the pod's own pull credentials every time.
    """

    allowed: tuple[PullPolicy, ...] = ("IfNotPresent",)


def _state_policy(workload: Subject, config: PullPolicyConfig) -> None:
    spec: Any = at(workload.props, *POD_TEMPLATES[workload.object_type], "spec")
    for role in ("initContainers", "containers", "ephemeralContainers"):
        for container in items(at(spec, role)):
            if isinstance(container, dict) and container.get("imagePullPolicy") is None:
                container["imagePullPolicy"] = config.allowed[0]


@resource_rule(
    About(
        name="pull-policy",
        title="The pull policy is stated",
        description=(
            "Every container states IfNotPresent: what Kubernetes assumes depends on the tag, Always contacts the "
            "registry at every restart, and Never fails on a new node."
        ),
        severity=Severity.LOW,
        level=Level.MANDATORY,
        levels={"dev": Level.REMEDIATE, "test": Level.REMEDIATE},
        remediation=("Set imagePullPolicy of every container to IfNotPresent.",),
    ),
    applies_to=WORKLOADS,
    config=PullPolicyConfig,
    remedy=_state_policy,
)
def pull_policy(workload: Subject, config: PullPolicyConfig) -> Iterator[Violation]:
    """Each container whose pull policy is not stated or not one of those allowed."""
    for image in images(workload):
        if text(image.pull_policy) not in config.allowed:
            state = "is missing" if image.pull_policy is None else f"is {text(image.pull_policy) or 'no text'}"
            fix = f"set it to {' or '.join(config.allowed)}"
            yield Violation(container=image.container, field=image.policy_field, problem=state, fix=fix)
