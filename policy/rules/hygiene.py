"""Small mistakes with large effects: groups of root, variables twice, configuration of the entry by annotation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from policy.frameworks import nsa, pss
from policy.inventory import listed
from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.security_context import contexts
from policy.subject import Subject
from policy.values import at, items, mapping, text
from policy.workloads import WORKLOADS, all_containers


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
