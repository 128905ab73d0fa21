"""References to container images, and where objects name them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policy.engine.subject import Subject
from policy.facts.kinds import KINDS
from policy.facts.values import at, text
from policy.facts.workloads import WORKLOADS, all_containers

# [registry/]repository[:tag][@digest]; a colon before the last slash belongs to the registry's port.
_REFERENCE = re.compile(r"(?P<name>[^@]+?)(:(?P<tag>[^:/@]+))?(@(?P<digest>[a-z0-9]+:[0-9a-fA-F]{32,}))?")
_DEFAULT_REGISTRY = "docker.io"
IMAGE_OWNERS = WORKLOADS | frozenset(name for name, one in KINDS.items() if one.images)


@dataclass(frozen=True)
class Image:
    """An image as an object names it; `container` is what messages call its container, `field` where it stands."""

    reference: str
    pull_policy: Any
    field: str
    policy_field: str
    container: str = ""

    def _part(self, name: str) -> str:
        found = _REFERENCE.fullmatch(self.reference)
        return (found[name] or "") if found else ""

    @property
    def tag(self) -> str:
        """The tag, or the empty text."""
        return self._part("tag")

    @property
    def digest(self) -> str:
        """The digest (`sha256:…`), or the empty text."""
        return self._part("digest")

    @property
    def repository(self) -> str:
        """Registry and repository; Docker Hub, which a reference may leave out, is spelt out."""
        name = self._part("name")
        registry, slash, _ = name.partition("/")
        complete = slash and ("." in registry or ":" in registry or registry == "localhost")
        return name if complete else f"{_DEFAULT_REGISTRY}/{name}"


def images(owner: Subject) -> Iterator[Image]:
    """The images of all containers of a workload, or of the pods of a custom resource that names any."""
    if owner.object_type in WORKLOADS:
        for container in all_containers(owner):
            reference, policy = text(container.props.get("image")), container.props.get("imagePullPolicy")
            yield Image(reference, policy, "image", "imagePullPolicy", container.label)
    kind = KINDS.get(owner.object_type)
    for one in kind.images if kind else ():
        reference, policy = at(owner.props, *one.image), at(owner.props, *one.pull_policy)
        # Without one the operator takes its own.
        if reference:
            yield Image(text(reference), policy, ".".join(one.image), ".".join(one.pull_policy))
