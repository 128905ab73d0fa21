"""What runs: pod templates wherever they stand, their containers and security contexts, and the pods of operators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policy.engine.model import Violation
from policy.engine.subject import Stack, Subject
from policy.facts.kinds import KINDS, PRIORITISED
from policy.facts.values import at, items, mapping, text

_TEMPLATE = ("spec", "template")
# Where each kind keeps the template of its pods.
POD_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "apps/DaemonSet": _TEMPLATE,
    "apps/Deployment": _TEMPLATE,
    "apps/ReplicaSet": _TEMPLATE,
    "apps/StatefulSet": _TEMPLATE,
    "batch/CronJob": ("spec", "jobTemplate", "spec", "template"),
    "batch/Job": _TEMPLATE,
    "core/Pod": (),
    "core/ReplicationController": _TEMPLATE,
}
WORKLOADS = frozenset(POD_TEMPLATES)
RUN_TO_COMPLETION = frozenset({"batch/CronJob", "batch/Job"})


@dataclass(frozen=True)
class Container:
    """A container of a pod template; `role` is container, init, sidecar or ephemeral container."""

    role: str
    name: str
    props: Mapping[str, Any]

    @property
    def label(self) -> str:
        """What messages call it: `init container migrate`."""
        return f"{self.role} {self.name}"


def pod_template(workload: Subject) -> Mapping[str, Any]:
    """The pod template of a workload (`metadata` and `spec`); empty if it has none."""
    return mapping(at(workload.props, *POD_TEMPLATES[workload.object_type]))


def pod_spec(workload: Subject) -> Mapping[str, Any]:
    """The pod spec of a workload; empty if it has none."""
    return mapping(pod_template(workload).get("spec"))


def containers(workload: Subject) -> Iterator[Container]:
    """All containers of a workload's pods: init containers and sidecars first, in the order in which they start."""
    spec = pod_spec(workload)
    for index, value in enumerate(items(spec.get("initContainers"))):
        props = mapping(value)
        # An init container that restarts always is a sidecar: it runs as long as the pod does.
        role = "sidecar container" if props.get("restartPolicy") == "Always" else "init container"
        yield Container(role, _name(props, index), props)
    for index, value in enumerate(items(spec.get("containers"))):
        props = mapping(value)
        yield Container("container", _name(props, index), props)


def all_containers(workload: Subject) -> Iterator[Container]:
    """All containers, those for debugging too: they state no resources and no probes, but what they may do counts."""
    yield from containers(workload)
    for index, value in enumerate(items(pod_spec(workload).get("ephemeralContainers"))):
        props = mapping(value)
        yield Container("ephemeral container", _name(props, index), props)


def is_linux(workload: Subject) -> bool:
    """Whether its pods run on Linux: those for Windows say so, and are let off what Windows does not know."""
    return text(at(pod_spec(workload), "os", "name")) != "windows"


def runs_to_completion(workload: Subject) -> bool:
    """Whether its pods are meant to end: those of jobs, and bare pods that are not restarted."""
    if workload.object_type in RUN_TO_COMPLETION:
        return True
    return workload.object_type == "core/Pod" and pod_spec(workload).get("restartPolicy") in ("Never", "OnFailure")


def priority_class_name(owner: Subject) -> tuple[str, str]:
    """The field in which an object names the priority class of its pods, and the class; "" if it names none."""
    if owner.object_type in PRIORITISED:
        path = KINDS[owner.object_type].priority_class
        return ".".join(path), text(at(owner.props, *path))
    return "priorityClassName", text(pod_spec(owner).get("priorityClassName"))


def pod_owners(stack: Stack) -> Iterator[Subject]:
    """Every object that brings pods into being: workloads, and custom resources whose operator makes them."""
    yield from stack.of_type(*sorted(POD_TEMPLATES), *sorted(name for name, one in KINDS.items() if one.has_pods))


def pod_labels(owner: Subject) -> tuple[Mapping[str, Any], ...]:
    """The labels of each sort of pod that an object brings into being."""
    kind = KINDS.get(owner.object_type)
    if kind:
        # No template in the stack describes these; the labels are those by which they may be selected.
        return kind.pods(text(at(owner.props, "metadata", "name")))
    return (mapping(at(pod_template(owner), "metadata", "labels")),)


def _name(props: Mapping[str, Any], index: int) -> str:
    return text(props.get("name")) or f"#{index + 1}"


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
