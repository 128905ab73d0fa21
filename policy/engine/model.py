"""What a rule is: one declaration serves the Pulumi engine, the recorded graph and the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from policy.engine.subject import ANY_OBJECT, Stack, Subject


@dataclass(frozen=True)
class Framework:
    """A passage of a standard. Its text form, `CIS Kubernetes 1.9: 5.3.2`, is for reports; `short` fits a table."""

    name: str
    version: str
    reference: str
    short: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}: {self.reference}"


def cis(reference: str) -> Framework:
    """A recommendation of the CIS Kubernetes Benchmark."""
    return Framework("CIS Kubernetes", "1.9", reference, "CIS")


def nsa(reference: str) -> Framework:
    """A section of the Kubernetes Hardening Guide of NSA and CISA."""
    return Framework("NSA/CISA Kubernetes Hardening Guide", "1.2", reference, "NSA")


def pss(reference: str) -> Framework:
    """A control of the Kubernetes Pod Security Standards, which are versioned with Kubernetes."""
    return Framework("Pod Security Standards", "1.35", reference, "PSS")


def pci(reference: str) -> Framework:
    """A requirement of PCI DSS."""
    return Framework("PCI DSS", "4.0.1", reference, "PCI")


def cis_aws(reference: str) -> Framework:
    """A recommendation of the CIS Amazon Web Services Foundations Benchmark."""
    return Framework("CIS AWS Foundations", "5.0.0", reference, "CIS AWS")


def cis_eks(reference: str) -> Framework:
    """A recommendation of the CIS Amazon EKS Benchmark."""
    return Framework("CIS EKS", "1.7.0", reference, "CIS EKS")


class Level(StrEnum):
    """What a violation does: nothing, a note, a stop; `remediate` repairs under Pulumi and is else a stop."""

    DISABLED = "disabled"
    ADVISORY = "advisory"
    MANDATORY = "mandatory"
    REMEDIATE = "remediate"


class Severity(StrEnum):
    """How bad a violation is, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for the worst: the order in which findings are shown."""
        return list(Severity).index(self)


class RuleConfig(BaseModel):
    """A rule's settings, with their defaults. Flat: Pulumi's schema of a policy cannot refer to other models."""

    # A validator is built when it is first asked for: most rules are never configured, and there are a hundred.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @classmethod
    def default(cls) -> RuleConfig:
        """The settings of a rule that nobody configured: each has a default, so that there is nothing to validate."""
        return cls.model_construct()


@dataclass(frozen=True, kw_only=True)
class Violation:
    """What is wrong with one field of one object.

    `field` is the path as it stands in the manifest, below the container if there is one. `problem` continues it to a
    sentence; `fix` says what to do. None of them may quote a value that can be confidential: environment, Secret and
    ConfigMap data, commands. `subject` is for stack rules, which judge many.
    """

    field: str
    problem: str
    fix: str
    container: str = ""
    subject: Subject | None = None

    def message(self, subject: Subject) -> str:
        """`Deployment shop/api, container web: resources.limits.memory is missing; set it …`."""
        where = f"{subject.label}, {self.container}" if self.container else subject.label
        return f"{where}: {self.field} {self.problem}; {self.fix}"


@dataclass(frozen=True, kw_only=True)
class About:
    """What a rule says of itself. `level` holds wherever `levels` has nothing for the environment's tier."""

    name: str
    title: str
    description: str
    severity: Severity
    level: Level
    remediation: tuple[str, ...]
    levels: Mapping[str, Level] = field(default_factory=dict)
    frameworks: tuple[Framework, ...] = ()

    def level_in(self, tier: str | None) -> Level:
        """The level in an environment of this tier, before anything was configured."""
        return self.levels.get(tier or "", self.level)


C = TypeVar("C", bound=RuleConfig)
ResourceCheck = Callable[[Subject, C], Iterable[Violation]]
StackCheck = Callable[[Stack, C], Iterable[Violation]]
# Repairs a resource: edits `subject.props`, here a copy of dict and list, with `policy.facts.values.within`. Whatever
# it does not edit stays as it was: secrets secret, and what a preview cannot know unknown.
Remedy = Callable[[Subject, C], None]


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What of a rule the API server checks by itself, once something else than Pulumi writes to the cluster.

    Each text is an expression of CEL that holds for what is admitted: `pod` of `variables.spec`, a pod spec wherever it
    stands; `container` of `c`, each container (also `ephemeral` ones, if so said); `objects` of `object`, by resource
    (`core/v1/services`). `controlled` says whether it also concerns what a controller made: an operator's pods are its
    own affair unless they endanger the node.
    """

    message: str
    pod: str = ""
    container: str = ""
    ephemeral: bool = True
    objects: Mapping[str, str] = field(default_factory=dict)
    controlled: bool = True


@dataclass(frozen=True)
class ResourceRule(Generic[C]):
    """Judges one resource by itself; `applies_to` are object types as `subject.object_type` gives them."""

    about: About
    applies_to: frozenset[str]
    config: type[C]
    check: ResourceCheck[C]
    remedy: Remedy[C] | None = None
    admission: Admission | None = None

    def judges(self, subject: Subject) -> bool:
        """Whether the rule has anything to say about resources of this type."""
        everything = ANY_OBJECT in self.applies_to and subject.is_kubernetes_object
        return everything or subject.object_type in self.applies_to

    def subjects(self, stack: Stack) -> Iterator[Subject]:
        """The resources of a stack that the rule judges."""
        candidates = stack.subjects if ANY_OBJECT in self.applies_to else stack.of_type(*sorted(self.applies_to))
        return (subject for subject in candidates if self.judges(subject))


@dataclass(frozen=True)
class StackRule(Generic[C]):
    """Judges resources together; each violation names the resource that it is about."""

    about: About
    config: type[C]
    check: StackCheck[C]


Rule = ResourceRule[Any] | StackRule[Any]


def resource_rule(
    about: About,
    *,
    applies_to: Iterable[str],
    config: type[C],
    remedy: Remedy[C] | None = None,
    admission: Admission | None = None,
) -> Callable[[ResourceCheck[C]], ResourceRule[C]]:
    """Declare the decorated function as the check of a rule on single resources."""
    return lambda check: ResourceRule(about, frozenset(applies_to), config, check, remedy, admission)


def stack_rule(about: About, *, config: type[C]) -> Callable[[StackCheck[C]], StackRule[C]]:
    """Declare the decorated function as the check of a rule across resources."""
    return lambda check: StackRule(about, config, check)
