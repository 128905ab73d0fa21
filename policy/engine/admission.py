"""The rules that the API server enforces: their CEL, put together to specs of ValidatingAdmissionPolicy objects.

One policy for each place where a pod spec stands, since the API server checks the types of expressions against the
schema of the objects; and one for each other resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from policy.engine.model import Admission, ResourceRule, Rule
from policy.rules import RULES

Spec = dict[str, Any]


class _Pods(NamedTuple):
    """A place of pod specs: the name of its policy, the resources, and the path of the spec."""

    name: str
    resources: tuple[str, ...]
    path: str


_CONTROLLERS = ("deployments", "statefulsets", "daemonsets", "replicasets")
_TEMPLATES = (*(f"apps/v1/{name}" for name in _CONTROLLERS), "batch/v1/jobs")
_PODS = (
    # kubectl debug adds a container to a pod that is there, by a resource of its own.
    _Pods("pods", ("core/v1/pods", "core/v1/pods/ephemeralcontainers"), "object.spec"),
    _Pods("pod-templates", _TEMPLATES, "object.spec.template.spec"),
    _Pods("cron-jobs", ("batch/v1/cronjobs",), "object.spec.jobTemplate.spec.template.spec"),
)
_CONTROLLED = "object.metadata.?ownerReferences.orValue([]).exists(owner, owner.?controller.orValue(false))"


def admission_specs(rules: Sequence[Rule] = RULES) -> Mapping[str, Spec]:
    """The spec of each ValidatingAdmissionPolicy, by a name that says what it is about."""
    admissions = [
        (rule.about.name, rule.admission) for rule in rules if isinstance(rule, ResourceRule) and rule.admission
    ]
    specs = {place.name: _pods_spec(place, admissions) for place in _PODS}
    resources = sorted({resource for _, admission in admissions for resource in admission.objects})
    return specs | {resource.rpartition("/")[2]: _objects_spec(resource, admissions) for resource in resources}


def _pods_spec(place: _Pods, admissions: Sequence[tuple[str, Admission]]) -> Spec:
    variables = {
        "spec": place.path,
        "controlled": _CONTROLLED,
        "windows": "variables.spec.?os.?name.orValue('linux') == 'windows'",
        "containers": "variables.spec.containers + variables.spec.?initContainers.orValue([])",
        "ephemeral": "variables.spec.?ephemeralContainers.orValue([])",
    }
    validations = [
        _validation(name, one, " && ".join(f"({part})" for part in _parts(one)))
        for name, one in admissions
        if one.pod or one.container
    ]
    return _spec(place.resources, variables, validations)


def _parts(admission: Admission) -> Iterator[str]:
    if admission.pod:
        yield admission.pod
    if admission.container:
        yield f"variables.containers.all(c, {admission.container})"
        if admission.ephemeral:
            yield f"variables.ephemeral.all(c, {admission.container})"


def _objects_spec(resource: str, admissions: Sequence[tuple[str, Admission]]) -> Spec:
    validations = [_validation(name, one, one.objects[resource]) for name, one in admissions if resource in one.objects]
    return _spec((resource,), {"controlled": _CONTROLLED}, validations)


def _validation(rule: str, admission: Admission, expression: str) -> dict[str, str]:
    condition = expression if admission.controlled else f"variables.controlled || ({expression})"
    return {"expression": condition, "message": f"{rule}: {admission.message}", "reason": "Invalid"}


def _spec(resources: Sequence[str], variables: Mapping[str, str], validations: Sequence[Mapping[str, str]]) -> Spec:
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [_resource_rule(one) for one in resources]},
        "variables": [{"name": name, "expression": expression} for name, expression in variables.items()],
        "validations": list(validations),
    }


def _resource_rule(resource: str) -> Spec:
    group, version, name = resource.split("/", 2)
    return {
        "apiGroups": ["" if group == "core" else group],
        "apiVersions": [version],
        "operations": ["CREATE", "UPDATE"],
        "resources": [name],
    }
