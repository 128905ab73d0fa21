"""Where a secret may stand: in a Secret and in what Pulumi encrypts; not in other objects and on no command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, cis, nsa, pci, resource_rule, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.credentials import Leaked, confidential_name, credential_shape
from policy.facts.inventory import each, listed
from policy.facts.values import UNKNOWN, Masked, at, items, mapping, text
from policy.facts.workloads import WORKLOADS, all_containers

_SECRET_DATA = {"core/Secret": ("data", "stringData"), "core/SecretPatch": ("data", "stringData")}


class SecretsStaySecretConfig(RuleConfig):
    """`plain_outputs`: stack outputs whose name sounds confidential and whose value is not."""

    plain_outputs: tuple[str, ...] = ()


@stack_rule(
    About(
        name="secrets-stay-secret",
        title="Secrets stay in Secrets and in encrypted outputs",
        description=(
            "No value that Pulumi keeps secret stands in a Kubernetes property that everybody may read (a ConfigMap, "
            "the environment of a pod, an annotation), and none leaves the stack by an output that is not encrypted."
        ),
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        frameworks=(cis("5.4.1"), pci("8.3.2, 8.6.2")),
        remediation=(
            "Put the value into a Secret, and refer to it by name: secretKeyRef, envFrom.secretRef, a volume.",
            "Export it as pulumi.Output.secret, or better not at all.",
            "If it was ever deployed in the open, replace the credential.",
        ),
    ),
    config=SecretsStaySecretConfig,
)
def secrets_stay_secret(stack: Stack, config: SecretsStaySecretConfig) -> Iterator[Violation]:
    """Each place where a secret stands in the open."""
    yield from each(stack.subjects, partial(_exposed, stack, config))


def _exposed(stack: Stack, config: SecretsStaySecretConfig, subject: Subject) -> Iterator[Violation]:
    if subject is stack.root:
        yield from _outputs(subject, config)
    if subject is stack.root or not subject.holds_secret:
        return
    kept = _SECRET_DATA.get(subject.object_type, ())
    for path in _secret_paths(subject.props, subject.is_kubernetes_object, kept):
        yield Violation(
            subject=subject,
            field=".".join(path),
            problem="holds a secret in the open",
            fix="put it into a Secret and refer to that",
        )


def _outputs(root: Subject, config: SecretsStaySecretConfig) -> Iterator[Violation]:
    for name, value in _known_items(root.props):
        plain = bool(text(value)) and not isinstance(value, Masked) and value not in UNKNOWN
        suspicious = plain and confidential_name(name) and name not in config.plain_outputs
        if suspicious or next(_secret_paths(value, False, ()), None) is not None:
            yield Violation(
                subject=root,
                field=f"output {name}",
                problem="holds a secret and is not encrypted",
                fix="export it as pulumi.Output.secret, or not at all",
            )


def _secret_paths(value: Any, marked_too: bool, kept: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The paths of texts that are known to be secret elsewhere, and of marked ones if those are in the open too.

    What cannot be known is passed over: it is either marked, or no secret.
    """
    if isinstance(value, Leaked) or (marked_too and isinstance(value, Masked)):
        yield ()
    elif isinstance(value, (Mapping, Sequence)) and not isinstance(value, str):
        for key, item in _known_items(value):
            secret_place = key in kept and isinstance(value, Mapping)
            for path in _secret_paths(item, marked_too and not secret_place, ()):
                yield (str(key), *path)


def _known_items(value: Any) -> Iterator[tuple[Any, Any]]:
    target = value["__target"] if not isinstance(value, (dict, list, tuple)) else value
    yield from target.items() if isinstance(target, Mapping) else enumerate(target)


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


# `--db-password=…`, `DB_PASSWORD=…` and `-p …` of a shell's line, up to the next blank.
_ASSIGNMENT = re.compile(r"(?:^|[\s;&|'\"])(?:export\s+)?-{0,2}([A-Za-z][A-Za-z0-9_.-]*)=([^\s;&|]+)")
_OPTION = re.compile(r"-{1,2}([A-Za-z][A-Za-z0-9_.-]*)")
_HOOKS = (
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
    ("startupProbe",),
    ("readinessProbe",),
    ("livenessProbe",),
)


class SecretsInCommandsConfig(RuleConfig):
    """`plain`: options and variables whose name sounds confidential and whose value is not."""

    plain: tuple[str, ...] = ()


@resource_rule(
    About(
        name="secrets-in-commands",
        title="No credentials on command lines",
        description=(
            "No command or argument of a container, a probe or a hook holds a credential: besides whoever may read the "
            "pod, every process of the node sees it. Recognised by the option's name and by the value's shape, which "
            "no message quotes."
        ),
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        frameworks=(cis("5.4.1"), nsa("Kubernetes Pod security: protecting secrets"), pci("8.3.2, 8.6.2")),
        remediation=(
            "Put the value into a Secret and mount it as a file that the option names.",
            "Or refer to a variable that comes from a Secret: `--password=$(DB_PASSWORD)`.",
            "Replace the credential: it has been seen.",
        ),
    ),
    applies_to=WORKLOADS,
    config=SecretsInCommandsConfig,
)
def secrets_in_commands(workload: Subject, config: SecretsInCommandsConfig) -> Iterator[Violation]:
    """Each part of a command line that holds a credential."""
    for container in all_containers(workload):
        for field, words in _commands(container.props):
            for index, problem in _problems(words, config):
                yield Violation(
                    container=container.label,
                    field=f"{field}[{index}]",
                    problem=problem,
                    fix="read it from a file or a variable that a Secret gives",
                )


def _commands(container: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    for field in ("command", "args"):
        yield field, list(items(container.get(field)))
    for path in _HOOKS:
        yield f"{'.'.join(path)}.exec.command", list(items(at(container, *path, "exec", "command")))


def _problems(words: list[Any], config: SecretsInCommandsConfig) -> Iterator[tuple[int, str]]:
    """(index, problem) of each word; the word after an option is that option's value."""
    before = ""
    for index, word in enumerate(words):
        value = "" if isinstance(word, Masked) else text(word)
        pairs = [(before, value), *_ASSIGNMENT.findall(value)]
        named = any(_is_credential(name, one) and name not in config.plain for name, one in pairs)
        shape = credential_shape(value)
        if shape or named:
            yield index, f"looks like {shape}" if shape else "holds a credential by its name"
        option = _OPTION.fullmatch(value)
        before = option[1] if option else ""


def _is_credential(name: str, value: str) -> bool:
    harmless = value.isdecimal() or value.lower() in ("true", "false")
    elsewhere = value.startswith(("$", "/", "-", '"$', "'$", "<"))
    return bool(value) and confidential_name(name.replace("-", "_")) and not (harmless or elsewhere)
