"""RBAC bindings bind somebody who is there to a role that is there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from policy.frameworks import cis, nsa
from policy.inventory import Names, each, listed, names, opaque_namespaces
from policy.model import About, Level, RuleConfig, Severity, Violation, stack_rule
from policy.subject import Stack, Subject
from policy.values import at, text

_GROUP = "rbac.authorization.k8s.io"
# Roles that every cluster has; those of Kubernetes' own components begin with `system:`.
_BUILT_IN = ("admin", "cluster-admin", "edit", "view")


class BindingsResolveConfig(RuleConfig):
    """`cluster_roles`: ClusterRoles that others provide. `other_namespaces`: where others make service accounts."""

    cluster_roles: tuple[str, ...] = ()
    other_namespaces: tuple[str, ...] = ("kube-system",)


@stack_rule(
    About(
        name="bindings-resolve",
        title="RBAC bindings name roles and service accounts that exist",
        description=(
            "The role and the service accounts of every RoleBinding and ClusterRoleBinding are in the stack. A binding "
            "that names nobody lies in wait: whoever may create an account of that name gets the rights."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(cis("5.1.1"), nsa("Authentication and authorization")),
        remediation=(
            "Correct the name or the namespace of the subject, or the name of the role.",
            "Remove bindings of accounts that are gone.",
        ),
    ),
    config=BindingsResolveConfig,
)
def bindings_resolve(stack: Stack, config: BindingsResolveConfig) -> Iterator[Violation]:
    """Each role and each service account of a binding that does not exist."""
    bindings = stack.of_type(f"{_GROUP}/RoleBinding", f"{_GROUP}/ClusterRoleBinding")
    elsewhere = opaque_namespaces(stack) | set(config.other_namespaces)
    yield from each(bindings, partial(_dangling, stack.once(names), config, elsewhere))


def _dangling(
    existing: Names, config: BindingsResolveConfig, elsewhere: frozenset[str], binding: Subject
) -> Iterator[Violation]:
    kind, role = text(at(binding.props, "roleRef", "kind")), text(at(binding.props, "roleRef", "name"))
    own = "" if kind == "ClusterRole" else binding.namespace
    provided = kind == "ClusterRole" and (role.startswith("system:") or role in (*_BUILT_IN, *config.cluster_roles))
    if not provided and own not in elsewhere and not existing.has(f"{_GROUP}/{kind}", own, role):
        problem = f"names {kind} {role!r}, which does not exist"
        yield Violation(subject=binding, field="roleRef", problem=problem, fix="name a role that is there")
    for index, subject in enumerate(listed(binding.props, "subjects")):
        if subject.get("kind") != "ServiceAccount":
            continue
        namespace, name = text(subject.get("namespace")) or binding.namespace, text(subject.get("name"))
        if namespace not in elsewhere and not existing.has("core/ServiceAccount", namespace, name):
            yield Violation(
                subject=binding,
                field=f"subjects[{index}]",
                problem=f"names ServiceAccount {namespace}/{name}, which does not exist",
                fix="name one that is there, or remove the subject",
            )
