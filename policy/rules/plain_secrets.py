"""Credentials that were written into an object which everybody may read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policy.confidential import confidential_name
from policy.frameworks import cis, nsa, pci
from policy.inventory import listed
from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.subject import Subject
from policy.token_shapes import credential_shape
from policy.values import Masked, mapping, text
from policy.workloads import WORKLOADS, all_containers

_FRAMEWORKS = (cis("5.4.1"), nsa("Kubernetes Pod security: protecting secrets"), pci("8.3.2, 8.6.2"))
_FIX = "put it into a Secret and refer to that"


class SecretsInEnvironmentConfig(RuleConfig):
    """`plain`: variables whose name sounds confidential and whose value is not."""

    plain: tuple[str, ...] = ()


@resource_rule(
    About(
        name="secrets-in-environment",
        title="No credentials in the environment of a container",
        description=(
            "No variable holds a credential as its value: whoever may read the pod, its Deployment, the repository or "
            "the state has it. Recognised by the variable's name and by the value's shape, which no message quotes."
        ),
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        frameworks=_FRAMEWORKS,
        remediation=(
            "Put the value into a Secret, best by way of an external store, and name it in valueFrom.secretKeyRef.",
            "Replace the credential: it has been seen.",
        ),
    ),
    applies_to=WORKLOADS,
    config=SecretsInEnvironmentConfig,
)
def secrets_in_environment(workload: Subject, config: SecretsInEnvironmentConfig) -> Iterator[Violation]:
    """Each variable that holds a credential."""
    for container in all_containers(workload):
        for variable in listed(container.props, "env"):
            name = text(variable.get("name"))
            problem = "" if name in config.plain else _problem(name, variable.get("value"))
            if problem:
                yield Violation(container=container.label, field=f"env {name}", problem=problem, fix=_FIX)


class SecretsInConfigMapConfig(RuleConfig):
    """`plain`: keys whose name sounds confidential and whose value is not."""

    plain: tuple[str, ...] = ()


@resource_rule(
    About(
        name="secrets-in-configmap",
        title="No credentials in ConfigMaps",
        description=(
            "No ConfigMap holds a credential: ConfigMaps are neither encrypted nor guarded by RBAC as Secrets are. "
            "Recognised by the key and by the value's shape, which no message quotes."
        ),
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        frameworks=_FRAMEWORKS,
        remediation=("Move the key into a Secret.", "Replace the credential: it has been seen."),
    ),
    applies_to={"core/ConfigMap"},
    config=SecretsInConfigMapConfig,
)
def secrets_in_configmap(config_map: Subject, config: SecretsInConfigMapConfig) -> Iterator[Violation]:
    """Each key of a ConfigMap that holds a credential."""
    for field in ("data", "binaryData"):
        data = mapping(config_map.props.get(field))
        for key in data:
            problem = "" if key in config.plain else _problem(key, data[key])
            if problem:
                yield Violation(field=f"{field}.{key}", problem=problem, fix=_FIX)


def _problem(name: str, value: Any) -> str:
    """What is wrong with a value; what Pulumi keeps secret is for the rule `secrets-stay-secret`."""
    # A reference that Kubernetes fills in, `$(NAME)`, is not the value.
    if not text(value) or isinstance(value, Masked) or (value.startswith("$(") and value.endswith(")")):
        return ""
    shape = credential_shape(value)
    if shape:
        return f"looks like {shape}"
    plainly_not = value.isdecimal() or value.lower() in ("true", "false") or value.startswith("/")
    return "is a credential by its name" if confidential_name(name) and not plainly_not else ""
