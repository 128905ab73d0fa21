"""Changes that a database cannot make are refused before anything is deployed, with the way that works instead."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from graph.model import Graph, masked
from ops.immutable import refusals
from tests.unit.recordings import objects, system_of

Change = Callable[[dict[str, Any]], object]


def declared(graph: Graph) -> list[Any]:
    return [copy.deepcopy(masked(body)) for body in objects(graph)]


def cluster_of(bodies: list[Any]) -> dict[str, Any]:
    (found,) = [body for body in bodies if (body["kind"], system_of(body)) == ("Cluster", "astrbot")]
    spec: dict[str, Any] = found["spec"]
    return spec


def test_what_is_deployed_already_may_be_deployed_again(graph: Graph) -> None:
    """A check that is wrong about an unchanged environment stops every deployment."""
    assert refusals(declared(graph), declared(graph)) == []
    assert refusals(declared(graph), []) == [], "a first deployment has nothing to compare with"


REFUSED: dict[str, tuple[Change, str]] = {
    "a smaller volume": (lambda spec: spec["storage"].update(size="1Gi"), "storage.size goes from 10Gi to 1Gi"),
    "a smaller WAL volume": (
        lambda spec: spec["walStorage"].update(size="1Gi"),
        "walStorage.size goes from 2Gi to 1Gi",
    ),
    "no WAL volume": (lambda spec: spec.pop("walStorage"), "walStorage is dropped"),
    "another class": (lambda spec: spec["storage"].update(storageClass="slow"), "goes from fast-ssd to slow"),
    "no class": (lambda spec: spec["walStorage"].pop("storageClass"), "goes from fast-ssd to None"),
    "an older major": (lambda spec: spec["imageCatalogRef"].update(major=16), "major goes from 17 to 16"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_change_that_cannot_be_made_is_refused_with_the_way_that_works(dev: Graph, name: str) -> None:
    """The operator's webhook would say so half-way through the deployment, or not at all."""
    change, words = REFUSED[name]
    wanted = declared(dev)
    change(cluster_of(wanted))
    (message,) = refusals(wanted, declared(dev))
    assert message.startswith("Cluster astrbot/postgresql-cluster: ")
    assert words in message
    assert "declare a second cluster" in message


ALLOWED: dict[str, Change] = {
    "a larger volume": lambda spec: spec["storage"].update(size="20Gi"),
    "the same size in another unit": lambda spec: spec["storage"].update(size="10240Mi"),
    "a newer major": lambda spec: spec["imageCatalogRef"].update(major=18),
    "more instances": lambda spec: spec.update(instances=3),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_a_change_that_can_be_made_is_let_through(dev: Graph, name: str) -> None:
    """Growing is the ordinary case."""
    wanted = declared(dev)
    ALLOWED[name](cluster_of(wanted))
    assert refusals(wanted, declared(dev)) == []


def test_a_wal_volume_may_be_added(dev: Graph) -> None:
    """The operator moves the WAL there; only the way back is closed."""
    live = declared(dev)
    cluster_of(live).pop("walStorage")
    assert refusals(declared(dev), live) == []


def test_all_refusals_are_reported_at_once(dev: Graph) -> None:
    """One a deployment would take as many deployments."""
    wanted = declared(dev)
    cluster_of(wanted)["storage"] = {"size": "1Gi", "storageClass": "slow"}
    assert len(refusals(wanted, declared(dev))) == 2
