"""In which forms each system writes its lines, by namespace; of the platform's own programs none is taken apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.telemetry.parsing import GIN, PYTHON_LOGGING, RUST_TRACING, STRUCTLOG, LineFormat

# The federated-risk document says nothing of its lines: those that are JSON are read as AstrBot's.
FORMATS: Mapping[str, Sequence[LineFormat]] = {
    "astrbot": (STRUCTLOG,),
    "cloudlens": (PYTHON_LOGGING,),
    "federated-risk": (STRUCTLOG,),
    "multicluster": (GIN,),
    "orders": (RUST_TRACING,),
}
