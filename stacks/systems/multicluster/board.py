"""The dashboard of the multi-cluster manager's document, section 3."""

from __future__ import annotations

from components.monitoring.dashboards import Board, Panel, Query, panel

_BY_CLUSTER = "sum by (cluster)"
BOARD = Board(
    uid="multi-cluster",
    title="Multi-Cluster Overview",
    panels=(
        panel("Cluster Overview", "count by (cluster) (kube_node_info)", "{{cluster}}", kind="stat"),
        panel("Pod Status by Cluster", "sum by (cluster, phase) (kube_pod_status_phase)", kind="piechart"),
        panel("CPU Usage by Cluster", f'{_BY_CLUSTER} (rate(container_cpu_usage_seconds_total{{container!=""}}[5m]))'),
        panel(
            "Memory Usage by Cluster",
            f'{_BY_CLUSTER} (container_memory_working_set_bytes{{container!=""}})',
            "{{cluster}}",
            "bytes",
        ),
        Panel(
            title="Network Traffic by Cluster",
            unit="Bps",
            queries=[
                Query(expr=f"{_BY_CLUSTER} (rate(container_network_receive_bytes_total[5m]))", legend="in {{cluster}}"),
                Query(
                    expr=f"{_BY_CLUSTER} (rate(container_network_transmit_bytes_total[5m]))", legend="out {{cluster}}"
                ),
            ],
        ),
    ),
)
