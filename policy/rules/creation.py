"""Rights by which somebody runs what he likes, as whom he likes."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from policy.frameworks import cis, nsa, pci
from policy.inventory import listed
from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.subject import Subject
from policy.values import items, text

_GROUP = "rbac.authorization.k8s.io"
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
