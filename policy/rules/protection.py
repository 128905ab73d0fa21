"""Data stays when what it is in is deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pulumi_policy.proxy import UnknownValueError

from policy.model import About, Level, RuleConfig, Severity, Violation, stack_rule
from policy.owners import Owners
from policy.subject import Stack, Subject
from policy.volumes import VOLUME_OWNERS

# What a release leaves behind are definitions, and no data.
_RELEASES = ("helm.sh/Release", "helm.sh/Chart")
# More than these names of what is owned tell nobody more.
_NAMED = 3


class ProtectedOwnersConfig(RuleConfig):
    """Nothing to set: an owner that may go with its data needs an exemption that says why."""


@stack_rule(
    About(
        name="protected-owners",
        title="What protected data goes with is protected too",
        description=(
            "The namespace of a protected resource, its storage class and definition, what a protected database cannot "
            "come back without, the key of a protected bucket and the cluster of all of it have the option `protect` "
            "as well. Else a line that is deleted from an environment's file takes the data along, protected or not. "
            "What has `retain_on_delete` alone needs an owner with either of the two: so a preview from memory judges "
            "it, while the Pulumi engine tells policies of `protect` alone."
        ),
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        remediation=(
            "Give the owner the options of `components.protection.kept`, from what declares the data.",
            "Of a namespace: say `protect` in the footprint of what is in it.",
        ),
    ),
    config=ProtectedOwnersConfig,
)
def protected_owners(stack: Stack, config: ProtectedOwnersConfig) -> Iterator[Violation]:
    """Each owner that is less protected than what it owns."""
    owners, unknown = stack.once(Owners), list[UnknownValueError]()
    lacking: dict[tuple[str, str], tuple[Subject, list[Subject]]] = {}
    for owned in filter(_is_kept, stack.subjects):
        try:
            for owner, verb in owners.of(owned):
                if not (owner.protect or (owner.retained and not owned.protect)):
                    lacking.setdefault((owner.urn, verb), (owner, []))[1].append(owned)
        except UnknownValueError as error:
            unknown.append(error)
    for (_, verb), (owner, owned_by_it) in lacking.items():
        yield Violation(
            subject=owner,
            field="protect",
            problem=f"is not set, but it {verb} {_listed(owned_by_it)}",
            fix="set it here too, or deleting this takes the other along",
        )
    if unknown:
        raise unknown[0]


def _is_kept(subject: Subject) -> bool:
    return subject.protect or (subject.retained and subject.object_type not in _RELEASES)


def _listed(subjects: Sequence[Subject]) -> str:
    """`StatefulSet shop/minio, which is protected`, or the first few, those with volumes, and how many more."""
    first = sorted(subjects, key=lambda one: one.object_type not in VOLUME_OWNERS)[:_NAMED]
    named = ", ".join(one.label for one in first)
    more = f" and {len(subjects) - _NAMED} more" if len(subjects) > _NAMED else ""
    how = "protected" if any(one.protect for one in subjects) else "retained"
    return f"{named}{more}, which {'is' if len(subjects) == 1 else 'are'} {how}"
