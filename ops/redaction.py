"""Secrets kept out of what is printed, should a tool have quoted one."""

from __future__ import annotations

from graph.model import MASK, Graph, secrets_of


def redact(text: str, graph: Graph) -> str:
    """`text` without any secret of the graph."""
    # The longest first: one may be the beginning of another.
    for secret in sorted(secrets_of(graph), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text
