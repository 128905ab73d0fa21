"""What a pod shares with its node: namespaces, files, ports, processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policy.engine import cel
from policy.engine.model import About, Level, RuleConfig, Severity, Violation, cis, nsa, pss, resource_rule
from policy.engine.subject import Subject
from policy.facts.values import at, items, mapping, text
from policy.facts.workloads import WORKLOADS, all_containers, contexts, pod_spec

_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")
# The types that Restricted allows: none of them is storage of the node or a driver that the pod configures.
_VOLUME_TYPES = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)


@resource_rule(
    About(
        name="host-namespaces",
        title="Pods share no namespace with their node",
        description=(
            "A pod in its node's network passes by every NetworkPolicy and reaches the node's metadata service; one "
            "in its process or IPC namespace reads the other pods' memory and environment."
        ),
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        frameworks=(
            pss("Baseline: Host Namespaces"),
            cis("5.2.3, 5.2.4, 5.2.5"),
            nsa("Kubernetes Pod security: Pod security enforcement"),
        ),
        remediation=("Remove hostNetwork, hostPID and hostIPC; publish the pod through a Service.",),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
    admission=cel.HOST_NAMESPACES,
)
def host_namespaces(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each namespace of the node that the pods use."""
    spec = pod_spec(workload)
    for field in _NAMESPACES:
        if spec.get(field) is True:
            yield Violation(field=field, problem="is true", fix="remove it")


@resource_rule(
    About(
        name="host-path",
        title="Pods mount no directory of their node",
        description="Who can write to the node's file system owns the node; who can read it has every pod's secrets.",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        frameworks=(
            pss("Baseline: HostPath Volumes"),
            cis("5.2.12"),
            nsa("Kubernetes Pod security: Pod security enforcement"),
        ),
        remediation=("Replace the volume by an emptyDir, a PersistentVolumeClaim or a CSI volume.",),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
    admission=cel.HOST_PATH,
)
def host_path(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each directory of the node that the pods mount."""
    for name, volume in _volumes(workload):
        if "hostPath" in volume and volume["hostPath"] is not None:
            yield Violation(field=f"volume {name}", problem="is a hostPath", fix="use an emptyDir or a claim")


class VolumeTypesConfig(RuleConfig):
    """`allowed`: the types of volumes that pods may use, as the fields of a volume are called."""

    allowed: tuple[str, ...] = _VOLUME_TYPES


@resource_rule(
    About(
        name="volume-types",
        title="Volumes are of a restricted type",
        description="Pods use volumes that the cluster makes for them, and no storage driver with their own settings.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        frameworks=(pss("Restricted: Volume Types"),),
        remediation=("Make a PersistentVolume of the storage and mount its claim.",),
    ),
    applies_to=WORKLOADS,
    config=VolumeTypesConfig,
)
def volume_types(workload: Subject, config: VolumeTypesConfig) -> Iterator[Violation]:
    """Each volume of another type; directories of the node are for the rule `host-path`."""
    for name, volume in _volumes(workload):
        for kind in sorted({key for key in volume if volume[key] is not None} - {"name", "hostPath", *config.allowed}):
            yield Violation(field=f"volume {name}", problem=f"is a {kind}", fix="mount a PersistentVolumeClaim")


def _volumes(workload: Subject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, item in enumerate(items(pod_spec(workload).get("volumes"))):
        volume = mapping(item)
        yield text(volume.get("name")) or f"#{index + 1}", volume


@resource_rule(
    About(
        name="host-ports",
        title="Containers open no port of their node",
        description="A port of the node is open to whatever reaches the node, and only one pod a node can have it.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(pss("Baseline: Host Ports"), cis("5.2.13")),
        remediation=("Remove hostPort and publish the container through a Service.",),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
)
def host_ports(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each port of the node that a container opens."""
    for container in all_containers(workload):
        for port in items(container.props.get("ports")):
            if at(port, "hostPort"):
                yield Violation(container=container.label, field="hostPort", problem="is set", fix="use a Service")


@resource_rule(
    About(
        name="probe-hosts",
        title="Probes and hooks ask the pod itself",
        description="The kubelet sends probes from the node: one with a host of its own makes it call any address.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(pss("Baseline: Host Probes / Lifecycle Hooks"),),
        remediation=("Remove host from httpGet and tcpSocket of probes and lifecycle hooks.",),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
)
def probe_hosts(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each probe and each lifecycle hook that names a host."""
    for container in all_containers(workload):
        for field, handler in _handlers(container.props):
            for action in ("httpGet", "tcpSocket"):
                if at(handler, action, "host"):
                    path = f"{field}.{action}.host"
                    yield Violation(container=container.label, field=path, problem="is set", fix="remove it")


def _handlers(container: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        yield name, container.get(name)
    for name in ("postStart", "preStop"):
        yield f"lifecycle.{name}", at(container, "lifecycle", name)


@resource_rule(
    About(
        name="windows-host-process",
        title="No Windows HostProcess containers",
        description="A HostProcess container runs on its Windows node outside of any isolation.",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        frameworks=(pss("Baseline: HostProcess"), cis("5.2.11")),
        remediation=("Remove securityContext.windowsOptions.hostProcess.",),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
)
def windows_host_process(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each context that takes its containers out of isolation on Windows."""
    for context in contexts(workload):
        if context.get("windowsOptions", "hostProcess") is True:
            yield context.violation("windowsOptions.hostProcess", "is true", "remove it")
