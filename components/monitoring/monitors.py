"""What Prometheus scrapes: ServiceMonitors, PodMonitors, Probes and ScrapeConfigs.

Each component declares one for itself and nothing else does, so no target is scraped twice. The `job` label is the
component's name (`app.kubernetes.io/name`), also where several Services or pods share it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.kubernetes.naming import Scope
from components.kubernetes.objects import custom_resource
from components.monitoring import promql
from versions import POD_MONITOR, PROBE, SCRAPE_CONFIG, SERVICE_MONITOR
from versions import CustomResource as Kind

_JOB_LABEL = "app.kubernetes.io/name"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One port that serves metrics, by name. `interval` and `timeout` are Prometheus durations, by default those of all
    that Prometheus scrapes.

    `relabelings` change the target's labels,
    `metric_relabelings` the series' (dropping one there saves its storage). `token_file` is of Prometheus' own pod, for
    what lets nobody read without one. With `honor_labels` the series' own labels win over the target's. Raises
    ValueError for a timeout longer than the interval, which Prometheus refuses.
    """

    port: str
    path: str = "/metrics"
    interval: str | None = None
    timeout: str | None = None
    scheme: str = "http"
    tls_config: Mapping[str, Any] = field(default_factory=dict)
    token_file: str = ""
    honor_labels: bool = False
    relabelings: Sequence[Mapping[str, Any]] = ()
    metric_relabelings: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        interval, timeout = (promql.seconds(one) if one else None for one in (self.interval, self.timeout))
        if interval and timeout and timeout > interval:
            raise ValueError(f"endpoint {self.port}: timeout {self.timeout} is longer than interval {self.interval}")

    def as_spec(self) -> dict[str, Any]:
        """The entry of a monitor's list of endpoints."""
        optional = {
            "interval": self.interval,
            "scrapeTimeout": self.timeout,
            "scheme": None if self.scheme == "http" else self.scheme,
            "tlsConfig": dict(self.tls_config),
            "bearerTokenFile": self.token_file,
            "honorLabels": self.honor_labels,
            "relabelings": [dict(one) for one in self.relabelings],
            "metricRelabelings": [dict(one) for one in self.metric_relabelings],
        }
        return {
            "port": self.port,
            "path": self.path,
            **{key: value for key, value in optional.items() if value},
        }


# The number of a StatefulSet's pod as a label, as in the orders document, section 4.2.
POD_ORDINAL: Sequence[Mapping[str, Any]] = (
    {"sourceLabels": ["__meta_kubernetes_pod_name"], "targetLabel": "pod"},
    {
        "sourceLabels": ["__meta_kubernetes_pod_name"],
        "regex": "(.*)-([0-9]+)",
        "replacement": "$2",
        "targetLabel": "pod_ordinal",
    },
)

# What a pod runs, so that the versions of a release can be told apart: the dashboard *Canary* does.
POD_VERSION: Sequence[Mapping[str, Any]] = (
    {"sourceLabels": ["__meta_kubernetes_pod_label_app_kubernetes_io_version"], "targetLabel": "version"},
)


def service_monitor(
    name: str,
    *,
    scope: Scope,
    component: str,
    endpoints: Sequence[Endpoint],
    selector: Mapping[str, str] | None = None,
    namespace: str | None = None,
    opts: pulumi.ResourceOptions,
) -> CustomResource:
    """Scrapes the pods behind the Services that `selector` finds (default: the component's own) in `namespace`
    (default: the component's own).
    """
    spec = {
        "jobLabel": _JOB_LABEL,
        **({"namespaceSelector": {"matchNames": [namespace]}} if namespace else {}),
        "selector": {"matchLabels": dict(selector or scope.selector(component))},
        "endpoints": [endpoint.as_spec() for endpoint in endpoints],
    }
    return _monitor(name, SERVICE_MONITOR, scope, component, spec=spec, opts=opts)


def pod_monitor(
    name: str,
    *,
    scope: Scope,
    component: str,
    selector: Mapping[str, str],
    endpoints: Sequence[Endpoint],
    opts: pulumi.ResourceOptions,
) -> CustomResource:
    """Scrapes pods that no Service names, such as an operator's; their `job` is the component's name."""
    job = {"targetLabel": "job", "replacement": component}
    specs = [endpoint.as_spec() for endpoint in endpoints]
    spec = {
        "selector": {"matchLabels": dict(selector)},
        "podMetricsEndpoints": [one | {"relabelings": [*one.get("relabelings", []), job]} for one in specs],
    }
    return _monitor(name, POD_MONITOR, scope, component, spec=spec, opts=opts)


def probe(
    name: str,
    *,
    scope: Scope,
    component: str,
    prober: str,
    targets: Sequence[str],
    module: str = "http_2xx",
    opts: pulumi.ResourceOptions,
) -> CustomResource:
    """Asks the blackbox exporter at `prober` (host:port) to try every target, a URL or host:port, once a minute."""
    return _monitor(name, PROBE, scope, component, spec=probe_spec(component, prober, targets, module), opts=opts)


def probe_spec(job: str, prober: str, targets: Sequence[str], module: str) -> dict[str, Any]:
    """The `spec` of a Probe."""
    return {
        "jobName": job,
        "interval": "60s",
        "scrapeTimeout": "10s",
        "module": module,
        "prober": {"url": prober},
        "targets": {"staticConfig": {"static": list(targets)}},
    }


def federation(
    name: str, *, scope: Scope, component: str, target: str, matches: Sequence[str], opts: pulumi.ResourceOptions
) -> CustomResource:
    """Reads the series that `matches` select from another Prometheus, as the orders document's section 9.2.

    A ScrapeConfig and not the document's Secret with raw configuration: the operator checks it, and `target`
    (host:port) is no secret.
    """
    return _monitor(name, SCRAPE_CONFIG, scope, component, spec=federation_spec(component, target, matches), opts=opts)


def federation_spec(job: str, target: str, matches: Sequence[str]) -> dict[str, Any]:
    """The `spec` of the ScrapeConfig that reads another Prometheus."""
    return {
        "jobName": job,
        "honorLabels": True,
        "metricsPath": "/federate",
        "scheme": "HTTPS",
        "params": {"match[]": list(matches)},
        "scrapeInterval": "60s",
        "staticConfigs": [{"targets": [target]}],
    }


def _monitor(
    name: str, kind: Kind, scope: Scope, component: str, *, spec: Mapping[str, Any], opts: pulumi.ResourceOptions
) -> CustomResource:
    return custom_resource(
        name,
        kind,
        metadata=scope.metadata(component),
        spec=spec,
        opts=opts,
    )
