"""What RBAC lets whom do, that bindings bind somebody who is there, and rights by which somebody runs what he likes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from policy.engine import cel
from policy.engine.model import (
    About,
    Framework,
    Level,
    RuleConfig,
    Severity,
    Violation,
    cis,
    nsa,
    pci,
    resource_rule,
    stack_rule,
)
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import Names, each, listed, names, opaque_namespaces
from policy.facts.values import at, items, text

_GROUP = "rbac.authorization.k8s.io"
_CLUSTER_ROLE = f"{_GROUP}/ClusterRole"
_ROLES = (f"{_GROUP}/Role", _CLUSTER_ROLE)
_BINDINGS = (f"{_GROUP}/RoleBinding", f"{_GROUP}/ClusterRoleBinding")
_READ = ("get", "list", "watch")
# Whoever holds one of these can give himself any right: (verbs, resources).
_ESCALATING: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("escalate", "bind"), ("roles", "clusterroles")),
    (("impersonate",), ("users", "groups", "serviceaccounts", "uids")),
    (("create",), ("serviceaccounts/token",)),
    (("approve",), ("signers",)),
    (("update", "patch"), ("certificatesigningrequests/approval",)),
    (("create", "get"), ("nodes/proxy",)),
)
_SESSIONS = ("pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers", "pods/proxy")
_EVERYBODY = ("system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts")


def _about(name: str, title: str, description: str, frameworks: tuple[Framework, ...], *remediation: str) -> About:
    return About(
        name=name,
        title=title,
        description=description,
        severity=Severity.HIGH,
        # In every tier: rights that dev needs are rights that prod gets.
        level=Level.MANDATORY,
        frameworks=(*frameworks, nsa("Authentication and authorization"), pci("7.2.1, 7.2.2")),
        remediation=remediation,
    )


class RbacWildcardsConfig(RuleConfig):
    """`fields`: the fields of a rule that may not hold `*`."""

    fields: tuple[str, ...] = ("verbs", "resources", "apiGroups", "nonResourceURLs")


@resource_rule(
    _about(
        "rbac-wildcards",
        "Roles name what they allow",
        "No rule of a Role holds `*`: it allows also what the next version of Kubernetes or the next operator adds.",
        (cis("5.1.3"),),
        "List the verbs, resources and API groups that the account uses; audit logs show them.",
    ),
    applies_to=_ROLES,
    config=RbacWildcardsConfig,
    admission=cel.RBAC_WILDCARDS,
)
def rbac_wildcards(role: Subject, config: RbacWildcardsConfig) -> Iterator[Violation]:
    """Each field of a rule that allows everything."""
    for index, rule in enumerate(listed(role.props, "rules")):
        for field in config.fields:
            if any("*" in value for value in _texts(rule, field)):
                yield Violation(field=f"rules[{index}].{field}", problem="holds a wildcard", fix="list what is needed")


@resource_rule(
    _about(
        "rbac-cluster-admin",
        "Nobody is bound to cluster-admin, and nothing to everybody",
        "No binding names cluster-admin or the group system:masters, and none gives rights to all users or accounts.",
        (cis("5.1.1, 5.1.7"),),
        "Bind a Role with the rights that are used.",
        "For emergencies keep an account outside of the cluster's objects.",
    ),
    applies_to=_BINDINGS,
    config=RuleConfig,
)
def rbac_cluster_admin(binding: Subject, config: RuleConfig) -> Iterator[Violation]:
    """A binding to the role that may do anything, and subjects that are anybody."""
    if text(at(binding.props, "roleRef", "name")) == "cluster-admin":
        yield Violation(field="roleRef", problem="is cluster-admin", fix="bind a Role with the rights that are used")
    for index, subject in enumerate(listed(binding.props, "subjects")):
        name = text(subject.get("name"))
        if name in (*_EVERYBODY, "system:masters"):
            yield Violation(field=f"subjects[{index}]", problem=f"is {name}", fix="name the accounts that need it")


@resource_rule(
    _about(
        "rbac-escalation",
        "Roles let nobody raise his own rights",
        "No role allows escalate, bind, impersonate, tokens of other accounts, signing of certificates or nodes/proxy.",
        (cis("5.1.8, 5.1.10, 5.1.11, 5.1.13"),),
        "Remove the verb; let an administrator or a controller of the cluster's own do this.",
    ),
    applies_to=_ROLES,
    config=RuleConfig,
)
def rbac_escalation(role: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each verb of a rule by which its holder gets any other right."""
    for index, rule in enumerate(listed(role.props, "rules")):
        for verbs, resources in _ESCALATING:
            for verb in _allowed(rule, verbs, resources):
                yield Violation(field=f"rules[{index}].verbs", problem=f"has {verb}", fix="remove it")


@resource_rule(
    _about(
        "rbac-exec",
        "Roles open no session in a pod",
        "No role allows exec, attach, port-forward, proxy or debugging containers: each is a shell as the pod's user.",
        (),
        "Remove the resource; grant it to a person for an hour when it is needed.",
    ),
    applies_to=_ROLES,
    config=RuleConfig,
)
def rbac_exec(role: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each rule that lets its holder into a pod."""
    for index, rule in enumerate(listed(role.props, "rules")):
        for resource in _texts(rule, "resources"):
            if resource in _SESSIONS:
                yield Violation(field=f"rules[{index}].resources", problem=f"has {resource}", fix="remove it")


class RbacSecretsConfig(RuleConfig):
    """`verbs`: what a ClusterRole may not do with Secrets, which it would do in all namespaces."""

    verbs: tuple[str, ...] = (*_READ, "*")


@resource_rule(
    _about(
        "rbac-secrets",
        "Nobody reads the Secrets of all namespaces",
        "No ClusterRole may get, list or watch Secrets: whoever can has every credential of the cluster.",
        (cis("5.1.2"),),
        "Use a Role in the namespace, with resourceNames of the Secrets that are read.",
    ),
    applies_to={_CLUSTER_ROLE},
    config=RbacSecretsConfig,
)
def rbac_secrets(role: Subject, config: RbacSecretsConfig) -> Iterator[Violation]:
    """Each rule that reads Secrets; one that names them reads just those."""
    for index, rule in enumerate(listed(role.props, "rules")):
        verbs = [verb for verb in _texts(rule, "verbs") if verb in config.verbs]
        if verbs and "secrets" in _texts(rule, "resources") and not items(rule.get("resourceNames")):
            problem = f"has {', '.join(verbs)} on secrets"
            yield Violation(field=f"rules[{index}]", problem=problem, fix="use a Role with resourceNames")


def _allowed(rule: Mapping[str, Any], verbs: Iterable[str], resources: Iterable[str]) -> list[str]:
    """Those of the verbs that a rule allows on any of the resources."""
    concerned = any(resource in resources for resource in _texts(rule, "resources"))
    return [
        f"{verb} on {', '.join(_texts(rule, 'resources'))}"
        for verb in _texts(rule, "verbs")
        if verb in verbs and concerned
    ]


def _texts(rule: Mapping[str, Any], field: str) -> list[str]:
    return [item for item in items(rule.get(field)) if isinstance(item, str)]


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


_WRITE = ("create", "update", "patch")
# By the recommendation of the CIS benchmark: 5.1.4, 5.1.9, 5.1.12; and RBAC itself.
_DANGEROUS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("create",), ("pods", "replicationcontrollers")),
    (("create",), ("daemonsets", "deployments", "replicasets", "statefulsets", "jobs", "cronjobs")),
    (("create",), ("persistentvolumes",)),
    (_WRITE, ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")),
    (_WRITE, ("roles", "clusterroles", "rolebindings", "clusterrolebindings")),
    (("update", "patch"), ("nodes",)),
)


class RbacCreationConfig(RuleConfig):
    """`allowed`: labels of roles (`Role shop/deployer`; `*` for anything) that are meant to run workloads.

    By default the platform's roles for people (components/access), which are bound to groups alone.
    """

    allowed: tuple[str, ...] = (
        "Role */platform-admin",
        "Role */platform-developer",
        "ClusterRole platform-*-admin",
        "ClusterRole platform-*-developer",
    )


@resource_rule(
    About(
        name="rbac-creation",
        title="Roles create no workloads, volumes, webhooks or rights",
        description=(
            "No role may create pods or what makes pods, create PersistentVolumes, or write webhook configurations, "
            "roles, bindings or nodes. Whoever creates a pod chooses its service account and mounts any Secret of its "
            "namespace; whoever creates a volume reads the node's disk; a webhook sees and changes every request."
        ),
        severity=Severity.HIGH,
        # In every tier: rights that dev needs are rights that prod gets.
        level=Level.MANDATORY,
        frameworks=(cis("5.1.4, 5.1.9, 5.1.12"), nsa("Authentication and authorization"), pci("7.2.1, 7.2.2")),
        remediation=(
            "Let the deployment pipeline create objects, and the service patch or scale those that are there.",
            "List the role in this rule's `allowed` if running workloads is what it is for.",
        ),
    ),
    applies_to={f"{_GROUP}/Role", f"{_GROUP}/ClusterRole"},
    config=RbacCreationConfig,
)
def rbac_creation(role: Subject, config: RbacCreationConfig) -> Iterator[Violation]:
    """Each rule of a role by which its holder runs or admits what he likes."""
    if any(fnmatchcase(role.label, pattern) for pattern in config.allowed):
        return
    for index, rule in enumerate(listed(role.props, "rules")):
        stated, named = (list(map(text, items(rule.get(field)))) for field in ("verbs", "resources"))
        for verbs, resources in _DANGEROUS:
            for resource in (one for one in named if one in resources):
                granted = [verb for verb in stated if verb in verbs]
                if granted:
                    problem = f"has {', '.join(granted)} on {resource}"
                    yield Violation(field=f"rules[{index}]", problem=problem, fix="remove the verb or the resource")
