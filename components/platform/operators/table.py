"""All operators, one row each: release, namespace, definitions, values, and what has to be there before it."""

from __future__ import annotations

from dataclasses import dataclass

import versions
from components.platform.operators import values
from components.platform.operators.values import Build
from versions import (
    ARGO_PROJECT,
    BACKUP_OBJECT_STORE,
    CERTIFICATE,
    EXTERNAL_SECRET,
    FLAGGER_GROUP,
    GATEWAY_GROUP,
    HELM_CHARTS,
    ISTIO_NETWORKING_GROUP,
    ISTIO_SECURITY_GROUP,
    MONITORING_GROUP,
    POSTGRESQL_CLUSTER,
    REDIS,
    SCALED_OBJECT,
    HelmChart,
)


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One Helm release. Network policies let operators in by their `namespace`.

    `needed` says whether the environment's own objects need it in every cluster; the others are there for who wants
    them. `after` names what must run before. `keeps_definitions` is False for a chart that would take its custom
    resource definitions with it: such a release is left in the cluster when the environment goes.
    """

    name: str
    namespace: str
    build: Build = values.none
    needed: bool = False
    after: tuple[str, ...] = ()
    keeps_definitions: bool = True
    groups: tuple[str, ...] = ()

    @property
    def chart(self) -> HelmChart:
        """The chart at its pinned version."""
        return HELM_CHARTS[self.name]


# What services name by what they say of their scaling.
KEDA, VERTICAL_POD_AUTOSCALER = "keda", "vertical-pod-autoscaler"

# What makes changed Secrets known to the pods that read them.
RELOADER = "reloader"

_ISTIO = "istio-system"
_CNPG = "cnpg-system"
_PROMETHEUS = "prometheus-operator"
_OPENTELEMETRY = "opentelemetry"

OPERATORS: dict[str, Operator] = {
    one.name: one
    for one in (
        Operator(
            name="prometheus-operator-crds",
            namespace=_PROMETHEUS,
            build=values.prometheus_definitions,
            needed=True,
            groups=(MONITORING_GROUP,),
        ),
        Operator(name="gateway-api-crds", namespace="gateway-system", keeps_definitions=False, groups=(GATEWAY_GROUP,)),
        Operator(
            name="cert-manager",
            namespace="cert-manager",
            build=values.cert_manager,
            needed=True,
            groups=(CERTIFICATE.group,),
        ),
        Operator(
            name="external-secrets",
            namespace="external-secrets",
            build=values.external_secrets,
            needed=True,
            groups=(EXTERNAL_SECRET.group,),
        ),
        # It exchanges pods when a Secret of theirs changes, which External Secrets alone does not.
        Operator(name=RELOADER, namespace="reloader", build=values.reloader, needed=True),
        Operator(
            name="cloudnative-pg",
            namespace=_CNPG,
            build=values.controllers,
            needed=True,
            groups=(POSTGRESQL_CLUSTER.group,),
        ),
        # The plugin's certificates are cert-manager's, and it has to be where the operator is.
        Operator(
            name="plugin-barman-cloud",
            namespace=_CNPG,
            build=values.controllers,
            needed=True,
            after=("cert-manager", "cloudnative-pg"),
            groups=(BACKUP_OBJECT_STORE.group,),
        ),
        Operator(
            name="redis-operator",
            namespace="redis-operator",
            build=values.redis_operator,
            needed=True,
            groups=(REDIS.group,),
        ),
        Operator(
            name="prometheus-operator",
            namespace=_PROMETHEUS,
            build=values.prometheus_operator,
            needed=True,
            after=("prometheus-operator-crds",),
        ),
        Operator(name="ingress-nginx", namespace="ingress-nginx", build=values.ingress_nginx, needed=True),
        Operator(name="metrics-server", namespace="kube-system", build=values.metrics_server),
        Operator(name="istio-base", namespace=_ISTIO, groups=(ISTIO_NETWORKING_GROUP, ISTIO_SECURITY_GROUP)),
        Operator(name="istiod", namespace=_ISTIO, build=values.istiod, after=("istio-base",)),
        Operator(name="istio-gateway", namespace="istio-ingress", build=values.istio_gateway, after=("istiod",)),
        Operator(name="flagger", namespace=_ISTIO, build=values.flagger, after=("istiod",), groups=(FLAGGER_GROUP,)),
        Operator(name="argo-cd", namespace="argocd", build=values.argo_cd, groups=(ARGO_PROJECT.group,)),
        Operator(
            name=VERTICAL_POD_AUTOSCALER,
            namespace="vpa",
            build=values.vertical_pod_autoscaler,
            groups=(versions.VERTICAL_POD_AUTOSCALER.group,),
        ),
        Operator(name=KEDA, namespace="keda", build=values.keda, groups=(SCALED_OBJECT.group,)),
        Operator(name="loki", namespace="loki", build=values.loki),
        Operator(name="tempo", namespace="tempo", build=values.tempo),
        Operator(
            name="opentelemetry-operator",
            namespace=_OPENTELEMETRY,
            build=values.opentelemetry_operator,
            after=("cert-manager",),
        ),
        Operator(
            name="opentelemetry-collector",
            namespace=_OPENTELEMETRY,
            build=values.opentelemetry_collector,
            after=("tempo",),
        ),
    )
}
