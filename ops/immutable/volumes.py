"""Volumes of pods that have one each: what of them can never change, and what can only grow.

The claims that were made from a template keep their class and modes, and no volume shrinks; with another template only
claims to come would differ. What grows is in `ops.engine.growing`. CloudNativePG's are in `ops.immutable.database`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.kubernetes.quantity import number
from ops.immutable.fields import kind_of, shown
from ops.live.comparing import ABSENT, differences
from ops.live.lookup import Body, key_of, title_of

_STATEFUL_SET = "apps/StatefulSet"
_MONITORING = "monitoring.coreos.com"
_REDIS = "redis.redis.opstreelabs.in"
# How an operator calls the StatefulSet that it makes, and in it the template of the claims (prometheus-operator
# v0.93.0, pkg/prometheus/common.go, pkg/alertmanager/statefulset.go, pkg/thanos/statefulset.go).
OPERATORS_SETS: Mapping[str, str] = {
    f"{_MONITORING}/Prometheus": "prometheus-{name}",
    f"{_MONITORING}/PrometheusAgent": "prom-agent-{name}",
    f"{_MONITORING}/Alertmanager": "alertmanager-{name}",
    f"{_MONITORING}/ThanosRuler": "thanos-ruler-{name}",
}
_WITH_TEMPLATE = {*OPERATORS_SETS, f"{_REDIS}/Redis", f"{_REDIS}/RedisCluster"}
_KEPT = ("storageClassName", "accessModes", "volumeMode")
_NO_LESS = "and a volume never shrinks"
_NEW = "declare it under another name, move the data there, and then let go of this one"


def templates(body: Body) -> dict[str, Mapping[str, Any]]:
    """The `spec` of each template of claims, by the name that its claims begin with, or that of its field."""
    kind, spec = kind_of(body), body.get("spec") or {}
    if kind == _STATEFUL_SET:
        return {str(one["metadata"]["name"]): one["spec"] for one in spec.get("volumeClaimTemplates") or ()}
    if kind not in _WITH_TEMPLATE:
        return {}
    template = ((spec.get("storage") or {}).get("volumeClaimTemplate") or {}).get("spec")
    named = OPERATORS_SETS.get(kind)
    name = f"{named.format(name=body['metadata']['name'])}-db" if named else "volumeClaimTemplate"
    return {name: template} if template else {}


def requested(template: Mapping[str, Any]) -> str:
    """How much a template or claim asks for; "0" if nothing."""
    return str(((template.get("resources") or {}).get("requests") or {}).get("storage", "0"))


def refusals(wanted: Body, present: Body) -> Iterator[str]:
    """What of the volumes cannot be, each with the way that works instead."""
    before, after = templates(present), templates(wanted)
    title = title_of(key_of(wanted))
    for name in before:
        if name not in after:
            yield f"{title}: the volume {name} is dropped, and with it what its pods keep there; keep it, or {_NEW}"
            continue
        was, is_ = requested(before[name]), requested(after[name])
        if number(is_) < number(was):
            yield f"{title}: the volume {name} goes from {was} to {is_}, {_NO_LESS}; keep {was}, or {_NEW}"
        for field in _KEPT:
            old, new = before[name].get(field, ABSENT), after[name].get(field, ABSENT)
            if new is not ABSENT and any(True for _ in differences(new, old)):
                yield (
                    f"{title}: {field} of the volume {name} goes from {shown(old)} to {shown(new)}, and the claims "
                    f"that there are keep theirs; keep {shown(old)}, or {_NEW}"
                )
    if kind_of(wanted) == "core/PersistentVolumeClaim":
        was, is_ = requested(present["spec"]), requested(wanted["spec"])
        if number(is_) < number(was):
            yield f"{title}: goes from {was} to {is_}, {_NO_LESS}; keep {was}, or {_NEW}"
