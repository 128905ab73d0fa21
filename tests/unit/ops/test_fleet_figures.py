"""What `ops fleet` works out: quantities, requests, versions, and which resources are a system's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from components.kubernetes.quantity import number
from graph.model import Graph
from ops.engine.targets import targets
from ops.fleet.usage import Usage
from stacks.schema.fleet import SystemVersion


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("2", 2),
        ("500m", "0.5"),
        ("1250000000n", "1.25"),
        ("3u", "0.000003"),
        ("1Ki", 1024),
        ("1.5Gi", 3 * 2**29),
        ("2k", 2000),
        ("1e3", 1000),
        ("1E", 10**18),
        (4, 4),
        ("1Ei", 2**60),
    ],
)
def test_a_quantity_is_read_as_the_api_writes_it(text: object, amount: Any) -> None:
    """metrics-server counts CPU in nanocores."""
    assert number(str(text)) == Decimal(str(amount))


@pytest.mark.parametrize("text", ["", "many", "1 Gi", "1Qi", "1.1.1"])
def test_anything_else_is_no_quantity(text: str) -> None:
    """Zero would be an answer."""
    with pytest.raises(ValueError):
        number(text)


def pod(*containers: str, init: tuple[dict[str, Any], ...] = (), **spec: Any) -> dict[str, Any]:
    made = [{"resources": {"requests": {"cpu": cpu}}} for cpu in containers]
    return {"spec": {"nodeName": "one", "containers": made, "initContainers": list(init), **spec}}


def init(cpu: str, **more: str) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu}}, **more}


@pytest.mark.parametrize(
    ("asked", "cores"),
    [
        (pod("1", "500m"), 1.5),
        (pod("1", init=(init("3"), init("2"))), 3),
        (pod("2", init=(init("1", restartPolicy="Always"),)), 3),
        (pod("1", overhead={"cpu": "250m"}), 1.25),
        (pod("1", nodeName=""), 0),
        ({"spec": {"nodeName": "one", "containers": [{}]}}, 0),
    ],
    ids=["containers", "the largest of what runs before", "a sidecar", "overhead", "not scheduled", "asks for nothing"],
)
def test_without_metrics_what_pods_have_reserved_is_counted_as_the_scheduler_does(
    asked: dict[str, Any], cores: float
) -> None:
    """A figure that differs from what still fits would be worse than none."""
    usage = Usage.of([], None, [asked])
    assert (usage.cpu_used, usage.source) == (cores, "requests")


def version(text: str, before: str | None = None, pending: bool = False) -> SystemVersion:
    return SystemVersion(version=text, before=before, pending=pending)


@pytest.mark.parametrize(
    ("has", "wanted", "becomes"),
    [
        (version("1.0"), "1.1", version("1.1", "1.0", pending=True)),
        (version("1.1", "1.0"), "1.2", version("1.2", "1.1", pending=True)),
        (version("1.1", "1.0"), "1.1", version("1.1", "1.0")),
        (version("1.1", "1.0", pending=True), "1.1", version("1.1", "1.0", pending=True)),
        (version("1.1", "1.0", pending=True), "1.2", version("1.2", "1.0", pending=True)),
        (version("1.1", "1.0", pending=True), "1.0", version("1.0", None, pending=True)),
        (version("1.0", None, pending=True), "1.2", version("1.2", "1.0", pending=True)),
    ],
    ids=["first", "next", "has it", "on its way", "mended by a newer one", "back by hand", "after half a rollback"],
)
def test_the_version_to_go_back_to_is_one_that_was_healthy(
    has: SystemVersion, wanted: str, becomes: SystemVersion
) -> None:
    """A rollback to what was broken would be the second outage."""
    assert has.upgraded(wanted) == becomes


def test_a_rollback_that_was_begun_stays_begun_until_it_was_seen_healthy() -> None:
    """Else the command would not take it up again."""
    begun = version("1.1", "1.0").rolled_back()
    assert begun == version("1.0", pending=True) == begun.rolled_back()
    assert begun.settled() == version("1.0")


def test_a_systems_resources_are_those_below_its_component_declared_or_deployed(dev: Graph) -> None:
    """Pulumi removes what is no longer declared only if it is told of it."""
    everything = {one.urn for one in dev}
    gone = {"urn": "urn:gone", "parent": next(one.urn for one in dev if one.name == "astrbot")}
    found = set(targets(dev, [gone, {"urn": "urn:other", "parent": "urn:nobody"}], "astrbot"))
    assert "urn:gone" in found and "urn:other" not in found
    declared = found & everything
    assert all("AstrBot" in urn for urn in declared)
    assert declared == {urn for urn in everything if "AstrBot" in urn}
