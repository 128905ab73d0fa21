"""What the federated risk document's applications tell of their computations."""

from __future__ import annotations

METRICS = (
    "psi_intersection_duration_seconds",
    "model_inference_duration_seconds",
    "privacy_budget_remaining",
)
