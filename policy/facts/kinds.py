"""The kinds whose operators make something of an object: those of the stores, of the Prometheus operator, of Flagger.

What a store's operator makes is said in its folder (`kinds` of its facts); of each other operator the rows are here.
"""

from __future__ import annotations

from collections.abc import Mapping

from components.kubernetes.operator_kinds import SPEC, ContextsAt, ImageAt, Labels, OperatorKind, VolumeAt
from components.stores.store_list import KINDS as OF_STORES


def _monitoring(kind: str, application: str, label: str) -> OperatorKind:
    def pods(name: str) -> tuple[Labels, ...]:
        return ({"app.kubernetes.io/name": application, "app.kubernetes.io/instance": name, label: name},)

    return OperatorKind(
        object_type=f"monitoring.coreos.com/{kind}",
        pods=pods,
        services=lambda _: (f"{application}-operated",),
        images=(ImageAt(image=(*SPEC, "image"), pull_policy=(*SPEC, "imagePullPolicy")),),
        volumes=(VolumeAt(path=(*SPEC, "storage", "volumeClaimTemplate")),),
        resources=((*SPEC, "resources"),),
        contexts=ContextsAt(pod=(*SPEC, "securityContext")),
        priority=True,
        account=True,
    )


_OF_MONITORING = (
    _monitoring("Alertmanager", "alertmanager", "alertmanager"),
    _monitoring("Prometheus", "prometheus", "prometheus"),
    _monitoring("PrometheusAgent", "prometheus-agent", "operator.prometheus.io/name"),
    _monitoring("ThanosRuler", "thanos-ruler", "thanos-ruler"),
)
_CANARY = OperatorKind(
    object_type="flagger.app/Canary", services=lambda name: (name, f"{name}-primary", f"{name}-canary")
)
KINDS: Mapping[str, OperatorKind] = {one.object_type: one for one in (*OF_STORES, *_OF_MONITORING, _CANARY)}
PRIORITISED = frozenset(name for name, one in KINDS.items() if one.priority)
ACCOUNTED = frozenset(name for name, one in KINDS.items() if one.account)
