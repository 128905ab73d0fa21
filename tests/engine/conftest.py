"""The control plane of the sandbox's tests, for those of the engine that need no environment in it."""

from __future__ import annotations

from tests.sandbox.conftest import cluster, control_plane

__all__ = ["cluster", "control_plane"]
