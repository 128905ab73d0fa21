"""Failures that a person can act on, and the exit statuses."""

from __future__ import annotations

EXIT_FAILURE = 1
EXIT_CONFIGURATION = 2


class OperationError(Exception):
    """Something that went wrong outside the program: the message says what, where, and what to do."""
