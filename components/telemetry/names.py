"""Names and ports by which others reach the telemetry: apart, so that who sends need not load who receives."""

from __future__ import annotations

# The name and the ports of the collector are the CloudLens document's.
COLLECTOR = "otel-collector"
OTLP_GRPC, OTLP_HTTP = 4317, 4318
LOKI, LOKI_PORT = "loki", 3100
TEMPO, TEMPO_PORT = "tempo", 3200
JAEGER, JAEGER_PORT = "jaeger", 16686
# Where any of the programs tells its metrics: the stores, Alloy, Fluent Bit, and the collector's three.
METRICS_PORTS = (LOKI_PORT, TEMPO_PORT, 12345, 2020, 8888, 8889, 8890)
