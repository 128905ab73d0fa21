"""Keeps secrets from the rules when the Pulumi engine runs them.

The engine marks secrets in what it sends, but the SDK takes the marks off before a rule sees the values (only
remediations get them). A message could then carry one into a log. So the function of the SDK that reads the properties
is replaced by one that masks them first. This may go once pulumi_policy can hand marked values to a validation; until
then a test through the real server fails should an SDK no longer take the replacement.
"""

from __future__ import annotations

from typing import Any

from pulumi_policy import deserialize, policy

from graph.model import Secret
from policy.values import concealed


def conceal_secrets() -> None:
    """From now on this process shows rules masked secrets. Remediations get them as they are, marked."""
    policy.deserialize_properties = _deserialize  # type: ignore[attr-defined]


def _deserialize(props: dict[str, Any], proxy_secrets: bool = False) -> dict[str, Any]:
    masked = props if proxy_secrets else concealed(_marked(props))
    return deserialize.deserialize_properties(masked, proxy_secrets)


def _marked(value: Any) -> Any:
    """A copy in which the protocol's mark of a secret is our own."""
    if isinstance(value, dict):
        if value.get(deserialize.SPECIAL_SIG_KEY) == deserialize.SPECIAL_SECRET_SIG:
            return Secret(_marked(value.get("value")))
        return {key: _marked(item) for key, item in value.items()}
    return [_marked(item) for item in value] if isinstance(value, list) else value
