"""Lines: what is taken out of each, and what the programs that carry and keep them are told."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from components.kubernetes.naming import Scope
from components.kubernetes.network import Peer
from components.kubernetes.quantity import Bytes
from components.telemetry import parsing
from components.telemetry.base import DATA, Neighbours
from components.telemetry.loki import LokiArgs
from components.telemetry.parsing import METADATA, LineFormat
from components.workload.server_pods import Volume
from graph.model import Graph
from sandbox import provided
from stacks.telemetry.formats import FORMATS
from tests.unit.recordings import DECLARATIONS, objects, one, recorded, systems_of
from tests.unit.scratch import Scratch
from tests.unit.telemetry.environments import SMALL, jaeger

# Where the operators of prod run, by its own file and by what it needs.
OPERATORS = {
    "argocd",
    "cert-manager",
    "cnpg-system",
    "external-secrets",
    "ingress-nginx",
    "keda",
    "prometheus-operator",
    "redis-operator",
    "reloader",
    "vpa",
}
EVERY_FORMAT = (parsing.STRUCTLOG, parsing.PYTHON_LOGGING, parsing.RUST_TRACING, parsing.GIN)


def taken(form: LineFormat, line: str) -> dict[str, Any]:
    """What a form takes out of a line, as Alloy's stages do."""
    if form.expression is None:
        document = json.loads(line)
        return {name: document[key] for name, key in form.fields.items() if key in document}
    match = re.match(form.expression, line)
    return {key: value for key, value in match.groupdict().items() if value} if match else {}


def file_of(graph: Graph, program: str) -> str:
    """The one configuration file of a program."""
    (text,) = one(graph, "ConfigMap", program)["data"].values()
    return str(text)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (parsing.STRUCTLOG, {"level": "info", "tenant_id": "tenant_123", "timestamp": "2026-03-01T10:30:00.123456Z"}),
        (parsing.PYTHON_LOGGING, {"level": "INFO"}),
        (parsing.RUST_TRACING, {"level": "INFO", "logger": "rust_app", "message": "Listening on 0.0.0.0:8080"}),
        (parsing.GIN, {"status": "200", "method": "GET", "path": "/api/v1/clusters", "duration": "1.234567ms"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_line_of_each_document_is_taken_apart(form: LineFormat, expected: dict[str, str]) -> None:
    assert expected.items() <= taken(form, form.sample).items()


@pytest.mark.parametrize(
    ("form", "line", "expected"),
    [
        (parsing.PYTHON_LOGGING, "ERROR:cloudlens.api:Query failed", {"logger": "cloudlens.api", "level": "ERROR"}),
        (
            parsing.RUST_TRACING,
            "2026-03-01T10:30:00.5Z ERROR request{id=7}: rust_app::orders: refused",
            {"logger": "rust_app::orders", "message": "refused", "level": "ERROR"},
        ),
        (
            parsing.GIN,
            '[GIN] 2026/03/01 - 10:30:00 | 503 |  2.1s | 10.0.0.7 | POST     "/api/v1/clusters?x=1"',
            {"status": "503", "path": "/api/v1/clusters?x=1"},
        ),
    ],
)
def test_lines_of_other_shapes_are_taken_apart_too(form: LineFormat, line: str, expected: dict[str, str]) -> None:
    assert expected.items() <= taken(form, line).items()


@pytest.mark.parametrize("form", EVERY_FORMAT, ids=lambda form: form.name)
def test_a_traceback_is_left_as_it_is(form: LineFormat) -> None:
    """A line that is no such line must not be half of one."""
    if form.expression:
        assert taken(form, '  File "/app/main.py", line 7, in <module>') == {}
        # RE2 has no look-around and no references back.
        assert not re.search(r"\(\?[=!<][=!]?[^P]|\\[1-9]", form.expression)


def test_what_a_label_is_made_of_is_few_and_the_rest_is_beside_the_line() -> None:
    """A label with a value for each tenant is a stream, and a file, for each tenant."""
    text = file_of(recorded("prod"), "alloy")
    (labels,) = re.findall(r"stage\.labels \{\s+values = \{ (.*) \}", text)
    assert labels == 'level = ""'
    (kept,) = re.findall(r"stage\.label_keep \{\s+values = (\[.*\])", text)
    assert set(json.loads(kept)) == {"namespace", "container", "app", "system", "level"}
    for name in METADATA:
        assert f'{name} = ""' in text
    assert {name for form in EVERY_FORMAT for name in form.extracted} - {*METADATA, "level"} == {
        "timestamp", "message", "duration", "client",
    }  # fmt: skip


def test_every_system_has_its_form() -> None:
    assert FORMATS.keys() == DECLARATIONS.keys()


def blocks(text: str) -> dict[str, set[str]]:
    """The labels of the components of an Alloy file, by their kind."""
    found: dict[str, set[str]] = {}
    for kind, label in re.findall(r'^([a-z_.]+[a-z0-9]) "(\w+)" \{', text, re.MULTILINE):
        assert label not in found.setdefault(kind, set()), f"{kind} {label} twice"
        found[kind].add(label)
    return found


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_every_component_of_alloy_hands_on_to_one_that_there_is(stack: str) -> None:
    text = file_of(recorded(stack), "alloy")
    found = blocks(text)
    named = re.findall(r"((?:discovery|loki|otelcol)\.[a-z_.]+)\.(\w+)\.(receiver|input|targets|output)\b", text)
    assert len(named) >= 7
    for kind, label, _ in named:
        assert label in found[kind], f"{kind} {label}"
    assert text.count("{") == text.count("}")


def test_astrbots_lines_go_to_elasticsearch_and_all_others_to_loki() -> None:
    text = file_of(recorded("prod"), "alloy")
    read = dict(re.findall(r'discovery\.kubernetes "(\w+)" \{.*?names = (\[[^\]]*\])', text, re.DOTALL))
    assert json.loads(read["elasticsearch"]) == ["astrbot"]
    others = {name for name in systems_of("prod") if name != "astrbot"}
    assert set(json.loads(read["loki"])) == {*others, *OPERATORS, "monitoring", "telemetry"}


def test_the_sandbox_has_the_namespaces_in_which_alloy_is_let_read() -> None:
    """A Role of a namespace that is not there stops the whole deployment."""
    assert set(provided.namespaces()) >= OPERATORS


def test_alloy_may_read_the_lines_of_just_the_namespaces_that_it_reads() -> None:
    """Lines may tell secrets. Those of kube-system are not read: a right there is one over the cluster."""
    everywhere = {*systems_of("prod"), *OPERATORS, "monitoring", "telemetry"}
    for stack, expected in (("prod", everywhere), ("dev", set())):
        graph = recorded(stack)
        reads = {
            body["metadata"]["namespace"]
            for body in objects(graph, "Role", "ClusterRole")
            for rule in body["rules"]
            if "pods/log" in rule.get("resources", ())
            and body["kind"] == "Role"
            and body["metadata"]["name"] == "alloy-reads-logs"
        }
        assert reads == expected
        assert not [
            body
            for body in objects(graph, "ClusterRole")
            if any("pods/log" in one["resources"] for one in body["rules"])
        ]


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_fluent_bit_does_what_the_document_asks(stack: str) -> None:
    """AstrBot document, section 5.1."""
    document = json.loads(file_of(recorded(stack), "fluent-bit"))
    (output,) = document["pipeline"]["outputs"]
    assert (output["host"], output["port"]) == ("elasticsearch.logging.svc.cluster.local", 9200)
    assert (output["index"], output["tag_key"], output["include_tag_key"]) == ("k8s-logs", "@log_name", True)
    assert document["service"]["flush"] == 1
    (added,) = (one["record"] for one in document["pipeline"]["filters"] if one["name"] == "record_modifier")
    assert added == [f"environment {stack}", f"cluster {stack}"]
    parsers = {one["name"]: one for one in document["parsers"]}
    assert {one["parser"] for one in document["pipeline"]["filters"] if "parser" in one} == parsers.keys()
    tags = {one["tag"] for one in document["pipeline"]["inputs"]}
    assert {one["match"] for one in (*document["pipeline"]["filters"], *document["pipeline"]["outputs"])} == tags
    assert output["http_passwd"] == "${ELASTICSEARCH_PASSWORD}"


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_lines_for_elasticsearch_have_the_time_that_they_give_themselves(stack: str) -> None:
    """AstrBot document, section 5.1: `time_key timestamp`. Of Fluent Bit 5.1 no parser may read it: a line with
    `2026-03-01T10:30:00.123456`, without a zone, comes to Elasticsearch with the time 1970-01-01T00:00:00.123Z, since
    src/flb_parser_json.c sets the seconds to 0 and leaves the fraction. Alloy keeps the time that the line had.
    """
    parsers = json.loads(file_of(recorded(stack), "fluent-bit"))["parsers"]
    assert not [one for one in parsers if one.keys() & {"time_key", "time_format"}]
    process = re.search(r'^loki\.process "elasticsearch" \{.*?^\}', file_of(recorded(stack), "alloy"), re.M | re.S)
    assert process
    read, kept, packed = (process[0].find(one) for one in ('source = "timestamp"', '"skip"', "stage.pack"))
    assert -1 < read < kept < packed
    assert "ingest_timestamp = false" in process[0]


def test_an_elasticsearch_elsewhere_is_reached_by_tls(scratch: Scratch) -> None:
    graph = scratch.record(jaeger())
    (output,) = json.loads(file_of(graph, "fluent-bit"))["pipeline"]["outputs"]
    assert (output["host"], output["port"], output["tls"], output["tls.verify"]) == (
        "logs.example.com",
        9200,
        True,
        True,
    )
    assert not [body for body in objects(graph, "StatefulSet") if body["metadata"]["name"] == "loki"]


def test_loki_keeps_prods_lines_in_a_bucket_on_three_pods_and_deletes_them() -> None:
    document = json.loads(file_of(recorded("prod"), "loki"))
    assert document["limits_config"]["retention_period"] == f"{90 * 24}h"
    assert document["compactor"]["retention_enabled"] is True
    assert document["storage_config"]["aws"] == {"bucketnames": "saas-platform-prod-logs", "region": "eu-central-1"}
    (period,) = document["schema_config"]["configs"]
    assert (period["object_store"], period["schema"]) == ("s3", "v13")
    assert (
        document["common"]["replication_factor"]
        == one(recorded("prod"), "StatefulSet", "loki")["spec"]["replicas"]
        == 3
    )
    assert "secret" not in json.dumps(document).lower()


def test_lokis_pods_look_for_each_other_again() -> None:
    """`-memberlist.rejoin-interval` of Loki 3.7.8 is 0, never: "occasional rejoin can help to fix the cluster
    split issue, and is harmless otherwise". The Service shows a pod once it is ready, which it is without the others.
    """
    members = json.loads(file_of(recorded("prod"), "loki"))["memberlist"]
    assert members["rejoin_interval"] == "1m"
    assert members["join_members"] == ["loki-headless.telemetry.svc.cluster.local:7946"]


def test_loki_on_a_volume_is_one_pod(scratch: Scratch) -> None:
    graph = scratch.record(SMALL)
    document = json.loads(file_of(graph, "loki"))
    assert document["common"]["ring"]["kvstore"]["store"] == "inmemory"
    assert one(graph, "StatefulSet", "loki")["spec"]["replicas"] == 1
    scope = Scope(namespace="a", system="a", environment="a")
    with pytest.raises(ValueError, match="2 Loki pods with a volume each would keep different lines"):
        LokiArgs(
            scope=scope,
            replicas=2,
            retention_days=1,
            volume=Volume(size=Bytes.parse("1Gi"), path=DATA, storage_class=None, backup="none"),
            bucket=None,
            neighbours=Neighbours(scope=scope, monitoring=Peer()),
        )
