"""The alerts that the systems' documents name, each under exactly that name, with its threshold, duration and severity.

Names repeat between documents (`HighErrorRate` is in all five): the label `system` tells them apart, and each reads
only the series of its own namespace. Where a document's expression cannot work as it is written, it is corrected, and
docs/decisions/0010-alert-expressions.md says how.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from components.observability.catalogue import SOURCES
from components.observability.objectives import Objective
from components.observability.rules import RuleSet
from stacks.alerts import astrbot, cloudlens, federated_risk, multicluster, orders

RULES: Mapping[str, RuleSet] = {
    "astrbot": astrbot.RULES,
    "cloudlens": cloudlens.RULES,
    "federated-risk": federated_risk.RULES,
    "multicluster": multicluster.RULES,
    "orders": orders.RULES,
}
# What counts as a request and as a failure; systems that are not listed have the platform's HTTP metrics.
_OBJECTIVES: Mapping[str, Objective] = {
    "cloudlens": Objective(
        requests="cloudlens_api_requests_total{$scope}", failures="cloudlens_api_errors_total{$scope}"
    ),
}


def system_rules(system: str, namespace: str, sources: Collection[str] = frozenset(SOURCES)) -> RuleSet:
    """All rules of a system in its namespace: its document's, and those of its service level objective.

    Those are left out that read what none of `sources` tells (names of the metric catalogue, default all of them).
    """
    own, objective = RULES[system], _OBJECTIVES.get(system, Objective()).rules()
    merged = RuleSet(
        name=system,
        alerts=[*own.alerts, *objective.alerts],
        recordings=[*own.recordings, *objective.recordings],
    )
    return merged.with_sources(sources).within(namespace, system=system)
