"""The sums that a namespace's quota is made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.quantity import Bytes, Cpu
from components.stores.buckets.component import ObjectStorageArgs
from components.workload import Replicas
from tests.unit.properties import examples

SMALL = ContainerResources.of("100m", "1", "128Mi", "1Gi")
footprints = st.builds(
    lambda pods, cpu, memory, volumes: Footprint.of(
        pods,
        ContainerResources(
            cpu_request=Cpu(cpu), cpu_limit=Cpu(cpu), memory_request=Bytes(memory), memory_limit=Bytes(memory)
        ),
        volumes=volumes,
        storage=Bytes(memory),
    ),
    st.integers(0, 50),
    st.integers(0, 10**5),
    st.integers(0, 2**40),
    st.integers(0, 50),
)


@given(st.lists(footprints, max_size=6))
@examples(60)
def test_a_sum_of_footprints_has_the_sum_of_every_figure(parts: list[Footprint]) -> None:
    """A figure left out of the sum is a quota of zero for it."""
    whole = sum(parts, Footprint())
    assert whole.pods == sum(part.pods for part in parts)
    assert whole.volumes == sum(part.volumes for part in parts)
    for name in ("cpu_requests", "cpu_limits", "memory_requests", "memory_limits", "storage"):
        assert getattr(whole, name).amount == sum(getattr(part, name).amount for part in parts), name


def test_a_footprint_counts_every_pod_and_every_volume() -> None:
    """Storage is per volume, resources are per pod."""
    footprint = Footprint.of(3, SMALL, volumes=2, storage=Bytes.parse("10Gi"))
    assert (str(footprint.cpu_requests), str(footprint.cpu_limits)) == ("300m", "3")
    assert (str(footprint.memory_requests), str(footprint.memory_limits)) == ("384Mi", "3Gi")
    assert (footprint.volumes, str(footprint.storage)) == (2, "20Gi")


@pytest.mark.parametrize(
    ("figures", "what"),
    [(("2", "1", "1Gi", "1Gi"), "CPU"), (("1", "1", "2Gi", "1Gi"), "memory")],
)
def test_a_request_above_its_limit_is_refused(figures: tuple[str, str, str, str], what: str) -> None:
    """The API would refuse the pod, long after the preview called it good."""
    with pytest.raises(ValueError, match=f"{what} request .* is larger than its limit"):
        ContainerResources.of(*figures)


def test_the_largest_resources_exceed_each_in_every_figure() -> None:
    """A limit range with the maximum of one container only would refuse the other."""
    cpu = ContainerResources.of("2", "4", "128Mi", "1Gi")
    memory = ContainerResources.of("100m", "1", "2Gi", "8Gi")
    largest = ContainerResources.largest([cpu, memory])
    assert (str(largest.cpu_limit), str(largest.memory_limit)) == ("4", "8Gi")
    assert (str(largest.cpu_request), str(largest.memory_request)) == ("2", "2Gi")


@pytest.mark.parametrize(("minimum", "maximum"), [(-1, None), (0, 3), (-1, 3), (3, 2)])
def test_impossible_numbers_of_replicas_are_refused(minimum: int, maximum: int | None) -> None:
    """Fewer than none, none that is scaled, or a maximum below the minimum. None alone is a service that is stopped."""
    with pytest.raises(ValueError, match="replica"):
        Replicas(minimum=minimum, maximum=maximum)


@pytest.mark.parametrize(
    ("minimum", "maximum", "autoscaled", "most"), [(2, None, False, 2), (2, 2, False, 2), (2, 5, True, 5)]
)
def test_replicas_are_autoscaled_only_where_there_is_room(
    minimum: int, maximum: int | None, autoscaled: bool, most: int
) -> None:
    """An autoscaler from 2 to 2 is an object that does nothing and takes `spec.replicas` away."""
    replicas = Replicas(minimum=minimum, maximum=maximum)
    assert (replicas.autoscaled, replicas.most) == (autoscaled, most)


@pytest.mark.parametrize("servers", [0, 2, 3, 17])
def test_minio_refuses_a_number_of_servers_that_keeps_no_erasure_set(servers: int) -> None:
    """Two servers start, and lose everything with one of them."""
    fields = dict.fromkeys(ObjectStorageArgs.__dataclass_fields__)
    with pytest.raises(ValueError, match="use 1, or 4 and more"):
        ObjectStorageArgs(**fields | {"servers": servers})  # type: ignore[arg-type]
