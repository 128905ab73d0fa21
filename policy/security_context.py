"""Security contexts: what stands in a pod's and in its containers', and which of the two counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policy.model import Violation
from policy.subject import Subject
from policy.values import at, mapping
from policy.workloads import all_containers, pod_spec

FIELD = "securityContext"


@dataclass(frozen=True)
class SecurityContext:
    """One security context as it is written. `container` is what messages call its container, empty for the pod's."""

    container: str
    props: Mapping[str, Any]

    def get(self, *path: str) -> Any:
        """What lies at a path below it, or None."""
        return at(self.props, *path)

    def violation(self, field: str, problem: str, fix: str) -> Violation:
        """A violation that names a field below it."""
        return Violation(container=self.container, field=f"{FIELD}.{field}", problem=problem, fix=fix)


def pod_context(workload: Subject) -> SecurityContext:
    """The security context of the pods of a workload."""
    return SecurityContext("", mapping(pod_spec(workload).get(FIELD)))


def container_contexts(workload: Subject) -> Iterator[SecurityContext]:
    """Those of all containers, of init and ephemeral ones too."""
    for container in all_containers(workload):
        yield SecurityContext(container.label, mapping(container.props.get(FIELD)))


def contexts(workload: Subject) -> Iterator[SecurityContext]:
    """That of the pods, then those of all containers."""
    yield pod_context(workload)
    yield from container_contexts(workload)


def effective(workload: Subject, *path: str) -> Iterator[tuple[SecurityContext, Any]]:
    """For each container what holds for it: its own value, and where it has none the pod's."""
    pod = pod_context(workload)
    for context in container_contexts(workload):
        own = context.get(*path)
        yield context, pod.get(*path) if own is None else own
