"""Which traces are kept: all that failed, all that were slow, and a part of the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """`rate` (0 to 1) of the traces that are neither failed nor slower than `slow_milliseconds`."""

    rate: float
    slow_milliseconds: int

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ValueError(f"a sampling rate is from 0 to 1, not {self.rate}")


# A trace is judged this long after its first span; what is later than that is judged as the rest was.
DECISION_SECONDS = 10
# Traces in memory until then: 5,000 a second, which is far above what one pod's limits take.
_TRACES = 50_000


def policies(sampling: Sampling) -> dict[str, Any]:
    """The `tail_sampling` processor: a trace is kept if any one of its policies wants it."""
    failed = {"name": "failed", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}
    slow = {"name": "slow", "type": "latency", "latency": {"threshold_ms": sampling.slow_milliseconds}}
    share = {"sampling_percentage": sampling.rate * 100}
    rest = {"name": "rest", "type": "probabilistic", "probabilistic": share}
    return {
        "decision_wait": f"{DECISION_SECONDS}s",
        "num_traces": _TRACES,
        "expected_new_traces_per_sec": _TRACES // DECISION_SECONDS,
        "policies": [failed, slow, rest],
    }
