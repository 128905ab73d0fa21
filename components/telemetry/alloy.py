"""Alloy: reads what pods write to their output, takes it apart, and hands it on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.naming import Scope
from components.kubernetes.needs import KUBERNETES_API
from components.monitoring.monitors import Endpoint
from components.telemetry import alerts, fluent_bit, loki
from components.telemetry.base import CONFIGURATION, DATA, Neighbours, TelemetryServerArgs
from components.telemetry.parsing import METADATA, STRUCTLOG, LineFormat
from components.workload.server_pods import Check, ServerArgs, Volume
from versions import ALLOY_IMAGE


def block(
    kind: str,
    label: str | None = None,
    attributes: Mapping[str, str] | None = None,
    blocks: Sequence[str] = (),
) -> str:
    """A block as text; the values of `attributes` are expressions of the language already."""
    head = f'{kind} "{label}"' if label else kind
    body = [*(f"{name} = {value}" for name, value in (attributes or {}).items()), *blocks]
    return f"{head} {{\n{indent(chr(10).join(body), '  ')}\n}}" if body else f"{head} {{ }}"


def render(blocks: Sequence[str]) -> str:
    """A file of blocks."""
    return "\n\n".join(blocks) + "\n"


NAME = "alloy"
PORT = 12345
_RESOURCES = ContainerResources.of("200m", "1", "256Mi", "1Gi")
# What every line is found by. All of them are few: each combination is a stream of its own in Loki.
_LABELS = {
    "namespace": "__meta_kubernetes_namespace",
    "pod": "__meta_kubernetes_pod_name",
    "container": "__meta_kubernetes_pod_container_name",
    "app": "__meta_kubernetes_pod_label_app_kubernetes_io_name",
    "system": "__meta_kubernetes_pod_label_platform_io_system",
}


@dataclass(frozen=True, kw_only=True)
class AlloyArgs:
    """`loki` and `elasticsearch` are the namespaces whose lines go there, each with the forms that its lines have.

    `replicas` share the pods among them; where each has read to is on its `volume`. `environment` and `cluster` are
    written to each line.
    """

    scope: Scope
    replicas: int
    loki: Mapping[str, Sequence[LineFormat]]
    elasticsearch: Sequence[str]
    environment: str
    cluster: str
    volume: Volume
    neighbours: Neighbours
    zones_required: bool = False

    @property
    def namespaces(self) -> list[str]:
        """Those whose pods it reads."""
        return sorted({*self.loki, *self.elasticsearch})


def alloy(args: AlloyArgs) -> ServerArgs:
    """The server."""
    itself = args.neighbours.flow(NAME, PORT)
    to_loki = [args.neighbours.flow(loki.NAME, loki.PORT)] if args.loki else []
    to_fluent_bit = [args.neighbours.flow(fluent_bit.NAME, fluent_bit.OTLP_PORT)] if args.elasticsearch else []
    return TelemetryServerArgs(
        scope=args.scope,
        name=NAME,
        image=ALLOY_IMAGE,
        arguments=_arguments(args),
        files={"config.alloy": configuration(args)},
        ports={"http": PORT},
        readiness=Check(port="http", path="/-/ready", period=5),
        liveness=Check(port="http", path="/-/healthy"),
        resources=_RESOURCES,
        metrics=[Endpoint(port="http")],
        rules=alerts.watched(NAME, alerts.ALLOY, args.replicas),
        replicas=args.replicas,
        zones_required=args.zones_required,
        volume=args.volume,
        token=True,
        ingress=[itself, *args.neighbours.ingress(PORT)],
        egress=[itself, KUBERNETES_API, *to_loki, *to_fluent_bit],
        single_replica_reason="It goes on where it was; what pods write meanwhile is on their nodes.",
    )


def _arguments(args: AlloyArgs) -> tuple[str, ...]:
    join = f"{args.scope.host(f'{NAME}-headless')}:{PORT}"
    clustering = ("--cluster.enabled=true", f"--cluster.join-addresses={join}") if args.replicas > 1 else ()
    own = (f"--storage.path={DATA}", f"--server.http.listen-addr=0.0.0.0:{PORT}", "--disable-reporting", *clustering)
    return ("run", *own, f"{CONFIGURATION}/config.alloy")


def configuration(args: AlloyArgs) -> str:
    """The configuration file, in Alloy's own language."""
    blocks = [block("logging", attributes={"level": '"info"', "format": '"json"'})]
    if args.loki:
        blocks += [*_source(args, "loki", sorted(args.loki)), _process_for_loki(args), _write_to_loki(args)]
    if args.elasticsearch:
        blocks += [*_source(args, "elasticsearch", sorted(args.elasticsearch)), _pack(), *_write_to_fluent_bit(args)]
    return render(blocks)


def _text(value: object) -> str:
    """A value of Alloy's language; its texts and lists are written as JSON's are."""
    return json.dumps(value)


def _source(args: AlloyArgs, name: str, namespaces: Sequence[str]) -> list[str]:
    """Find the pods of some namespaces, say what they are, and read them."""
    names = block("namespaces", attributes={"names": _text(list(namespaces))})
    rules = [
        block("rule", attributes={"source_labels": _text([source]), "target_label": _text(label)})
        for label, source in _LABELS.items()
    ]
    shared = [block("clustering", attributes={"enabled": "true"})] if args.replicas > 1 else []
    return [
        block("discovery.kubernetes", name, attributes={"role": '"pod"'}, blocks=[names]),
        block("discovery.relabel", name, {"targets": f"discovery.kubernetes.{name}.targets"}, rules),
        block(
            "loki.source.kubernetes",
            name,
            {"targets": f"discovery.relabel.{name}.output", "forward_to": f"[loki.process.{name}.receiver]"},
            shared,
        ),
    ]


def _process_for_loki(args: AlloyArgs) -> str:
    """Each namespace's lines by their own forms; then the level is a label, and the rest is beside the line."""
    stages = [block("stage.decolorize")]
    for namespace, formats in sorted(args.loki.items()):
        parsing = [stage for one in formats for stage in _parsing(one)]
        selector = f'{{namespace="{namespace}"}}'
        stages += [block("stage.match", attributes={"selector": _text(selector)}, blocks=parsing)] if parsing else []
    lower = {"source": '"level"', "template": _text("{{ ToLower .Value }}")}
    kept = dict.fromkeys(METADATA, '""')
    fixed = {"environment": _text(args.environment), "cluster": _text(args.cluster)}
    stages += [
        block("stage.template", attributes=lower),
        block("stage.labels", attributes={"values": _object({"level": '""'})}),
        block("stage.structured_metadata", attributes={"values": _object(kept)}),
        # Not the pod, and not `job`, which the reader adds and which says nothing.
        block("stage.label_keep", attributes={"values": _text([*(one for one in _LABELS if one != "pod"), "level"])}),
        block("stage.static_labels", attributes={"values": _object(fixed)}),
    ]
    return block("loki.process", "loki", {"forward_to": "[loki.write.loki.receiver]"}, stages)


def _parsing(form: LineFormat) -> list[str]:
    if form.expression is None:
        stages = [
            block("stage.json", attributes={"expressions": _object({k: _text(v) for k, v in form.fields.items()})})
        ]
    else:
        stages = [block("stage.regex", attributes={"expression": _text(form.expression)})]
    if form.timestamp:
        layout = {"source": '"timestamp"', "format": _text(form.timestamp), "action_on_failure": '"skip"'}
        stages.append(block("stage.timestamp", attributes=layout))
    return stages


def _object(fields: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{name} = {value}" for name, value in fields.items()) + " }"


def _write_to_loki(args: AlloyArgs) -> str:
    url = f"http://{args.scope.host(loki.NAME)}:{loki.PORT}/loki/api/v1/push"
    return block("loki.write", "loki", blocks=[block("endpoint", attributes={"url": _text(url)})])


def _pack() -> str:
    """Labels and line together as one JSON object, since Fluent Bit sees nothing but the line, at the time that the
    line gives itself.

    Whatever is no such line, as the document has them, has the time at which it was written.
    """
    labels = {"labels": _text(list(_LABELS)), "ingest_timestamp": "false"}
    receiver = {"forward_to": "[otelcol.receiver.loki.fluent_bit.receiver]"}
    stages = [*_parsing(STRUCTLOG), block("stage.pack", attributes=labels)]
    return block("loki.process", "elasticsearch", receiver, stages)


def _write_to_fluent_bit(args: AlloyArgs) -> list[str]:
    url = f"http://{args.scope.host(fluent_bit.NAME)}:{fluent_bit.OTLP_PORT}"
    onward = block("output", attributes={"logs": "[otelcol.processor.batch.fluent_bit.input]"})
    sent = block("output", attributes={"logs": "[otelcol.exporter.otlphttp.fluent_bit.input]"})
    return [
        block("otelcol.receiver.loki", "fluent_bit", blocks=[onward]),
        block("otelcol.processor.batch", "fluent_bit", blocks=[sent]),
        block("otelcol.exporter.otlphttp", "fluent_bit", blocks=[block("client", attributes={"endpoint": _text(url)})]),
    ]
