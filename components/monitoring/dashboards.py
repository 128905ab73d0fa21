"""Dashboards as data, and the JSON that Grafana reads, made with its own typed builders."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from components.monitoring import catalogue

PanelKind = Literal["timeseries", "stat", "table", "heatmap", "piechart"]
DATA_SOURCE = "prometheus"
# Grafana's grid has 24 columns: three panels a row, each 8 units high.
_WIDTH = _HEIGHT = 8
# A dashboard for all systems lets one choose among their namespaces, and shows the series of those that are chosen.
NAMESPACES = {"namespace": "label_values(up, namespace)"}
CHOSEN = 'namespace=~"$namespace"'


@dataclass(frozen=True, kw_only=True)
class Query:
    """A PromQL expression and the legend of its series; `$variable` may stand in a label's value."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One picture. `unit` is one of Grafana's names: `s`, `bytes`, `percentunit` (0 to 1), `reqps`, `short`."""

    title: str
    queries: Sequence[Query]
    kind: PanelKind = "timeseries"
    unit: str = "short"


def panel(title: str, expr: str, legend: str = "", unit: str = "short", kind: PanelKind = "timeseries") -> Panel:
    """A panel with a single query."""
    return Panel(title=title, queries=[Query(expr=expr, legend=legend)], unit=unit, kind=kind)


@dataclass(frozen=True, kw_only=True)
class Board:
    """A dashboard. `uid` is its name in addresses and its ConfigMap; `variables` choose labels, by their query.

    Beside what the metric catalogue has, it may read `recorded`, metrics of recording rules, and `own`, which its
    system's applications or a store tell. Raises ValueError, with dashboard and panel, for a query that does not parse
    and for a metric that nobody tells.
    """

    uid: str
    title: str
    panels: Sequence[Panel]
    variables: Mapping[str, str] | None = None
    recorded: Sequence[str] = ()
    own: Sequence[str] = ()

    def __post_init__(self) -> None:
        for panel in self.panels:
            place = f"dashboard {self.uid!r}, panel {panel.title!r}"
            for query in panel.queries:
                catalogue.refuse_unknown(place, query.expr, self._extra)

    @property
    def _extra(self) -> Sequence[str]:
        return (*self.recorded, *self.own)

    def with_sources(self, sources: Collection[str]) -> Board | None:
        """The same with the panels that some of `sources` tells every metric of; None if there is none."""
        panels = [panel for panel in self.panels if self._scraped(panel, sources)]
        return replace(self, panels=panels) if panels else None

    def _scraped(self, panel: Panel, sources: Collection[str]) -> bool:
        return all(catalogue.scraped(query.expr, sources, self._extra) for query in panel.queries)

    def as_json(self) -> str:
        """The document that Grafana's file provider reads."""
        with warnings.catch_warnings():
            # The SDK would rather make its newer schema, which Grafana's file provider does not read.
            warnings.simplefilter("ignore", DeprecationWarning)
            return self._encoded()

    def _encoded(self) -> str:
        from grafana_foundation_sdk.builders.dashboard import Dashboard, QueryVariable
        from grafana_foundation_sdk.cog.encoder import JSONEncoder

        board = Dashboard(self.title).uid(self.uid).tags(["platform"]).refresh("1m").time("now-6h", "now").readonly()
        for name, query in (self.variables or {}).items():
            variable = QueryVariable(name).datasource(_data_source()).query(query).include_all(True).multi(True)
            board = board.with_variable(variable)
        for panel in self.panels:
            board = board.with_panel(_built(panel))
        encoded: str = JSONEncoder(sort_keys=True, indent=2).encode(board.build())
        return encoded


def _data_source() -> Any:
    from grafana_foundation_sdk.models.common import DataSourceRef

    return DataSourceRef(type_val="prometheus", uid=DATA_SOURCE)


def _built(panel: Panel) -> Any:
    import importlib

    from grafana_foundation_sdk.builders.prometheus import Dataquery

    # The builder of each kind of panel is a module of the same name.
    kind = importlib.import_module(f"grafana_foundation_sdk.builders.{panel.kind}")
    built = kind.Panel().title(panel.title).datasource(_data_source()).unit(panel.unit).span(_WIDTH).height(_HEIGHT)
    for query in panel.queries:
        target = Dataquery().expr(query.expr).legend_format(query.legend or "__auto")
        built = built.with_target(target.instant() if panel.kind in ("stat", "table", "piechart") else target)
    return built
