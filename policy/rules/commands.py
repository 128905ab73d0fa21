"""Credentials on a command line: the node's process list and every log of the command show them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policy.confidential import confidential_name
from policy.frameworks import cis, nsa, pci
from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.subject import Subject
from policy.token_shapes import credential_shape
from policy.values import Masked, at, items, text
from policy.workloads import WORKLOADS, all_containers

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
