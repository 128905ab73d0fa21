"""Fluent Bit: takes packed log lines from Alloy by OTLP and writes them to Elasticsearch.

The AstrBot document, section 5.1, has Fluentd do this, on every node with the nodes' files; here it gets the lines
over the network. https://docs.fluentbit.io/manual/ has every key.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.naming import Scope
from components.kubernetes.needs import NEEDS
from components.kubernetes.network import Flow
from components.monitoring.monitors import Endpoint
from components.telemetry import alerts
from components.telemetry.base import CONFIGURATION, DATA, Neighbours, TelemetryServerArgs
from components.workload import SecretKey
from components.workload.server_pods import Check, ServerArgs
from versions import FLUENT_BIT_IMAGE

NAME = "fluent-bit"
OTLP_PORT = 4318
PORT = 2020
_RESOURCES = ContainerResources.of("100m", "500m", "128Mi", "512Mi")
_TAG = "kubernetes"
# Where Alloy's stage.pack puts the line itself.
_LINE = "_entry"
_JSON = "json"
# What the pod's scratch volume of 512 MiB holds while Elasticsearch is out of reach.
_BUFFER = "400M"
_USER, _PASSWORD = "ELASTICSEARCH_USER", "ELASTICSEARCH_PASSWORD"


@dataclass(frozen=True, kw_only=True)
class ElasticsearchTarget:
    """An Elasticsearch at `url` (http or https) that takes lines into `index`.

    With a `secret` it is entered by that Secret's keys `username` and `password`.
    """

    url: str
    index: str
    secret: str | None = None

    @property
    def host(self) -> str:
        """The host's name."""
        return urlsplit(self.url).hostname or ""

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted, and the certificate verified."""
        return urlsplit(self.url).scheme == "https"

    @property
    def port(self) -> int:
        """The port; 9200, Elasticsearch's own, unless the URL names another."""
        return urlsplit(self.url).port or 9200

    @property
    def flow(self) -> Flow:
        """How it is reached: in its namespace if it is in the cluster, else by the internet."""
        return NEEDS["elasticsearch"].to(self.url).on(self.port)


@dataclass(frozen=True, kw_only=True)
class FluentBitArgs:
    """`environment` and `cluster` are written to each line, as the AstrBot document has it."""

    scope: Scope
    replicas: int
    target: ElasticsearchTarget
    environment: str
    cluster: str
    neighbours: Neighbours
    zones_required: bool = False


def fluent_bit(args: FluentBitArgs) -> ServerArgs:
    """The server."""
    keys = {_USER: "username", _PASSWORD: "password"} if args.target.secret else {}
    return TelemetryServerArgs(
        scope=args.scope,
        name=NAME,
        image=FLUENT_BIT_IMAGE,
        command=("/fluent-bit/bin/fluent-bit",),
        arguments=("-c", f"{CONFIGURATION}/fluent-bit.yaml"),
        files={"fluent-bit.yaml": json.dumps(configuration(args), indent=2, sort_keys=True)},
        scratch={"tmp": "/tmp", "data": DATA},
        ports={"otlp-http": OTLP_PORT, "http": PORT},
        readiness=Check(port="http", path="/api/v1/health", period=5),
        # Health is bad while Elasticsearch is out of reach, which a restart would not mend.
        liveness=Check(port="http", path="/"),
        resources=_RESOURCES,
        metrics=[Endpoint(port="http", path="/api/v2/metrics/prometheus")],
        rules=alerts.watched(NAME, alerts.FLUENT_BIT, args.replicas),
        replicas=args.replicas,
        zones_required=args.zones_required,
        secrets={name: SecretKey(secret=args.target.secret or "", key=key) for name, key in keys.items()},
        ingress=args.neighbours.ingress(PORT, receive=(OTLP_PORT,)),
        egress=[args.target.flow],
        single_replica_reason="Alloy keeps what it does not take, and sends it again.",
    )


def configuration(args: FluentBitArgs) -> dict[str, Any]:
    """The configuration file; JSON is a part of the YAML that Fluent Bit reads."""
    return {
        "service": {
            # The document's interval, in seconds.
            "flush": 1,
            "log_level": "info",
            "http_server": True,
            "http_port": PORT,
            "health_check": True,
            "storage.path": f"{DATA}/buffer",
            "storage.metrics": True,
        },
        # Alloy has read the time of the line: here one with a fraction and without a zone would become one of 1970.
        "parsers": [{"name": _JSON, "format": "json"}],
        "pipeline": {"inputs": [_input()], "filters": _filters(args), "outputs": [_output(args.target)]},
    }


def _input() -> dict[str, Any]:
    where = {"port": OTLP_PORT, "tag": _TAG, "tag_from_uri": False}
    return {"name": "opentelemetry", **where, "logs_body_key": "log", "storage.type": "filesystem"}


def _filters(args: FluentBitArgs) -> list[dict[str, Any]]:
    everything = {"match": _TAG}
    return [
        {"name": "parser", **everything, "key_name": "log", "parser": _JSON},
        {"name": "parser", **everything, "key_name": _LINE, "parser": _JSON, "reserve_data": True},
        # A line that is no JSON stays as it is.
        {"name": "modify", **everything, "rename": f"{_LINE} log"},
        {
            "name": "record_modifier",
            **everything,
            "record": [f"environment {args.environment}", f"cluster {args.cluster}"],
        },
    ]


def _output(target: ElasticsearchTarget) -> dict[str, Any]:
    login = {"http_user": f"${{{_USER}}}", "http_passwd": f"${{{_PASSWORD}}}"} if target.secret else {}
    return {
        "name": "es",
        "match": _TAG,
        "host": target.host,
        "port": target.port,
        "index": target.index,
        # The document's `type_name _doc` is what Elasticsearch 8 no longer takes.
        "suppress_type_name": True,
        "include_tag_key": True,
        "tag_key": "@log_name",
        # A line that is sent again after a lost answer must not stand twice.
        "generate_id": True,
        "replace_dots": True,
        "trace_error": True,
        "retry_limit": 10,
        "storage.total_limit_size": _BUFFER,
        "tls": target.tls,
        "tls.verify": target.tls,
        **login,
    }
