"""What no environment declares yet conforms to the operator's definitions all the same."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from components.monitoring.monitors import federation_spec, probe_spec
from components.monitoring.notification import Receiver, Route, Routing, SecretKey, Webhook
from components.monitoring.prometheus import PrometheusArgs, RemoteWrite, specification
from tests.unit.definitions import ABSENT, FOLDER, schema
from tests.unit.observability.test_prometheus import ARGUMENTS
from versions import ALERTMANAGER_CONFIG, PROBE, PROMETHEUS, PROMETHEUS_AGENT, SCRAPE_CONFIG, CustomResource

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

REMOTE = RemoteWrite(
    url="http://victoria-metrics:8428/api/v1/write", dropped="expensive_metric.*", secret="a", credential="b"
)
HOOK = Routing(
    root=Route(receiver="a"),
    receivers=[Receiver(name="a", channels=[Webhook(url=SecretKey(name="b", key="c"))])],
    secrets={"b": ["c"]},
)
SPECIFICATIONS: list[tuple[CustomResource, dict[str, Any]]] = [
    (PROBE, probe_spec("probe", "blackbox:9115", ["https://example.test"], "http_2xx")),
    (SCRAPE_CONFIG, federation_spec("federate-cluster-1", "prometheus.example.test:9090", ['{job="rust-app"}'])),
    (PROMETHEUS, specification(PrometheusArgs(**ARGUMENTS, remote_write=[REMOTE]))),
    (PROMETHEUS_AGENT, specification(PrometheusArgs(**ARGUMENTS, remote_write=[REMOTE], agent="https://a.example"))),
    (ALERTMANAGER_CONFIG, HOOK.as_spec()),
]


@pytest.mark.parametrize(("kind", "spec"), SPECIFICATIONS, ids=lambda value: getattr(value, "kind", ""))
def test_a_specification_is_what_the_operator_takes(kind: CustomResource, spec: dict[str, Any]) -> None:
    """A field of another version is dropped without a word."""
    body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "a"}, "spec": spec}
    validator = Draft202012Validator(schema(kind.group, kind.version, kind.kind))
    assert [error.message for error in validator.iter_errors(body)] == []
    assert list(validator.iter_errors({**body, "spec": {**spec, "mispelt": True}}))
