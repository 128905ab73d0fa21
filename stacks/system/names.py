"""The names that a system's own objects have in its namespace, so that no service takes one of them."""

from __future__ import annotations

from components.traffic.ingress import CHALLENGES
from stacks.system.declaration import Declaration


def object_names(declaration: Declaration) -> list[str]:
    """What else of the namespace has a Service, a pod or a network policy by its name."""
    names = ["allow-dns", "default-deny", "alloy-reads-logs", CHALLENGES]
    names += [f"{service.name}-headless" for service in declaration.everyone if service.kind == "stateful"]
    return names + [name for store in declaration.every_store for name in store.names(declaration.name)]
