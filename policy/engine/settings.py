"""Levels, settings and exemptions of rules for one environment, by its tier and by its file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from paths import PROJECT
from policy.engine.model import Level, Rule, RuleConfig

if TYPE_CHECKING:
    from graph.model import Graph

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


def tier_of_graph(graph: Graph) -> str | None:
    """The tier that a recorded program exported."""
    tier = graph.outputs.get("tier")
    return tier if isinstance(tier, str) else None


def tier_of_engine(environ: Mapping[str, str]) -> str | None:
    """The tier in the configuration with which the engine starts the pack."""
    return tier_of_configuration(json.loads(environ.get("PULUMI_CONFIG") or "{}"))


def tier_of_configuration(configuration: Mapping[str, Any]) -> str | None:
    """The tier in a stack's configuration, whose keys bear the project's name as Pulumi's do."""
    tier = configuration.get(f"{PROJECT}:tier")
    return tier if isinstance(tier, str) else None


# Long enough for a supplier's next release, too short to be forgotten.
MAXIMUM_DAYS = 366


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """Lets one object off one rule. `object` is as messages name it (`Deployment shop/api`); `expires` is its last day.

    `tiers` restricts it to environments of these kinds; by default it holds in all.
    """

    rule: str
    object: str
    reason: str
    expires: date
    tiers: frozenset[str] | None = None

    def fault(self, today: date) -> str | None:
        """Why it does not count, or None if it does."""
        if not self.reason.strip():
            return "its exemption gives no reason"
        if self.expires < today:
            return f"its exemption expired on {self.expires}"
        if self.expires > today + timedelta(days=MAXIMUM_DAYS):
            return f"its exemption lasts until {self.expires}: more than {MAXIMUM_DAYS} days"
        return None

    def __str__(self) -> str:
        return f"until {self.expires}: {self.reason}"


@dataclass(frozen=True)
class Exemptions:
    """The exemptions that concern environments of one tier, as of one day."""

    rows: tuple[Exemption, ...]
    today: date

    @classmethod
    def of(cls, rows: Iterable[Exemption], tier: str | None, today: date | None = None) -> Exemptions:
        """Those of the rows that concern `tier`; where the tier is unknown only those for all tiers do."""
        concerned = (row for row in rows if row.tiers is None or tier in row.tiers)
        return cls(tuple(concerned), today or date.today())

    @cached_property
    def _rows(self) -> Mapping[tuple[str, str], Exemption]:
        return {(row.rule, row.object): row for row in self.rows}

    def ruling(self, rule: str, label: str) -> tuple[Exemption | None, str]:
        """The exemption that holds for an object and a rule, and what to add to the message if one does not hold."""
        row = self._rows.get((rule, label))
        fault = row.fault(self.today) if row else None
        return (None, f" ({fault})") if fault else (row, "")


EXEMPTIONS: tuple[Exemption, ...] = ()
