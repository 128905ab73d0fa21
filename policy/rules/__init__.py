"""All rules, one row each. A rule is a function beside its neighbours of the same theme, and a row here."""

from __future__ import annotations

from policy.model import Rule
from policy.rules.health import probes
from policy.rules.network import network_policy
from policy.rules.resources import resource_limits

RULES: tuple[Rule, ...] = (
    network_policy,
    probes,
    resource_limits,
)
