"""What all servers of the platform's own have in common."""

from __future__ import annotations

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.naming import Scope
from components.monitoring.monitors import Endpoint
from components.workload.server_pods import Check, ServerArgs, deployment_spec
from tests.unit.recordings import Body, objects, recorded, title

SERVER = ServerArgs(
    scope=Scope(namespace="monitoring", system="platform", environment="test"),
    name="exporter",
    image="registry.example.com/exporter:1",
    arguments=[],
    ports={"http": 8080, "health": 8081},
    liveness=Check(port="health", path="/alive", scheme="HTTPS", period=20),
    readiness=Check(port="http", path="/ready", period=5),
    metrics=[Endpoint(port="http")],
    resources=ContainerResources.of("10m", "100m", "32Mi", "64Mi"),
)


def test_a_server_that_lives_and_is_not_ready_yet_is_not_killed_at_its_start() -> None:
    """How long a store reads what it has follows from how much that is, and not from whether something is wrong."""
    container = deployment_spec(SERVER)["template"]["spec"]["containers"][0]
    startup, liveness, readiness = (container[f"{name}_probe"] for name in ("startup", "liveness", "readiness"))
    assert startup["http_get"] == liveness["http_get"] == {"path": "/alive", "port": "health", "scheme": "HTTPS"}
    assert readiness["http_get"] == {"path": "/ready", "port": "http"}
    assert startup["period_seconds"] * startup["failure_threshold"] == 600


def services_of(monitor: Body) -> list[Body]:
    """The Services behind which a ServiceMonitor scrapes pods."""
    namespace, wanted = monitor["metadata"]["namespace"], monitor["spec"]["selector"]["matchLabels"].items()
    ports = {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]}
    return [
        body
        for body in objects(recorded("staging"), "Service")
        if body["metadata"]["namespace"] == namespace
        and wanted <= body["metadata"]["labels"].items()
        and ports & {port.get("name") for port in body["spec"]["ports"]}
    ]


def test_nothing_is_scraped_by_two_services_of_the_same_pods() -> None:
    """A headless Service beside a normal one would double every rate."""
    monitors = objects(recorded("staging"), "ServiceMonitor")
    pods = {title(monitor): [body["spec"].get("selector") for body in services_of(monitor)] for monitor in monitors}
    assert sum(map(len, pods.values())) > 10
    assert {name: found for name, found in pods.items() if any(found.count(one) > 1 for one in found)} == {}
