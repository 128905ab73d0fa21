"""Levels and settings of rules for one environment, in the format of `pulumi preview --policy-pack-config FILE`.

    {"all": "advisory", "probes": {"enforcementLevel": "mandatory", "startup": false}}

The Pulumi engine reads the file itself; this is the same for the recorded graph, with the same precedence: a rule's own
entry, then `all`, then what the rule declares for the environment's tier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from policy.model import Level, Rule, RuleConfig

_LEVEL = "enforcementLevel"
_ALL = "all"
Entry = str | Mapping[str, Any]


@dataclass(frozen=True)
class Settings:
    """What was configured for an environment of this tier; by default nothing, so that the rules' own levels hold."""

    tier: str | None
    entries: Mapping[str, Entry] = field(default_factory=dict)

    def level(self, rule: Rule) -> Level:
        """What a violation of the rule does. Raises ValueError for a level that there is not."""
        configured = self._level(rule.about.name) or self._level(_ALL)
        return Level(configured) if configured else rule.about.level_in(self.tier)

    def config(self, rule: Rule) -> RuleConfig:
        """The rule's settings. Raises pydantic.ValidationError for a key or value that it does not have."""
        entry = self.entries.get(rule.about.name, {})
        values = {} if isinstance(entry, str) else {key: value for key, value in entry.items() if key != _LEVEL}
        config: RuleConfig = rule.config.model_validate(values) if values else rule.config.default()
        return config

    def _level(self, name: str) -> str | None:
        entry = self.entries.get(name, {})
        return entry if isinstance(entry, str) else entry.get(_LEVEL)
