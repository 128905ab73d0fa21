"""What RBAC lets whom do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policy import cel
from policy.frameworks import Framework, cis, nsa, pci
from policy.inventory import listed
from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.subject import Subject
from policy.values import at, items, text

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
