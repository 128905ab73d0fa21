"""What an environment's file says of its monitoring: the key `monitoring`. Who is told is in `receivers.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from components.monitoring import promql
from components.monitoring.prometheus.args import INTERVAL
from stacks.schema.receivers import Maintenance, ReceiverConfig, RouteConfig, WeComConfig, receiver_problems
from stacks.schema.types import Bytes, Model, Name, Problem, Url, duplicates, form, matching


def _duration(value: str) -> str:
    if promql.seconds(value) <= 0:
        raise ValueError(f"{value!r} is no time at all: write 30s, 5m, 1h30m, 15d")
    return value


def _expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from None
    return value


Duration = Annotated[
    str,
    AfterValidator(_duration),
    form("duration such as 5m, 1h30m or 15d", rf"(?=.*[1-9]){promql.DURATION}", "5m", "1h30m", "15d"),
]
Expression = Annotated[str, AfterValidator(_expression), form("regular expression", None, "go_.*")]
Target = Annotated[
    str,
    matching(
        "host:port",
        r"[A-Za-z0-9.-]+:[0-9]{1,5}",
        "is no address: write host:port, such as prometheus.example.com:9090",
        "prometheus.example.com:9090",
    ),
]
Selector = Annotated[str, AfterValidator(promql.selector), form("selector of series", r".+", '{job="api"}')]
Probe = Literal["https", "https_2xx", "tcp"]


class RemoteWriteConfig(Model):
    """A further store of samples, such as VictoriaMetrics (orders document, section 7.3)."""

    url: Url = Field(description="Where samples are written to.")
    drop: Expression = Field(
        "", description="A regular expression of the metrics that are too expensive to send; none by default."
    )
    credential: Name | None = Field(None, description="The name of a bearer token in the environment's secret store.")


class Federation(Model):
    """Another Prometheus, of which series are read (orders document, section 9.2), over HTTPS."""

    name: Name = Field(description="The name of the job.")
    target: Target = Field(description="Its address, as host:port.")
    match: Annotated[Sequence[Selector], Field(min_length=1)] = Field(
        description="Selectors of the series that are read, such as '{job=\"api\"}'."
    )


class ProbeTarget(Model):
    """Something that must answer besides the systems' own addresses."""

    name: Name = Field(description="The name of the probe, which its alerts bear.")
    target: Url | Target = Field(description="A URL, or host:port.")
    module: Probe = Field(
        "https_2xx", description="What counts as an answer: HTTPS with any, HTTPS with a page (2xx), or a connection."
    )


class Agent(Model):
    """A PrometheusAgent in place of Prometheus: nothing is kept or judged here."""

    query_url: Url = Field(
        description="Where the central Prometheus answers, for whoever must ask it (a release's analysis)."
    )


class MonitoringConfig(Model):
    """What differs from the monitoring level of the tier."""

    retention: Duration | None = Field(
        None, description="How long Prometheus keeps samples on its own volume, such as 15d."
    )
    retention_size: Bytes | None = Field(
        None, description="How much Prometheus keeps on its own volume at the most; must fit `storage`."
    )
    storage: Bytes | None = Field(None, description="The volume of each Prometheus.")
    long_term_retention: Duration = Field(
        "30d", description="How long the bucket keeps samples, where the level has Thanos."
    )
    scrape_interval: Duration = Field(
        INTERVAL, description="How often metrics are read, of whatever says nothing else; an agent's too."
    )
    evaluation_interval: Duration = Field(
        INTERVAL, description="How often rules are evaluated, of whatever group says nothing else."
    )
    grafana_url: Url | None = Field(
        None,
        description="Where people reach Grafana. Alerts of a system then lead to its dashboard, by the annotation "
        "`dashboard_url`.",
    )
    wecom: WeComConfig | None = Field(
        None, description="The party of WeCom that is told of alerts of `team: sre`; by default nobody is."
    )
    agent: Agent | None = Field(
        None, description="In place of Prometheus an agent, which sends everything to `remote_write`."
    )
    remote_write: Sequence[RemoteWriteConfig] = Field((), description="Further stores that all samples are sent to.")
    federate: Sequence[Federation] = Field((), description="Other Prometheus servers, of which series are read.")
    probes: Sequence[ProbeTarget] = Field((), description="What must answer besides the systems' own addresses.")
    receivers: Sequence[ReceiverConfig] = Field(
        (), description="Who can be told, besides the platform's own receivers."
    )
    routes: Sequence[RouteConfig] = Field((), description="Who is told too of which alerts.")
    maintenance: Sequence[Maintenance] = Field((), description="Windows in which routes can be muted.")

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Names that come twice, an agent that sends nothing, and receivers that there are not."""
        for key, field, what in (
            ("remote_write", "url", "store"),
            ("federate", "name", "federation"),
            ("probes", "name", "probe"),
        ):
            for problem in duplicates(data.get(key), field, what):
                yield problem._replace(path=(key, *problem.path))
        yield from _agent_problems(data)
        yield from receiver_problems(data)


def _agent_problems(data: Mapping[str, Any]) -> Iterable[Problem]:
    if data.get("agent") is None:
        return
    if not data.get("remote_write"):
        yield Problem(("agent",), "an agent keeps nothing: say in remote_write where its samples go")
    for key in ("retention", "retention_size"):
        if data.get(key) is not None:
            yield Problem((key,), "an agent keeps nothing: leave this out, or leave out 'agent'")
    for key in ("receivers", "routes", "maintenance", "wecom"):
        if data.get(key):
            yield Problem((key,), "an agent judges nothing, so nobody is told: leave this out, or leave out 'agent'")
