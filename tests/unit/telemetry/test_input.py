"""What a file says of logs and traces that is wrong: with its line, its path, and what to do."""

from __future__ import annotations

import pytest

from policy.engine.evaluation import evaluate
from tests.unit.recordings import objects
from tests.unit.scratch import Scratch, mistakes
from tests.unit.telemetry.environments import SMALL, jaeger, with_keys

S3 = "storage: {kind: s3, bucket: example-logs, region: eu-central-1}"
FILES = {
    "a store that there is none of": with_keys(
        "logs: {kind: splunk}  #! logs.kind | must be 'none', 'loki' or 'elasticsearch'",
        "traces: {kind: zipkin}  #! traces.kind | must be 'none', 'tempo' or 'jaeger'",
    ),
    "a misspelt key": with_keys(
        "logs: {kind: loki, retention: 30}  #! logs.retention | did you mean 'retention_days'?",
        "traces: {kind: tempo, sampling: 1}  #! traces.sampling | did you mean 'sampling_rate'?",
    ),
    "figures out of bounds": with_keys(
        "logs: {kind: loki, retention_days: 0}  #! logs.retention_days | at least 1",
        "traces: {kind: tempo, sampling_rate: 10}  #! traces.sampling_rate | at most 1",
    ),
    "Elasticsearch without an address": with_keys(
        "logs: {kind: none, systems: {orders: elasticsearch}}  #! logs.elasticsearch | missing; logs go there",
    ),
    "an address that is none": with_keys(
        "logs:",
        "  kind: elasticsearch",
        "  elasticsearch: {url: 'elasticsearch:9200'}  #! logs.elasticsearch.url | write http:// or https://",
    ).replace("  saas-platform:  ", "    "),
    "what nobody would use": with_keys(
        "logs:",
        "  kind: none",
        "  retention_days: 7  #! logs.retention_days | is Loki's, and no logs go there",
        "  elasticsearch: {url: 'https://a.example'}  #! logs.elasticsearch | no logs go there",
    ).replace("  saas-platform:  ", "    "),
    "a system that there is none of": with_keys(
        "logs: {kind: loki, systems: {cloudlens: none}}"
        "  #! logs.systems.cloudlens | no system 'cloudlens'; there are: orders",
    ),
    "a bucket without a way in": with_keys(
        f"logs: {{kind: loki, {S3}}}  #! logs.storage.role_arn | missing; without it the access key",
        f"traces: {{kind: tempo, {S3}}}  #! traces.storage.role_arn | missing; without it the access key",
    ),
    "a store that cannot use a bucket": with_keys(
        f"traces: {{kind: jaeger, {S3[:-1]}, role_arn: 'arn:aws:iam::123456789012:role/traces'}}}}"
        "  #! traces.storage.kind | Jaeger keeps traces on its volume",
    ),
    "a chart beside the environment's own": with_keys(
        "operators:",
        "  loki: install  #! operators.loki | programs of its own for logs: set this to 'off', or logs to 'kind: none'",
        "  tempo: install  #! operators.tempo | programs of its own for traces",
    ).replace("  saas-platform:  ", "    "),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_wrong_is_said_with_its_place(scratch: Scratch, name: str) -> None:
    problems = scratch.problems(FILES[name])
    assert scratch.registered == []
    expected = mistakes(FILES[name])
    assert expected
    assert {(problem.line, problem.path) for problem in problems} == {(one.line, one.path) for one in expected}
    for one in expected:
        (found,) = (problem for problem in problems if (problem.line, problem.path) == (one.line, one.path))
        assert one.fragment in found.message, str(found)


ACCEPTED = {
    "by default": SMALL,
    "Jaeger and an Elasticsearch elsewhere": jaeger(),
    "logs alone": with_keys("logs: {kind: loki, retention_days: 3}", "traces: {kind: none}"),
    "traces alone": with_keys("logs: {kind: none}", "traces: {kind: tempo}"),
    "a bucket with a role": with_keys(
        f"logs: {{kind: loki, {S3[:-1]}, role_arn: 'arn:aws:iam::123456789012:role/logs', endpoint: 'https://s3.example'}}}}"
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_every_way_of_keeping_them_passes_the_policies(scratch: Scratch, name: str) -> None:
    assert [finding.message for finding in evaluate(scratch.record(ACCEPTED[name])) if finding.blocks] == []


def test_without_any_there_is_no_namespace_for_them(scratch: Scratch) -> None:
    graph = scratch.record(with_keys("logs: {kind: none}", "traces: {kind: none}"))
    assert "telemetry" not in {body["metadata"]["name"] for body in objects(graph, "Namespace")}
