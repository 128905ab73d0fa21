"""References by name lead somewhere: a pod that mounts what is not there waits for it without end."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import partial

from policy.inventory import Names, each, listed, names, opaque_namespaces
from policy.model import About, Level, RuleConfig, Severity, Violation, stack_rule
from policy.references import PRIORITY_CLASS, references
from policy.subject import Stack, Subject
from policy.values import at, items, text
from policy.workloads import PRIORITISED, WORKLOADS

_TYPES = (
    *sorted(WORKLOADS),
    "barmancloud.cnpg.io/ObjectStore",
    "cert-manager.io/Certificate",
    "core/PersistentVolumeClaim",
    "external-secrets.io/ExternalSecret",
    "networking.k8s.io/Ingress",
    *sorted(PRIORITISED),
)
_SECRET = "core/Secret"
# Secrets that CloudNativePG makes for a Cluster.
_DATABASE_SECRETS = ("app", "superuser", "ca", "server", "replication")


class ReferencesExistConfig(RuleConfig):
    """`external`: what others provide, as `Kind name`; `*` stands for anything. The rest must be in the stack.

    Besides these what the environment's own configuration names: the program exports that as its output `provided`.
    """

    external: tuple[str, ...] = ("ConfigMap kube-root-ca.crt", "ServiceAccount default", "PriorityClass system-*")
    other_namespaces: tuple[str, ...] = ()


@stack_rule(
    About(
        name="references-exist",
        title="Whatever is referred to by name exists",
        description=(
            "ConfigMaps, Secrets, accounts, claims, storage and priority classes, issuers, stores, image catalogs and "
            "archives that an object names are in the stack, are made by an operator for an object of the stack, or "
            "are declared as external."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        remediation=(
            "Correct the name, or add the object to the stack.",
            "If the cluster has it already, name it in the environment's file, or list it in this rule's `external`.",
        ),
    ),
    config=ReferencesExistConfig,
)
def references_exist(stack: Stack, config: ReferencesExistConfig) -> Iterator[Violation]:
    """Each reference to an object that nobody makes."""
    elsewhere = opaque_namespaces(stack) | set(config.other_namespaces)
    # Where the stack makes no priority class, the cluster's owner does.
    classes = () if next(stack.of_type(PRIORITY_CLASS), None) else ("PriorityClass *",)
    external = (*config.external, *classes, *map(text, items(stack.root.props.get("provided"))))
    yield from each(stack.of_type(*_TYPES), partial(_dangling, stack, external, elsewhere))


def _dangling(
    stack: Stack, external: tuple[str, ...], elsewhere: frozenset[str], subject: Subject
) -> Iterator[Violation]:
    existing, made = stack.once(names), stack.once(secrets_made)
    for one in references(subject):
        namespace = "" if one.is_cluster_scoped else subject.namespace
        kind = one.object_type.rpartition("/")[2]
        if namespace in elsewhere or any(fnmatchcase(f"{kind} {one.name}", each) for each in external):
            continue
        of_operator = one.object_type == _SECRET and made.has(_SECRET, namespace, one.name)
        if not of_operator and not existing.has(one.object_type, namespace, one.name):
            yield Violation(
                subject=subject,
                field=one.field,
                problem=f"names {kind} {one.name!r}, which nobody makes",
                fix="correct the name, add the object, or declare it as external",
            )


def secrets_made(stack: Stack) -> Names:
    """The Secrets that operators make for objects of the stack."""
    found = Names()
    for one in stack.of_type("external-secrets.io/ExternalSecret"):
        target = text(at(one.props, "spec", "target", "name")) or _name(one)
        found.add(_SECRET, one.namespace, target)
    for one in stack.of_type("bitnami.com/SealedSecret"):
        found.add(_SECRET, one.namespace, _name(one))
    for one in stack.of_type("cert-manager.io/Certificate"):
        found.add(_SECRET, one.namespace, text(at(one.props, "spec", "secretName")))
    for one in stack.of_type("networking.k8s.io/Ingress"):
        for entry in listed(one.props, "spec", "tls"):
            found.add(_SECRET, one.namespace, text(entry.get("secretName")))
    for one in stack.of_type("postgresql.cnpg.io/Cluster"):
        found.add(_SECRET, one.namespace, *(f"{_name(one)}-{suffix}" for suffix in _DATABASE_SECRETS))
    return found


def _name(subject: Subject) -> str:
    return text(at(subject.props, "metadata", "name"))
