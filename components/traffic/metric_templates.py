"""Metric templates: what a release is measured by, as one PromQL query each for every place where it can be measured.

In a query `{{ namespace }}`, `{{ target }}` (the candidate's Deployment) and `{{ interval }}` (the window) are filled
in, by Flagger and by `ops canary` alike. Every query is empty or NaN when the candidate had no request: that is a
failed check. A candidate without a single error has no series of errors, which is none: hence `or 0 * …`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.traffic.release import Mesh, primary_name

_ISTIO = 'reporter="destination",destination_workload_namespace="{{ namespace }}",destination_workload="{{ target }}"'
# Prometheus names a pod after the Service through which it found it.
_APPLICATION = 'namespace="{{ namespace }}",job="{{ target }}-canary"'
_REFUSED = 'response_code=~"5.."'
_ERRORS = 'status=~"5.."'


@dataclass(frozen=True)
class Template:
    """A metric: its unit, what it says, and its query by mesh."""

    name: str
    unit: str
    meaning: str
    istio: str
    application: str

    def query(self, mesh: Mesh) -> str:
        """The query: by Istio's own metrics in its mesh, and elsewhere by those of the application."""
        return self.istio if mesh == "istio" else self.application


def _error_rate(name: str, selector: str, errors: str) -> str:
    everything = f"sum(rate({name}{{{selector}}}[{{{{ interval }}}}]))"
    failed = f"sum(rate({name}{{{selector},{errors}}}[{{{{ interval }}}}]))"
    return f"100 * ({failed} or 0 * {everything}) / {everything}"


def _quantile(quantile: float, name: str, selector: str, divisor: int) -> str:
    inner = f"histogram_quantile({quantile}, sum by (le) (rate({name}_bucket{{{selector}}}[{{{{ interval }}}}])))"
    return f"{inner} / {divisor}" if divisor != 1 else inner


def _latency(name: str, quantile: float) -> Template:
    return Template(
        name,
        "s",
        f"the time within which {quantile:.0%} of the candidate's requests are answered",
        _quantile(quantile, "istio_request_duration_milliseconds", _ISTIO, 1000),
        _quantile(quantile, "http_request_duration_seconds", _APPLICATION, 1),
    )


TEMPLATES: Mapping[str, Template] = {
    one.name: one
    for one in (
        Template(
            "error-rate",
            "%",
            "the share of the candidate's requests that it answers with 5xx",
            _error_rate("istio_requests_total", _ISTIO, _REFUSED),
            _error_rate("http_requests_total", _APPLICATION, _ERRORS),
        ),
        _latency("latency-p95", 0.95),
        _latency("latency-p99", 0.99),
    )
}

_PODS = 'namespace="{{ namespace }}",pod=~"{{ target }}-[a-z0-9]+-[a-z0-9]{5}"'
_AGE = f"(time() - min(kube_pod_created{{{_PODS}}})) or vector(0)"
# Flagger has no limit for a release as a whole, so that it is told of one as of a metric: the candidate has pods for as
# long as it is released. Where nothing tells their age (no kube-state-metrics) there is no limit, rather than no
# release.
DURATION = Template("duration", "s", "how long the candidate has had pods", _AGE, _AGE)

# The federated-risk document's figures (canary section): more than 5 % errors, or P95 above 1 s.
DEFAULTS: Mapping[str, float] = {"error-rate": 5, "latency-p95": 1}


def filled(query: str, *, namespace: str, name: str, window: str, stable: bool = False) -> str:
    """A query about the candidate of application `name`, or with `stable` about the version that serves."""
    if stable:
        # The Service through which the stable pods are found bears the application's own name.
        query = query.replace("{{ target }}-canary", name)
    values = {"namespace": namespace, "target": primary_name(name) if stable else name, "interval": window}
    for place, value in values.items():
        query = query.replace(f"{{{{ {place} }}}}", value)
    return query
