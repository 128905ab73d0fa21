"""Who is let off which rule, why, and until when.

A table here, and not an annotation on the object. An annotation is written by whoever writes the object: a team, a
chart, anyone who can edit a Deployment in the cluster. Everybody could let themselves off, and a copied manifest would
take its exemption along. This file is the pack's: its owners review every row (name them in CODEOWNERS), its history
says who allowed what, and the same table can go into admission policies. What an annotation would do better, namely
being seen, the reports do: every exempt finding is shown with its reason and its last day.

A row without a reason, past its last day, or open for longer than MAXIMUM_DAYS does not count: its findings are
violations again, and say why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

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
