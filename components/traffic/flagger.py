"""What tells Flagger how to release an application, and what the releases of a namespace share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.kubernetes.naming import Scope
from components.kubernetes.objects import custom_resource
from components.platform.credentials import Credential, ExternalStore, SecretBundle, SecretBundleArgs
from components.traffic.metric_templates import DURATION, TEMPLATES, Template
from components.traffic.release import APPLICATION_LABEL, Mesh, Metric, Release, ReleaseWebhook
from components.traffic.routes import flagger_matches, traffic_policy
from versions import ALERT_PROVIDER, CANARY, METRIC_TEMPLATE, SCALED_OBJECT

PROVIDERS: Mapping[Mesh, str] = {"istio": "istio", "gateway-api": "gatewayapi:v1", "none": "kubernetes"}
# The Secret (key `address`) of the channel that is told of releases.
ALERT_SECRET = "release-alerts"


@dataclass(frozen=True, kw_only=True)
class Target:
    """The application that is released: its Deployment, its Service and its autoscaler bear its `name`.

    `queries` are those by which KEDA scales it, by trigger; without any the autoscaler is Kubernetes' own.
    """

    name: str
    port: int
    several_ports: bool
    autoscaled: bool
    locality: bool
    queries: Mapping[str, str] = field(default_factory=dict)


def canary(
    name: str, *, scope: Scope, target: Target, release: Release, opts: pulumi.ResourceOptions
) -> CustomResource:
    """The Canary of an application."""
    return custom_resource(
        name,
        CANARY,
        metadata={"name": target.name, "namespace": scope.namespace, "labels": scope.labels(target.name)},
        spec=canary_spec(target, release),
        opts=opts,
    )


def canary_spec(target: Target, release: Release) -> dict[str, Any]:
    """The `spec` of a Canary."""
    return {
        "provider": PROVIDERS[release.mesh],
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target.name},
        **({"autoscalerRef": _autoscaler(target)} if target.autoscaled else {}),
        # This alone limits only the time until the pods are ready.
        "progressDeadlineSeconds": release.maximum_duration,
        "service": _service(target, release),
        "analysis": _analysis(target, release),
    }


def _autoscaler(target: Target) -> dict[str, Any]:
    if not target.queries:
        return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "name": target.name}
    # The queries are of the whole application; Flagger would rewrite them to the stable version's name.
    return {
        "apiVersion": SCALED_OBJECT.api_version,
        "kind": SCALED_OBJECT.kind,
        "name": target.name,
        "primaryScalerQueries": dict(target.queries),
    }


def _service(target: Target, release: Release) -> dict[str, Any]:
    service: dict[str, Any] = {
        "port": target.port,
        "portName": "http",
        "targetPort": "http",
        "portDiscovery": target.several_ports,
        # By this label the application's monitor finds the candidate's pods too.
        "canary": {"labels": {APPLICATION_LABEL: target.name}},
    }
    if release.mesh != "none":
        service["timeout"] = f"{release.timeouts.total}s"
    if release.mesh == "istio":
        service["retries"] = {
            "attempts": release.timeouts.retries,
            "perTryTimeout": f"{release.timeouts.attempt}s",
            "retryOn": "connect-failure,refused-stream,unavailable",
        }
        service["trafficPolicy"] = traffic_policy(locality=target.locality)
    return {**service, **_entry(target, release)}


def _entry(target: Target, release: Release) -> dict[str, Any]:
    """Where the route hangs: for Istio without a host in the mesh alone, which Flagger adds by itself."""
    if release.entry is None:
        # As a mesh that implements GAMMA has it; without any parent Flagger refuses the Canary.
        service = [{"group": "", "kind": "Service", "name": target.name}]
        return {"gatewayRefs": service} if release.mesh == "gateway-api" else {}
    matches = flagger_matches(release.mesh, release.entry)
    if release.mesh == "istio":
        return {"hosts": [release.entry.host], "gateways": [release.entry.gateway, "mesh"], **matches}
    namespace, _, name = release.entry.gateway.partition("/")
    return {"hosts": [release.entry.host], "gatewayRefs": [{"name": name, "namespace": namespace}], **matches}


def _analysis(target: Target, release: Release) -> dict[str, Any]:
    limit = Metric(template=DURATION.name, maximum=release.maximum_duration)
    analysis: dict[str, Any] = {
        "interval": f"{release.interval}s",
        "threshold": release.failures,
        "metrics": [_metric(one, release.window) for one in (*release.metrics, limit)],
        **({"webhooks": [_webhook(one) for one in release.webhooks]} if release.webhooks else {}),
        **({"mirror": True, "mirrorWeight": 100} if release.mirror else {}),
    }
    if release.strategy == "canary":
        analysis["stepWeights"] = _rising(release.steps)
    else:
        analysis["iterations"] = release.checks
    if release.strategy == "ab":
        analysis["match"] = [{"headers": {name: {"exact": value}}} for name, value in release.headers.items()]
    if release.cookie:
        analysis["sessionAffinity"] = {"cookieName": release.cookie.name, "maxAge": release.cookie.max_age}
    if release.alert:
        analysis["alerts"] = [{"name": target.name, "severity": "info", "providerRef": {"name": target.name}}]
    return analysis


def _rising(steps: Sequence[int]) -> list[int]:
    """Weights as Flagger takes them. One that is held rises by 1 % at each check.

    Flagger looks for the step after the weight that it is at, and finds none after an equal one
    (pkg/controller/scheduler.go, nextStepWeight, v1.44.0).
    """
    rising: list[int] = []
    for weight in steps:
        rising.append(max(weight, rising[-1] + 1) if rising else weight)
    return [weight for weight in rising if weight <= 100]


def _metric(metric: Metric, window: str) -> dict[str, Any]:
    return {
        "name": metric.template,
        "interval": window,
        "templateRef": {"name": metric.template},
        "thresholdRange": {"max": metric.maximum},
    }


def _webhook(webhook: ReleaseWebhook) -> dict[str, Any]:
    metadata = {"metadata": dict(webhook.metadata)} if webhook.metadata else {}
    return {
        "name": webhook.name,
        "type": webhook.type,
        "url": webhook.url,
        "timeout": f"{webhook.timeout}s",
        **metadata,
    }


def metric_template(
    name: str, template: Template, *, scope: Scope, mesh: Mesh, prometheus: str, opts: pulumi.ResourceOptions
) -> CustomResource:
    """A MetricTemplate of the catalogue, which asks the Prometheus at this URL."""
    provider: dict[str, Any] = {"type": "prometheus", "address": prometheus}
    if prometheus.startswith("https:"):
        # Its certificate is from an authority of the cluster's own, and Flagger knows only the world's.
        provider["insecureSkipVerify"] = True
    return custom_resource(
        name,
        METRIC_TEMPLATE,
        metadata={"name": template.name, "namespace": scope.namespace, "labels": scope.labels(template.name)},
        spec={"provider": provider, "query": template.query(mesh)},
        opts=opts,
    )


def alert_provider(
    name: str, *, scope: Scope, target: Target, channel: str, opts: pulumi.ResourceOptions
) -> CustomResource:
    """The Slack channel that is told of an application's releases."""
    return custom_resource(
        name,
        ALERT_PROVIDER,
        metadata={"name": target.name, "namespace": scope.namespace, "labels": scope.labels(target.name)},
        spec={"type": "slack", "channel": channel, "secretRef": {"name": ALERT_SECRET}},
        opts=opts,
    )


# The name of the credential in the environment's secret store; Alertmanager's receivers use the same.
_ADDRESS = "alerting-slack-webhook-url"


@dataclass(frozen=True, kw_only=True)
class ReleaseAnalysisArgs:
    """`releases` are those of the namespace, `prometheus` the URL that is asked for their metrics."""

    scope: Scope
    releases: Sequence[Release]
    prometheus: str
    store: ExternalStore | None


class ReleaseAnalysis(pulumi.ComponentResource):
    """A MetricTemplate for each metric of a release under Flagger, and the Secret of the channel that is told."""

    def __init__(self, name: str, args: ReleaseAnalysisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:routing:ReleaseAnalysis", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        used = {(metric.template, release.mesh) for release in args.releases for metric in release.metrics}
        templates = [(TEMPLATES[template], mesh) for template, mesh in sorted(used)]
        for template, mesh in (*templates, (DURATION, args.releases[0].mesh)):
            metric_template(
                f"{name}-{template.name}",
                template,
                scope=args.scope,
                mesh=mesh,
                prometheus=args.prometheus,
                opts=child,
            )
        if any(release.alert for release in args.releases):
            SecretBundle(f"{name}-alerts", self._address(args), child)
        self.register_outputs({})

    @staticmethod
    def _address(args: ReleaseAnalysisArgs) -> SecretBundleArgs:
        return SecretBundleArgs(
            scope=args.scope,
            secret_name=ALERT_SECRET,
            component=ALERT_SECRET,
            secret={"address": Credential(name=_ADDRESS)},
            plain={},
            store=args.store,
        )
