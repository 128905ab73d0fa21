"""Small mistakes with large effects: root's groups, the node's users, variables twice, snippets for the entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, nsa, pss, resource_rule
from policy.engine.subject import Subject
from policy.facts.inventory import listed
from policy.facts.values import at, items, mapping, text, whole
from policy.facts.workloads import WORKLOADS, all_containers, contexts, effective


@resource_rule(
    About(
        name="root-group",
        title="No process is in root's group",
        description=(
            "No runAsGroup, fsGroup or supplemental group is 0: files of the image and of volumes that root's group "
            "may write are then open to the process."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(pss("Restricted: Running as Non-root user"), nsa("Kubernetes Pod security: non-root containers")),
        remediation=("Set runAsGroup and fsGroup to the id of the user, or another above 0.",),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
)
def root_group(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each group that is root's."""
    for context in contexts(workload):
        for field in ("runAsGroup", "fsGroup"):
            if _is_root(context.get(field)):
                yield context.violation(field, "is 0", "name another group")
        if any(map(_is_root, items(context.get("supplementalGroups")))):
            yield context.violation("supplementalGroups", "has 0", "remove it")


def _is_root(group: object) -> bool:
    return group == 0 and not isinstance(group, bool)


class UserIdsConfig(RuleConfig):
    """`minimum`: the lowest id of a user or group that no node has for its own."""

    minimum: int = 10001


@resource_rule(
    About(
        name="user-ids",
        title="Users and groups of containers are none of the node's",
        description=(
            "Every container states, itself or through its pod, a runAsUser and a runAsGroup above 10000: those below "
            "belong to people and daemons of the node, and what breaks out of a container is one of them. Without a "
            "stated group it is often root's."
        ),
        severity=Severity.LOW,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(nsa("Kubernetes Pod security: non-root containers"),),
        remediation=(
            "Set runAsUser and runAsGroup of the pod to one id above 10000, and fsGroup too where it has volumes.",
            "Give the process volumes where it writes: files of the image belong to the image's own user.",
        ),
    ),
    applies_to=WORKLOADS,
    config=UserIdsConfig,
)
def user_ids(workload: Subject, config: UserIdsConfig) -> Iterator[Violation]:
    """Each user and group that is not stated, or too low. Root is the concern of run-as-non-root and root-group."""
    for field in ("runAsUser", "runAsGroup"):
        for context, value in effective(workload, field):
            number = whole(value)
            if number is None:
                yield context.violation(field, "is missing", f"set it to {config.minimum}, here or for the whole pod")
            elif 0 < number < config.minimum:
                yield context.violation(field, f"is {number}, below {config.minimum}", "name a higher one")


@resource_rule(
    About(
        name="unique-variables",
        title="Each variable is set once",
        description="No container sets a variable twice: the last one counts, and tools disagree on which that is.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=("Remove all but one of the entries.",),
    ),
    applies_to=WORKLOADS,
    config=RuleConfig,
)
def unique_variables(workload: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each variable that a container sets more than once."""
    for container in all_containers(workload):
        counts = Counter(text(variable.get("name")) for variable in listed(container.props, "env"))
        for name in (name for name, count in counts.items() if name and count > 1):
            problem = f"is set {counts[name]} times"
            yield Violation(container=container.label, field=f"env {name}", problem=problem, fix="keep one")


class IngressSnippetsConfig(RuleConfig):
    """`forbidden`: ends of annotations that put text into the configuration of the ingress controller."""

    forbidden: tuple[str, ...] = ("-snippet", "/server-alias", "/auth-tls-error-page", "/modsecurity-snippet")


@resource_rule(
    About(
        name="ingress-snippets",
        title="No Ingress writes the controller's configuration",
        description=(
            "No annotation of an Ingress holds a snippet of nginx configuration: whoever may write one reads the "
            "controller's token, and with it the Secrets of all namespaces (CVE-2021-25742)."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(nsa("Network separation and hardening"),),
        remediation=("Use the annotation for the one setting that is meant, or the controller's own ConfigMap.",),
    ),
    applies_to={"networking.k8s.io/Ingress"},
    config=IngressSnippetsConfig,
)
def ingress_snippets(ingress: Subject, config: IngressSnippetsConfig) -> Iterator[Violation]:
    """Each annotation that is configuration of the controller."""
    for key in mapping(at(ingress.props, "metadata", "annotations")):
        if key.endswith(config.forbidden):
            yield Violation(field=f"metadata.annotations.{key}", problem="is configuration", fix="remove it")
