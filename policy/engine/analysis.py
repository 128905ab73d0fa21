"""One reading of what the Pulumi engine sends, for all rules together.

The SDK reads a resource's properties anew for every policy, and a stack's resources for every stack policy: with sixty
rules that costs more than the preview itself. It also takes off the marks of secrets before a rule sees the values, so
that a message could carry one into a log. So the SDK's servicer is extended: each request is read once, secrets are
masked, and the SDK then works through the policies with a request that has no properties left; the policies take what
was read (`subject_of`, `stack_of`). Policies that do not judge the type of a resource are passed over.

Remediations get what the SDK gives them: values with their marks. This may go once pulumi_policy reads a request once
and hands marked values to validations; until then tests through the real server fail should an SDK no longer take it.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import pulumi_policy as crossguard
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import policy
from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE

from policy.engine.proxies import properties, proxied
from policy.engine.settings import tier_of_configuration
from policy.engine.subject import Stack, Subject
from policy.facts.credentials import concealed_all, confidential_texts

# The fields of Kubernetes objects that rules across a stack read.
_FIELDS = ("metadata", "spec", "data", "stringData", "roleRef", "subjects", "rules", "webhooks")

_subject: ContextVar[Subject | None] = ContextVar("subject", default=None)
_stack: ContextVar[Stack | None] = ContextVar("stack", default=None)
Resource = crossguard.ResourceValidationArgs | crossguard.PolicyResource


class Policies(list[crossguard.Policy]):
    """The policies of a pack. While a resource is analysed, only those that judge its type; `judges` tells by name."""

    def __init__(self, policies: Sequence[crossguard.Policy], judges: Callable[[str, Subject], bool]) -> None:
        super().__init__(policies)
        self._judges = judges
        self._of_type: dict[str, list[crossguard.Policy]] = {}

    def __iter__(self) -> Iterator[crossguard.Policy]:
        subject = _subject.get()
        return super().__iter__() if subject is None else iter(self.judging(subject))

    def replace(self, policies: Sequence[crossguard.Policy]) -> None:
        """Let others take their place; the SDK's servicer holds on to this list."""
        self[:] = policies
        self._of_type.clear()

    def judging(self, subject: Subject) -> Sequence[crossguard.Policy]:
        """The policies that judge resources of this type."""
        if subject.type not in self._of_type:
            self._of_type[subject.type] = [one for one in self[:] if self._judges(one.name, subject)]
        return self._of_type[subject.type]


class _Servicer(policy._PolicyAnalyzerServicer):
    """The SDK's servicer, which reads each request once."""

    tier: str | None = None
    policies: Policies
    made: Callable[[str | None], Sequence[crossguard.Policy]]

    def ConfigureStack(self, request: Any, context: Any) -> Any:
        # Before all other calls. Whatever the environment of the process says may be of another stack.
        tier = tier_of_configuration(request.config)
        if tier != self.tier:
            self.tier = tier
            self.policies.replace(self.made(tier))
        return super().ConfigureStack(request, context)

    def Analyze(self, request: Any, context: Any) -> Any:
        stripped = analyzer_pb2.AnalyzeRequest(type=request.type, urn=request.urn, name=request.name)
        with _during(_subject, read(request, properties(request.properties), frozenset())):
            return super().Analyze(stripped, context)  # type: ignore[no-untyped-call]

    def Remediate(self, request: Any, context: Any) -> Any:
        # The engine asks for every resource, and waits. Outside of dev and test no rule repairs: nothing is to be read.
        subject = Subject(urn=request.urn, type=request.type, name=request.name, props={})
        levels = (self._get_enforcement_level(one) for one in self.policies.judging(subject))
        if crossguard.EnforcementLevel.REMEDIATE not in levels:
            return analyzer_pb2.RemediateResponse()
        return super().Remediate(request, context)  # type: ignore[no-untyped-call]

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        with _during(_stack, read_stack(request.resources, self.tier)):
            return super().AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(), context)  # type: ignore[no-untyped-call]


def read_once(tier: str | None, policies: Policies, made: Callable[[str | None], Sequence[crossguard.Policy]]) -> None:
    """From now on this process's servers read requests as described above, for these policies and stacks of a tier.

    `made` makes the policies of another tier, should the engine name one.
    """

    class Servicer(_Servicer):
        pass

    Servicer.tier, Servicer.policies, Servicer.made = tier, policies, staticmethod(made)
    # What is there now stays: collecting garbage among it would cost as much as a rule.
    gc.freeze()
    gc.enable()
    policy._PolicyAnalyzerServicer = Servicer  # type: ignore[misc]


def subject_of(resource: Resource) -> Subject:
    """The resource under analysis: what was read of the request, or else what the SDK hands over."""
    return _subject.get() or Subject(
        urn=resource.urn,
        type=resource.resource_type,
        name=resource.name,
        props=resource.props,
        parent=resource.opts.parent,
        protect=resource.opts.protect,
    )


def stack_of(args: crossguard.StackValidationArgs, tier: str | None) -> Stack:
    """The stack under analysis: what was read of the request, or else what the SDK hands over.

    It is one and the same for all rules of a request, so that what one derives from it serves the next.
    """
    return _stack.get() or Stack(tuple(map(subject_of, args.resources)), tier)


def read_stack(resources: Sequence[Any], tier: str | None) -> Stack:
    """What rules see of the resources of an AnalyzeStack request."""
    values = [properties(resource.properties) or _nothing_known(resource.type) for resource in resources]
    known = confidential_texts(values)
    return Stack(tuple(read(one, value, known) for one, value in zip(resources, values, strict=True)), tier)


def _nothing_known(type_: str) -> dict[str, Any]:
    """What there is of a resource without properties: nothing, or, of a Kubernetes object, all of it unknown.

    While a preview does not know the provider's kubeconfig, since the cluster is yet to be made, the engine hands over
    empty objects. Judged as such, each would lack whatever it has.
    """
    return dict.fromkeys(_FIELDS, UNKNOWN_OBJECT_VALUE) if type_.startswith("kubernetes:") else {}


def read(resource: Any, values: Any, known: frozenset[str]) -> Subject:
    """What rules see of one resource of the protocol; `known` are texts to mask that bear no mark here."""
    props, holds_secret = concealed_all(values, known)
    return Subject(
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        props=proxied(props),
        parent=resource.options.parent or None,
        protect=resource.options.protect,
        holds_secret=holds_secret,
        # A request about one resource has none.
        dependencies=tuple(getattr(resource, "dependencies", ())),
    )


@contextlib.contextmanager
def _during(variable: ContextVar[Any], value: Any) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)
