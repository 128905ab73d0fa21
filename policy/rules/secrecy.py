"""Where a secret may stand: in a Secret and in what Pulumi encrypts, nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from policy.confidential import Leaked, confidential_name
from policy.frameworks import cis, pci
from policy.inventory import each
from policy.model import About, Level, RuleConfig, Severity, Violation, stack_rule
from policy.subject import Stack, Subject
from policy.values import UNKNOWN, Masked, text

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
