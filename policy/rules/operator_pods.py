"""What custom resources say of the pods that their operators make: the same Restricted standard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.kubernetes.operator_kinds import SPEC, ContextsAt
from policy.engine.model import About, Level, RuleConfig, Severity, Violation, cis, nsa, pss, resource_rule
from policy.engine.subject import Subject
from policy.facts.kinds import KINDS
from policy.facts.values import at, items, mapping, text

_PROFILES = ("RuntimeDefault", "Localhost")


_CONTEXTS = {name: one.contexts for name, one in KINDS.items() if one.contexts}


@resource_rule(
    About(
        name="operator-pods",
        title="Pods of operators are restricted too",
        description=(
            "The security contexts in custom resources (of monitoring and of the stores) keep to the "
            "Restricted standard: not root, no privilege, no escalation, no capabilities, seccomp, and not in the "
            "node's network. A template's rules do not see them, and the operator passes them on as they are."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(
            pss("Restricted"),
            cis("5.2.2, 5.2.5, 5.2.6, 5.2.7, 5.2.9"),
            nsa("Kubernetes Pod security: hardening containers"),
        ),
        remediation=(
            "State runAsNonRoot and seccompProfile {type: RuntimeDefault} in the context of the pods.",
            "State allowPrivilegeEscalation false and capabilities {drop: [ALL]} in that of each container.",
        ),
    ),
    applies_to=_CONTEXTS,
    config=RuleConfig,
)
def operator_pods(resource: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each context that is weaker than the standard, and each that is not stated and has no safe default."""
    places = _CONTEXTS[resource.object_type]
    # The pods' own fields stand beside their context.
    for path in dict.fromkeys((SPEC, places.pod[:-1])):
        if at(resource.props, *path, "hostNetwork") is True:
            yield Violation(field=".".join((*path, "hostNetwork")), problem="is true", fix="remove it")
    yield from _of_pods(resource, places)
    for field, parent in _containers(resource, places):
        # What is switched off makes no container, but for what the operator adds itself.
        if field in places.always or (parent and parent.get("enabled") is not False):
            context = mapping(parent.get("securityContext"))
            yield from _of_container(f"{field}.securityContext", context, places.required)


def _containers(resource: Subject, places: ContextsAt) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in places.containers:
        found, field = at(resource.props, *path), ".".join(path)
        listed = items(found)
        yield from ((f"{field}[{index}]", mapping(one)) for index, one in enumerate(listed))
        if not listed:
            yield field, mapping(found)


def _of_pods(resource: Subject, places: ContextsAt) -> Iterator[Violation]:
    field, context = ".".join(places.pod), mapping(at(resource.props, *places.pod))
    stated = places.required or "runAsNonRoot" in set(context)
    if stated and context.get("runAsNonRoot") is not True:
        yield Violation(field=f"{field}.runAsNonRoot", problem="is not true", fix="set it to true")
    if context.get("runAsUser") == 0:
        yield Violation(field=f"{field}.runAsUser", problem="is 0", fix="name a user that is not root")
    for path, profile in _profiles(resource, places):
        stated = profile is not None
        if (stated or places.required) and text(at(profile, "type")) not in _PROFILES:
            problem = "filters nothing" if stated else "is missing"
            yield Violation(field=path, problem=problem, fix="set it to {type: RuntimeDefault}")


def _profiles(resource: Subject, places: ContextsAt) -> Iterator[tuple[str, Any]]:
    yield ".".join((*places.pod, "seccompProfile")), at(resource.props, *places.pod, "seccompProfile")
    if places.seccomp:
        yield ".".join(places.seccomp), at(resource.props, *places.seccomp)


def _of_container(field: str, context: Mapping[str, Any], required: bool) -> Iterator[Violation]:
    if context.get("privileged") is True:
        yield Violation(field=f"{field}.privileged", problem="is true", fix="remove it")
    escalation = context.get("allowPrivilegeEscalation")
    if escalation is True or (required and escalation is None):
        yield Violation(field=f"{field}.allowPrivilegeEscalation", problem="is not false", fix="set it to false")
    dropped, added = (items(at(context, "capabilities", one)) for one in ("drop", "add"))
    if added or ("ALL" not in dropped and (required or at(context, "capabilities") is not None)):
        fix = "drop ALL and add none"
        yield Violation(field=f"{field}.capabilities", problem="are not all dropped", fix=fix)
    if context.get("runAsUser") == 0:
        yield Violation(field=f"{field}.runAsUser", problem="is 0", fix="name a user that is not root")
