"""The OpenTelemetry collector's own rules, for the configurations that the program makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_PARTS = ("receivers", "processors", "exporters")
# The types that release 0.155.0 warns of at its start, and will refuse one day, with their names of today: the
# `deprecated_type` of each component's metadata.yaml, and "deprecated alias" in the CHANGELOG.md of 0.144.0 to 0.153.0.
_RENAMED = {
    "k8sattributes": "k8s_attributes",
    "loadbalancing": "load_balancing",
    "otlphttp": "otlp_http",
    "servicegraph": "service_graph",
    "spanmetrics": "span_metrics",
}
# A receiver is still called so.
_RENAMED_EXPORTERS = {"otlp": "otlp_grpc"}


def problems(document: Mapping[str, Any]) -> Iterator[str]:
    """What the collector refuses at its start, or what its documentation says loses data."""
    service, connectors = document["service"], set(document.get("connectors", {}))
    defined = {part: set(document.get(part, {})) for part in _PARTS}
    used: dict[str, set[str]] = {part: set() for part in _PARTS}
    for name, pipeline in service["pipelines"].items():
        for part in _PARTS:
            used[part] |= set(pipeline[part])
            known = defined[part] | (set() if part == "processors" else connectors)
            yield from (f"{name}: {part} has no {one}" for one in pipeline[part] if one not in known)
        yield from _order(name, pipeline["processors"])
    for part in _PARTS:
        yield from (f"{part}: {one} is in no pipeline" for one in defined[part] - used[part])
    for one in connectors:
        if one not in used["receivers"] or one not in used["exporters"]:
            yield f"connectors: {one} does not connect two pipelines"
    if set(service["extensions"]) != set(document["extensions"]):
        yield "extensions: those that are defined are not those of the service"
    yield from _old_names(document)
    addresses = list(_addresses(document.get("receivers", {}))) + list(_addresses(document["exporters"], "0.0.0.0:"))
    yield from (f"{one} is listened on twice" for one in set(addresses) if addresses.count(one) > 1)


def _old_names(document: Mapping[str, Any]) -> Iterator[str]:
    for part in (*_PARTS, "connectors"):
        renamed = _RENAMED | (_RENAMED_EXPORTERS if part == "exporters" else {})
        for one in document.get(part, {}):
            kind = one.partition("/")[0]
            if kind in renamed:
                yield f"{part}: {one} is deprecated: its type is {renamed[kind]}"


def _order(name: str, processors: list[str]) -> Iterator[str]:
    if processors[0] != "memory_limiter":
        yield f"{name}: memory_limiter is not the first processor"
    if "batch" in processors and processors[-1] != "batch":
        yield f"{name}: batch is not the last processor"
    if "tail_sampling" in processors and processors.index("tail_sampling") != len(processors) - 2:
        yield f"{name}: what is known of a span must be known before it is judged"


def _addresses(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "endpoint" and isinstance(inner, str) and inner.startswith(prefix):
                yield inner
            else:
                yield from _addresses(inner, prefix)
