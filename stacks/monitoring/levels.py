"""What each monitoring level of the environment matrix means (AstrBot document, section 2.1, column "monitoring").

| level         | Prometheus               | Alertmanager | besides                                   |
|---------------|--------------------------|--------------|-------------------------------------------|
| basic         | 1, 2 days in 10 GiB      | 1            | rules and alerts; of sources the kubelet  |
| full          | 1, 7 days in 50 GiB      | 1            | all exporters, Grafana with dashboards    |
| production    | 2, 15 days in 100 GiB    | 3            | TLS, notifications to people              |
| comprehensive | 2, 15 days in 100 GiB    | 3            | Thanos keeps 30 days in object storage    |

An alert or dashboard whose source a level leaves out is not deployed there: it could only mislead.

15 days, 90 GB, 100 GiB and the resources are the orders document's (section 10); the smaller ones are scaled down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.quantity import Bytes
from components.monitoring.catalogue import OF_SYSTEMS

LevelName = Literal["basic", "full", "production", "comprehensive"]
EXPORTERS = frozenset({"kube-state-metrics", "node-exporter", "blackbox-exporter", "pushgateway"})
_GIB = Bytes.parse("1Gi")


@dataclass(frozen=True, kw_only=True)
class Level:
    """Figures of one level; `retention_size` must fit the volume of `storage`."""

    prometheus: int
    alertmanagers: int
    resources: ContainerResources
    storage: Bytes
    retention: str
    retention_size: Bytes
    exporters: bool = True
    grafana: bool = True
    tls: bool = False
    thanos: bool = False

    @property
    def sources(self) -> frozenset[str]:
        """Who tells metrics at this level, by the names of the catalogue; what systems bring is among them."""
        optional = (EXPORTERS if self.exporters else frozenset()) | ({"thanos"} if self.thanos else frozenset())
        return OF_SYSTEMS | {"prometheus", "kubelet"} | optional


_PRODUCTION = Level(
    prometheus=2,
    alertmanagers=3,
    resources=ContainerResources.of("2", "4", "4Gi", "8Gi"),
    storage=_GIB * 100,
    retention="15d",
    retention_size=Bytes.parse("90G"),
    tls=True,
)

LEVELS: dict[LevelName, Level] = {
    "basic": Level(
        prometheus=1,
        alertmanagers=1,
        resources=ContainerResources.of("200m", "1", "400Mi", "1600Mi"),
        storage=_GIB * 10,
        retention="2d",
        retention_size=Bytes.parse("8G"),
        exporters=False,
        grafana=False,
    ),
    "full": Level(
        prometheus=1,
        alertmanagers=1,
        resources=ContainerResources.of("1", "2", "2Gi", "4Gi"),
        storage=_GIB * 50,
        retention="7d",
        retention_size=Bytes.parse("40G"),
    ),
    "production": _PRODUCTION,
    "comprehensive": replace(_PRODUCTION, thanos=True),
}
