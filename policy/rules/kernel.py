"""What the kernel lets a container do: system calls, mandatory access control, its parameters, /proc."""

from __future__ import annotations

from collections.abc import Iterator

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, cis, nsa, pss, resource_rule
from policy.engine.subject import Subject
from policy.facts.values import at, items, mapping, text, within
from policy.facts.workloads import (
    FIELD,
    POD_TEMPLATES,
    WORKLOADS,
    SecurityContext,
    container_contexts,
    contexts,
    effective,
    is_linux,
    pod_context,
    pod_template,
)

_PROFILES = ("RuntimeDefault", "Localhost")
_APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
# Those that are namespaced and isolated: https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/
_SAFE_SYSCTLS = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
)


def _default_profile(workload: Subject, config: RuleConfig) -> None:
    """Give the pod the runtime's profile if some container has none. A profile that somebody chose stays."""
    if is_linux(workload) and any(value is None for _, value in effective(workload, "seccompProfile")):
        path = (*POD_TEMPLATES[workload.object_type], "spec", FIELD)
        within(workload.props, *path)["seccompProfile"] = {"type": "RuntimeDefault"}


@resource_rule(
    About(
        name="seccomp",
        title="System calls are filtered",
        description=(
            "Every container runs under a seccomp profile, RuntimeDefault or one of the node's own: without it all "
            "400 system calls of the kernel are open to attack."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.REMEDIATE, "test": Level.REMEDIATE},
        frameworks=(pss("Restricted: Seccomp"), cis("5.7.2"), nsa("Kubernetes Pod security: hardening containers")),
        remediation=("Set securityContext.seccompProfile of the pod to {type: RuntimeDefault}.",),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
    remedy=_default_profile,
)
def seccomp(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each container whose system calls nothing filters, and a pod that says so for all."""
    for context, profile in effective(workload, "seccompProfile") if is_linux(workload) else ():
        if text(at(profile, "type")) not in _PROFILES:
            state = "is missing" if profile is None else "filters nothing"
            yield context.violation(
                "seccompProfile", state, "set it to {type: RuntimeDefault}, here or for the whole pod"
            )


@resource_rule(
    About(
        name="apparmor",
        title="AppArmor is not switched off",
        description="Where nodes have AppArmor, containers keep the runtime's profile or name one of the node's own.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        frameworks=(pss("Baseline: AppArmor"), nsa("Kubernetes Pod security: hardening containers")),
        remediation=("Remove securityContext.appArmorProfile and the AppArmor annotations, or name a profile.",),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
)
def apparmor(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each profile that confines nothing, as a field or as an annotation of before Kubernetes 1.30."""
    for context in contexts(workload):
        profile = context.get("appArmorProfile")
        if profile is not None and text(at(profile, "type")) not in _PROFILES:
            yield context.violation("appArmorProfile", "confines nothing", "remove it or set it to RuntimeDefault")
    metadata = workload.props if workload.object_type == "core/Pod" else pod_template(workload)
    annotations = mapping(at(metadata, "metadata", "annotations"))
    for key in annotations:
        if key.startswith(_APPARMOR_ANNOTATION) and not _confines(text(annotations[key])):
            yield Violation(field=f"annotation {key}", problem="confines nothing", fix="remove it")


def _confines(profile: str) -> bool:
    return profile == "runtime/default" or profile.startswith("localhost/")


@resource_rule(
    About(
        name="selinux",
        title="SELinux labels are those of containers",
        description="Containers set no SELinux user or role and only the types that are meant for containers.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        frameworks=(pss("Baseline: SELinux"), nsa("Kubernetes Pod security: hardening containers")),
        remediation=("Remove user and role from securityContext.seLinuxOptions, and any type but container_t.",),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
)
def selinux(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each SELinux option that takes a container out of its confinement."""
    for context in contexts(workload):
        if text(context.get("seLinuxOptions", "type")) not in _SELINUX_TYPES:
            fix = f"remove it or set it to one of {', '.join(_SELINUX_TYPES[1:])}"
            yield context.violation("seLinuxOptions.type", "is no container type", fix)
        for field in ("user", "role"):
            if context.get("seLinuxOptions", field):
                yield context.violation(f"seLinuxOptions.{field}", "is set", "remove it")


@resource_rule(
    About(
        name="proc-mount",
        title="/proc stays masked",
        description="The runtime hides parts of /proc that give away or change the node; Unmasked shows them.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(pss("Baseline: /proc Mount Type"),),
        remediation=("Remove securityContext.procMount or set it to Default.",),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
)
def proc_mount(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each container that sees /proc unmasked."""
    for context in container_contexts(workload):
        if context.get("procMount") not in (None, "Default"):
            yield context.violation("procMount", "is not Default", "remove it")


class SysctlsConfig(RuleConfig):
    """`allowed`: the kernel parameters that pods may set."""

    allowed: tuple[str, ...] = _SAFE_SYSCTLS


@resource_rule(
    About(
        name="sysctls",
        title="Only safe kernel parameters",
        description="Pods set only the kernel parameters that are isolated from the node and from other pods.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(pss("Baseline: Sysctls"),),
        remediation=("Remove the parameter, or set it on the nodes that need it.",),
    ),
    applies_to=WORKLOADS,
    config=SysctlsConfig,
)
def sysctls(workload: Subject, config: SysctlsConfig) -> Iterator[Violation]:
    """Each kernel parameter that reaches beyond the pod."""
    context: SecurityContext = pod_context(workload)
    for entry in items(context.get("sysctls")):
        name = text(at(entry, "name"))
        if name not in config.allowed:
            yield context.violation("sysctls", f"sets {name or 'a parameter without a name'}", "remove it")
