"""Rules run as the Pulumi engine runs them: through its policies, on values behind its proxies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import pulumi_policy as crossguard
from pulumi_policy.proxy import unknown_checking_proxy

from policy.engine.model import Rule
from policy.engine.pack import policies
from policy.engine.settings import Exemption
from tests.policy.tokens import token_of, urn_of, urn_of_type
from tests.policy.workload_objects import Props

TODAY = date(2026, 7, 1)
# Beside an object's own fields: the options of its resource, as `graph.model.Resource` has them.
OPTIONS = "options"


def judge(
    rule: Rule,
    *objects: Props,
    config: Mapping[str, Any] | None = None,
    exemptions: Sequence[Exemption] = (),
    token: str | None = None,
    found: list[str] | None = None,
) -> list[str]:
    """The messages of a rule on objects, through the policy that the engine gets. Raises what the policy raises.

    `found` collects them, for what is reported before the policy raises.
    """
    policy = policies("prod", rules=[rule], exemptions=exemptions, today=TODAY)[0]
    messages: list[str] = [] if found is None else found

    def report(message: str, urn: str | None = None) -> None:
        messages.append(message)

    if isinstance(policy, crossguard.StackValidationPolicy):
        policy.validate(stack_arguments(*objects, config=config), report)
        return messages
    assert isinstance(policy, crossguard.ResourceValidationPolicy)
    for one in objects:
        policy.validate(resource_arguments(unknown_checking_proxy(one), token or token_of(one), config), report)
    return messages


def objecting(*objects: Props) -> set[str]:
    """The names of all rules on one resource that object to any of the objects, through the engine's policies.

    As `judge` of each rule has it; but policies, and proxies of the objects, are made once.
    """
    arguments = [resource_arguments(unknown_checking_proxy(one), token_of(one)) for one in objects]
    found: set[str] = set()
    for policy in _resource_policies():

        def report(_message: str, _urn: str | None = None, name: str = policy.name) -> None:
            found.add(name)

        for one in arguments:
            policy.validate(one, report)
    return found


@cache
def _resource_policies() -> tuple[crossguard.ResourceValidationPolicy, ...]:
    made = policies("prod", exemptions=(), today=TODAY)
    return tuple(one for one in made if isinstance(one, crossguard.ResourceValidationPolicy))


def stack_arguments(*objects: Props, config: Mapping[str, Any] | None = None) -> crossguard.StackValidationArgs:
    """What the engine hands to a policy on a stack of these objects."""
    return crossguard.StackValidationArgs([_resource(one) for one in objects], config)


def _options(protect: bool = False) -> crossguard.PolicyResourceOptions:
    return crossguard.PolicyResourceOptions(protect, [], None, [], crossguard.PolicyCustomTimeouts(0, 0, 0), [])


def resource_arguments(
    props: Any, token: str, config: Mapping[str, Any] | None = None
) -> crossguard.ResourceValidationArgs:
    """What the engine hands to a policy on one resource, its properties behind the proxy that they need."""
    return crossguard.ResourceValidationArgs(token, props, urn_of_type(token), "resource", _options(), None, config)


def _resource(props: Props) -> crossguard.PolicyResource:
    proxied = unknown_checking_proxy({key: value for key, value in props.items() if key != OPTIONS})
    token, options = token_of(props), _options(bool(props.get(OPTIONS, {}).get("protect")))
    return crossguard.PolicyResource(token, proxied, urn_of(props), "resource", options, None, None, [], {})
