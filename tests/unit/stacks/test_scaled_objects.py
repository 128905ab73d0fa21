"""What KEDA's webhook asks of a ScaledObject: apis/keda/v1alpha1/scaledobject_webhook.go of KEDA v2.20.2."""

from __future__ import annotations

from tests.unit.recordings import one, recorded

SYSTEM, SERVICE = "federated-risk", "model-serving"


def test_a_scaled_object_takes_over_the_autoscaler_of_a_service_that_had_one() -> None:
    """verifyHpas: "the workload is already managed by the hpa", and `up` stops half-way. Both are there for a while."""
    scaled = one(recorded("prod"), "ScaledObject", SERVICE, SYSTEM)
    assert scaled["metadata"]["annotations"]["scaledobject.keda.sh/transfer-hpa-ownership"] == "true"
    before = one(recorded("dev"), "HorizontalPodAutoscaler", SERVICE, SYSTEM)
    name = scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["name"]
    assert name == before["metadata"]["name"], "it must be specified by name in advanced settings"
    assert len(name) <= 63, "verifyName"


def test_a_scaled_object_comes_after_what_it_scales() -> None:
    """verifyCPUMemoryScalers reads the workload's requests, and refuses what has none yet."""
    graph = recorded("prod")
    [scaled] = [each for each in graph if each.type.endswith(":ScaledObject") and each.name.endswith(SERVICE)]
    [workload] = [each for each in graph if each.type.endswith(":Deployment") and each.name == scaled.name]
    assert workload.urn in scaled.dependencies


def test_every_container_of_what_scales_by_cpu_or_memory_requests_it() -> None:
    """verifyCPUMemoryScalers: a share of nothing."""
    graph = recorded("prod")
    triggers = {each["type"] for each in one(graph, "ScaledObject", SERVICE, SYSTEM)["spec"]["triggers"]}
    workload = one(graph, "Deployment", SERVICE, SYSTEM)
    for container in workload["spec"]["template"]["spec"]["containers"]:
        assert triggers - {"prometheus"} <= container["resources"]["requests"].keys()
