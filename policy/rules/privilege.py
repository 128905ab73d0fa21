"""What a process in a container may become: privileged, root, or more than it was."""

from __future__ import annotations

from collections.abc import Iterator

from policy.engine import cel
from policy.engine.model import About, Level, RuleConfig, Severity, Violation, cis, nsa, pci, pss, resource_rule
from policy.engine.subject import Subject
from policy.facts.values import items, text
from policy.facts.workloads import WORKLOADS, SecurityContext, container_contexts, contexts, effective, is_linux

_HARDENING = "Kubernetes Pod security"


@resource_rule(
    About(
        name="privileged",
        title="No privileged containers",
        description="A privileged container has all capabilities and all devices of its node: it is root on it.",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        frameworks=(pss("Baseline: Privileged Containers"), cis("5.2.2"), nsa(f"{_HARDENING}: privileged containers")),
        remediation=(
            "Set securityContext.privileged of the container to false.",
            "Grant the one capability or device that it needs instead, in a namespace of its own.",
        ),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
    admission=cel.PRIVILEGED,
)
def privileged(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each privileged container."""
    for context in container_contexts(workload):
        if context.get("privileged") is True:
            yield context.violation("privileged", "is true", "set it to false")


@resource_rule(
    About(
        name="privilege-escalation",
        title="No privilege escalation",
        description="Without the no_new_privs flag a process gains the rights of any setuid program in its image.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(
            pss("Restricted: Privilege Escalation"),
            cis("5.2.6"),
            nsa(f"{_HARDENING}: non-root containers"),
        ),
        remediation=("Set securityContext.allowPrivilegeEscalation to false in every container.",),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
    admission=cel.PRIVILEGE_ESCALATION,
)
def privilege_escalation(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each container whose processes may gain privileges; Kubernetes allows it unless told otherwise."""
    for context in container_contexts(workload) if is_linux(workload) else ():
        if context.get("allowPrivilegeEscalation") is not False:
            yield context.violation("allowPrivilegeEscalation", "is not false", "set it to false")


class CapabilitiesConfig(RuleConfig):
    """`allowed`: the capabilities that containers may add."""

    allowed: tuple[str, ...] = ("NET_BIND_SERVICE",)


@resource_rule(
    About(
        name="capabilities",
        title="Containers drop all capabilities",
        description=(
            "Every container drops ALL capabilities and adds none but NET_BIND_SERVICE: runtimes grant a dozen by "
            "default, among them CHOWN, SETUID and NET_RAW."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(pss("Restricted: Capabilities"), cis("5.2.8, 5.2.9, 5.2.10")),
        remediation=(
            "Set securityContext.capabilities.drop of every container to [ALL].",
            "Let processes listen above port 1024, so that they need not add NET_BIND_SERVICE either.",
        ),
    ),
    applies_to=WORKLOADS,
    config=CapabilitiesConfig,
    admission=cel.CAPABILITIES,
)
def capabilities(workload: Subject, config: CapabilitiesConfig) -> Iterator[Violation]:
    """Each container that keeps the runtime's capabilities, and each capability that it adds."""
    for context in container_contexts(workload) if is_linux(workload) else ():
        if "ALL" not in [text(item) for item in items(context.get("capabilities", "drop"))]:
            yield context.violation("capabilities.drop", "lacks ALL", "set it to [ALL]")
        for item in items(context.get("capabilities", "add")):
            if text(item) not in config.allowed:
                fix = f"add none but {', '.join(config.allowed)}" if config.allowed else "add none"
                yield context.violation("capabilities.add", f"has {text(item) or 'something else than text'}", fix)


@resource_rule(
    About(
        name="run-as-non-root",
        title="Containers do not run as root",
        description=(
            "Every container states runAsNonRoot, itself or through its pod, and nothing runs as user 0: a process "
            "that breaks out of a container has on the node the user id that it had inside."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(
            pss("Restricted: Running as Non-root, Running as Non-root user"),
            cis("5.2.7"),
            nsa(f"{_HARDENING}: non-root containers"),
            pci("2.2.6"),
        ),
        remediation=(
            "Set securityContext.runAsNonRoot of the pod to true and runAsUser to an id above 10000.",
            "Take both out of the containers, so that they do not override the pod.",
        ),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
    admission=cel.RUN_AS_NON_ROOT,
)
def run_as_non_root(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each container that may run as root, and each context that says that it does."""
    for context, value in effective(workload, "runAsNonRoot"):
        if value is not True:
            yield context.violation("runAsNonRoot", "is not true", "set it to true, here or for the whole pod")
    for context in contexts(workload):
        if _is_root(context):
            yield context.violation("runAsUser", "is 0", "name a user that is not root")


def _is_root(context: SecurityContext) -> bool:
    user = context.get("runAsUser")
    return user == 0 and not isinstance(user, bool)


@resource_rule(
    About(
        name="read-only-root",
        title="Root file systems are read-only",
        description="A process that cannot write to its image cannot leave a tool or a changed library there.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(nsa(f"{_HARDENING}: immutable container file systems"), cis("5.7.3")),
        remediation=(
            "Set securityContext.readOnlyRootFilesystem to true in every container.",
            "Mount an emptyDir with a sizeLimit wherever the process must write.",
        ),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
)
def read_only_root(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each container that can write to its own image; one for debugging may, it ends with its session."""
    for context in container_contexts(workload):
        debugging = context.container.startswith("ephemeral ")
        if context.get("readOnlyRootFilesystem") is not True and not debugging and is_linux(workload):
            yield context.violation(
                "readOnlyRootFilesystem", "is not true", "set it to true and mount an emptyDir where it must write"
            )
