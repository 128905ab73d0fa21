"""The alerts of MinIO, which it brings with itself.

The thresholds are the program's own: the documents give none for their stores.
"""

from __future__ import annotations

from components.monitoring.absence import fewer
from components.monitoring.alerts import Alert
from components.monitoring.rules import RuleSet
from components.stores.buckets.facts import FACTS

RULES = RuleSet(
    name="minio",
    own=FACTS.metrics,
    alerts=(
        Alert(
            name="MinioDriveOffline",
            expr="max by (namespace) (minio_cluster_drive_offline_total{$scope}) > 0",
            for_="5m",
            severity="critical",
            summary="MinIO in {{ $labels.namespace }} has lost drives",
            description="{{ $value }} drives are offline: with one more, objects may become unreadable.",
        ),
        Alert(
            name="MinioCapacityLow",
            expr=(
                "min by (namespace) (minio_cluster_capacity_usable_free_bytes{$scope}) / "
                "min by (namespace) (minio_cluster_capacity_usable_total_bytes{$scope}) < 0.15"
            ),
            for_="15m",
            severity="warning",
            summary="MinIO in {{ $labels.namespace }} is nearly full",
            description="{{ $value | humanizePercentage }} of its capacity are free: under 15 %.",
        ),
    ),
)


def presence_rules(job: str, servers: int) -> RuleSet:
    """For the `servers` that there should be, of a job: MinIO that is gone tells of no drive that is offline."""
    alert = Alert(
        name="MinioDown",
        expr=fewer(job, servers),
        for_="5m",
        severity="critical",
        summary="MinIO in {{ $labels.namespace }} lacks a server",
        description="Fewer of its servers answer than there should be: backups and files may not be taken.",
    )
    return RuleSet(name="minio-presence", alerts=(alert,))
