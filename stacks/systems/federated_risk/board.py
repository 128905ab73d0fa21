"""What the federated risk document shows of its computations and of privacy."""

from __future__ import annotations

from components.monitoring.dashboards import Board, panel
from stacks.systems.federated_risk.metrics import METRICS

BOARD = Board(
    uid="federated-risk",
    title="Federated risk",
    own=METRICS,
    panels=(
        panel(
            "Private set intersection",
            "rate(psi_intersection_duration_seconds_sum[5m]) / rate(psi_intersection_duration_seconds_count[5m])",
            unit="s",
        ),
        panel(
            "Model inference",
            "rate(model_inference_duration_seconds_sum[5m]) / rate(model_inference_duration_seconds_count[5m])",
            unit="s",
        ),
        panel("Privacy budget left", "privacy_budget_remaining", unit="percentunit", kind="stat"),
    ),
)
