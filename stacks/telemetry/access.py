"""What the rest of an environment is told of its logs and traces: where to send, where to ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from components.kubernetes.naming import Scope
from components.kubernetes.network import Flow, Peer
from components.telemetry import names

if TYPE_CHECKING:
    from stacks.schema.telemetry import LogsConfig, TracesConfig

NAME = "telemetry"
# The versions of an SDK that know no such variable send nothing as long as they are given no endpoint.
_OFF = {"OTEL_SDK_DISABLED": "true"}


def telemetry_access(environment: str, logs: LogsConfig, traces: TracesConfig) -> TelemetryAccess:
    """What is known of an environment's logs and traces before anything is made."""
    stores = {logs.kind, *logs.systems.values()}
    return TelemetryAccess(
        scope=Scope.of(NAME, environment),
        logs=stores != {"none"},
        loki="loki" in stores,
        elasticsearch="elasticsearch" in stores,
        traces=None if traces.kind == "none" else traces.kind,
    )


@dataclass(frozen=True, kw_only=True)
class TelemetryAccess:
    """`scope` is that of the namespace; `logs`, `loki` and `elasticsearch` say whether lines are read, and whether some
    of them go there, and `traces` which store has the traces."""

    scope: Scope
    logs: bool = False
    loki: bool = False
    elasticsearch: bool = False
    traces: Literal["tempo", "jaeger"] | None = None

    @property
    def present(self) -> bool:
        """Whether there is such a namespace at all."""
        return self.logs or self.traces is not None

    @property
    def metric_sources(self) -> frozenset[str]:
        """Which of its programs tell metrics, by the names of the metric catalogue."""
        there = {
            "alloy": self.logs,
            "loki": self.loki,
            "fluent-bit": self.elasticsearch,
            "opentelemetry-collector": self.traces is not None,
            "tempo": self.traces == "tempo",
        }
        return frozenset(name for name, present in there.items() if present)

    @property
    def metrics(self) -> list[Flow]:
        """Where Prometheus reads the programs' own metrics."""
        return [Flow(peer=Peer(namespace=NAME), ports=names.METRICS_PORTS)] if self.present else []

    def _pods(self, program: str) -> Peer:
        return Peer(namespace=NAME, pods=self.scope.selector(program))

    @property
    def egress(self) -> list[Flow]:
        """The way from an application to the collector."""
        return [Flow(peer=self._pods(names.COLLECTOR), ports=(names.OTLP_GRPC, names.OTLP_HTTP))] if self.traces else []

    @property
    def queries(self) -> list[Flow]:
        """The ways from Grafana to the stores."""
        loki = [Flow(peer=self._pods(names.LOKI), ports=(names.LOKI_PORT,))] if self.loki else []
        return [*loki, *([Flow(peer=self._pods(self.traces), ports=(self.trace_port,))] if self.traces else [])]

    @property
    def trace_port(self) -> int:
        """Where the store of traces answers queries."""
        return names.JAEGER_PORT if self.traces == "jaeger" else names.TEMPO_PORT

    def environment(self, service: str, attributes: Mapping[str, str]) -> dict[str, str]:
        """The OpenTelemetry variables of an application; `attributes` are of its resource.

        https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/. Every trace is sent: which
        are kept is decided when they are whole. Metrics are scraped and lines are read from the pods' output, so that
        an SDK that configures itself sends neither.
        """
        if not self.traces:
            return _OFF
        return {
            "OTEL_SERVICE_NAME": service,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{self.scope.host(names.COLLECTOR)}:{names.OTLP_GRPC}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_RESOURCE_ATTRIBUTES": ",".join(f"{key}={value}" for key, value in sorted(attributes.items())),
            "OTEL_TRACES_SAMPLER": "parentbased_always_on",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
        }
