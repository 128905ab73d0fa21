"""The service accounts of pods, and their credentials for the Kubernetes API."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from policy.engine import cel
from policy.engine.model import About, Level, RuleConfig, Severity, Violation, cis, nsa, resource_rule, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import each, listed
from policy.facts.kinds import ACCOUNTED
from policy.facts.values import at, mapping, text, within
from policy.facts.workloads import POD_TEMPLATES, WORKLOADS, pod_spec

_ACCOUNT = "core/ServiceAccount"
_FIELD = "automountServiceAccountToken"
_BINDINGS = ("rbac.authorization.k8s.io/RoleBinding", "rbac.authorization.k8s.io/ClusterRoleBinding")
_GUIDE = nsa("Authentication and authorization")


@resource_rule(
    About(
        name="default-service-account",
        title="Nothing uses the default service account",
        description=(
            "Pods name a service account of their own, those that an operator makes for a custom resource too, and no "
            "binding gives rights to `default`: whatever runs in the namespace without an account would have them too."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(cis("5.1.5"), _GUIDE),
        remediation=(
            "Make a ServiceAccount for the workload and name it in serviceAccountName, and in the binding.",
            "In a Redis, a RedisCluster or a kind of the Prometheus operator, name it in spec.serviceAccountName.",
        ),
    ),
    applies_to={*WORKLOADS, *ACCOUNTED, *_BINDINGS},
    config=RuleConfig,
    admission=cel.DEFAULT_SERVICE_ACCOUNT,
)
def default_service_account(subject: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Pods that run as `default`, and bindings of it."""
    spec = pod_spec(subject) if subject.object_type in WORKLOADS else {}
    field = "serviceAccountName"
    if subject.object_type in ACCOUNTED:
        spec, field = mapping(subject.props.get("spec")), "spec.serviceAccountName"
    if spec and text(spec.get("serviceAccountName")) in ("", "default"):
        yield Violation(field=field, problem="is that of the namespace", fix="name one of its own")
    for one in listed(subject.props, "subjects") if subject.object_type in _BINDINGS else ():
        if (text(one.get("kind")), text(one.get("name"))) == ("ServiceAccount", "default"):
            yield Violation(field="subjects", problem="has the account default", fix="bind one of the workload's own")


def _withhold(subject: Subject, config: RuleConfig) -> None:
    """State that there is no token where nothing is stated; who needs one says so."""
    where: Any = subject.props
    if subject.object_type in WORKLOADS:
        where = within(subject.props, *POD_TEMPLATES[subject.object_type], "spec")
    if where.get(_FIELD) is None:
        where[_FIELD] = False


@resource_rule(
    About(
        name="token-automount",
        title="Tokens of service accounts are mounted on request only",
        description=(
            "Service accounts do not mount their token by themselves, and every pod says whether it wants one: a "
            "token that nobody uses serves only whoever breaks in."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.REMEDIATE, "test": Level.REMEDIATE},
        frameworks=(cis("5.1.6"), _GUIDE),
        remediation=(
            "Set automountServiceAccountToken of the ServiceAccount to false.",
            "Set it to false in the pod as well, or to true if the pod calls the Kubernetes API.",
        ),
    ),
    applies_to={*WORKLOADS, _ACCOUNT},
    config=RuleConfig,
    remedy=_withhold,
    admission=cel.TOKEN_AUTOMOUNT,
)
def token_automount(subject: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Accounts that mount their token by themselves, and pods that leave it to their account."""
    if subject.object_type == _ACCOUNT:
        if subject.props.get(_FIELD) is not False:
            yield Violation(field=_FIELD, problem="is not false", fix="set it to false")
    elif pod_spec(subject) and pod_spec(subject).get(_FIELD) is None:
        yield Violation(field=_FIELD, problem="is missing", fix="set it to false, or to true if it calls the API")


@stack_rule(
    About(
        name="service-account-token",
        title="Only pods with rights have a token",
        description="Pods mount the token of their service account only if some binding gives that account rights.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(cis("5.1.6"), _GUIDE),
        remediation=(
            "Set automountServiceAccountToken of the pod to false.",
            "If it does call the Kubernetes API, bind its account to a Role with just the rights that it uses.",
        ),
    ),
    config=RuleConfig,
)
def service_account_token(stack: Stack, config: RuleConfig) -> Iterator[Violation]:
    """Each workload with a token that is good for nothing."""
    yield from each(stack.of_type(*sorted(WORKLOADS)), partial(_idle, stack.once(_bound)))


def _bound(stack: Stack) -> frozenset[tuple[str, str]]:
    """(namespace, name) of all accounts that some binding names."""
    return frozenset(
        (text(one.get("namespace")) or binding.namespace, text(one.get("name")))
        for binding in stack.of_type(*_BINDINGS)
        for one in listed(binding.props, "subjects")
        if one.get("kind") == "ServiceAccount"
    )


def _idle(bound: frozenset[tuple[str, str]], workload: Subject) -> Iterator[Violation]:
    account = text(at(pod_spec(workload), "serviceAccountName")) or "default"
    if pod_spec(workload).get(_FIELD) is True and (workload.namespace, account) not in bound:
        yield Violation(
            subject=workload,
            field=_FIELD,
            problem=f"is true, and nothing is bound to its account {account}",
            fix="set it to false, or bind the account to a Role",
        )
