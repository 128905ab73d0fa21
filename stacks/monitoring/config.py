"""What an environment's file says of its monitoring: the key `monitoring`, all of it optional."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from components.observability import promql
from stacks.monitoring.receiver_config import Maintenance, ReceiverConfig, RouteConfig, receiver_problems
from stacks.types import Bytes, Model, Name, Problem, Url, duplicates, matching


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


Duration = Annotated[str, AfterValidator(_duration)]
Expression = Annotated[str, AfterValidator(_expression)]
Target = Annotated[
    str, matching(r"[A-Za-z0-9.-]+:[0-9]{1,5}", "is no address: write host:port, such as prometheus.example.com:9090")
]
Selector = Annotated[str, AfterValidator(promql.selector)]
Probe = Literal["https", "https_2xx", "tcp"]


class RemoteWriteConfig(Model):
    """A further store, such as VictoriaMetrics (orders document, section 7.3), by its `url`.

    `drop` is a regular expression of metrics too expensive to send. `credential` names a bearer token in the
    environment's secret store.
    """

    url: Url
    drop: Expression = ""
    credential: Name | None = None


class Federation(Model):
    """Another Prometheus, of which the series of `match` are read (orders document, section 9.2), over HTTPS."""

    name: Name
    target: Target
    match: Annotated[Sequence[Selector], Field(min_length=1)]


class ProbeTarget(Model):
    """Something that must answer besides the systems' own addresses: by HTTPS, with a page, or by a connection."""

    name: Name
    target: Url | Target
    module: Probe = "https_2xx"


class Agent(Model):
    """A PrometheusAgent in place of Prometheus: everything is sent to `remote_write` and nothing kept or judged here.

    `query_url` is where the central Prometheus answers, for whoever must ask it (a release's analysis).
    """

    query_url: Url


class MonitoringConfig(Model):
    """What differs from the tier's level: retention, further stores, sources, receivers and quiet hours.

    `retention` and `retention_size` are those of Prometheus' own volume of `storage`; `long_term_retention` that of
    the bucket, where the level has Thanos.
    """

    retention: Duration | None = None
    retention_size: Bytes | None = None
    storage: Bytes | None = None
    long_term_retention: Duration = "30d"
    agent: Agent | None = None
    remote_write: Sequence[RemoteWriteConfig] = ()
    federate: Sequence[Federation] = ()
    probes: Sequence[ProbeTarget] = ()
    receivers: Sequence[ReceiverConfig] = ()
    routes: Sequence[RouteConfig] = ()
    maintenance: Sequence[Maintenance] = ()

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
    for key in ("receivers", "routes", "maintenance"):
        if data.get(key):
            yield Problem((key,), "an agent judges nothing, so nobody is told: leave this out, or leave out 'agent'")
