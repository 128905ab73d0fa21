"""The page that leads to a store of one's own, followed to the letter in a copy of the program."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from components.stores.base import Store, StoreContext, StorePlan
from components.stores.facts import StoreFacts
from components.stores.monitoring import boards_of, rules_of
from components.stores.redis.facts import FACTS
from tests.unit.docs import invoices, nats
from tests.unit.docs.program import copy_program, previewed, run_preview


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("program")
    copy_program(made)
    invoices.declare(made)
    nats.add(made)
    return made


@pytest.fixture(scope="module")
def preview(folder: Path) -> dict[str, Any]:
    return previewed(folder, "trial")


def made(preview: dict[str, Any], namespace: str) -> dict[tuple[str, str], Any]:
    bodies = [one["inputs"] for one in preview["resources"]]
    return {
        (body["kind"], body["metadata"]["name"]): body
        for body in bodies
        if body.get("metadata", {}).get("namespace") == namespace
    }


def test_the_page_adds_one_folder_one_runbook_and_versions() -> None:
    assert {path.rpartition("/")[0] for path in nats.files()} == {"components/stores/nats", "docs/runbooks", ""}


def test_the_store_is_there_without_a_finding(preview: dict[str, Any]) -> None:
    assert preview["findings"] == []
    objects = made(preview, "invoices")
    wanted = {
        *(("StatefulSet", "nats"), ("Service", "nats"), ("NetworkPolicy", "nats"), ("Secret", "nats-configuration")),
        *(("Deployment", "nats-exporter"), ("ServiceMonitor", "nats-exporter"), ("PrometheusRule", "nats-exporter")),
    }
    assert wanted - set(objects) == set()


def test_its_clients_get_what_they_need_of_it(preview: dict[str, Any]) -> None:
    objects = made(preview, "invoices")
    assert objects["ConfigMap", "invoices-config"]["data"]["NATS_URL"].startswith("nats://nats.invoices.svc")
    (container,) = objects["Deployment", "invoices-api"]["spec"]["template"]["spec"]["containers"]
    (password,) = [one for one in container["env"] if one["name"] == "NATS_PASSWORD"]
    assert password["valueFrom"]["secretKeyRef"] == {"name": "invoices-secrets", "key": "NATS_PASSWORD"}
    ports = [
        port["port"]
        for rule in objects["NetworkPolicy", "invoices-api"]["spec"]["egress"]
        for port in rule.get("ports", [])
    ]
    assert 4222 in ports


def test_prometheus_may_read_its_metrics(preview: dict[str, Any]) -> None:
    policy = made(preview, "monitoring")["NetworkPolicy", "prometheus-main"]
    rules = [
        rule
        for rule in policy["spec"]["egress"]
        for peer in rule.get("to", [])
        if "invoices" in str(peer.get("namespaceSelector"))
    ]
    assert 7777 in [port["port"] for rule in rules for port in rule["ports"]]


def test_no_service_may_take_one_of_its_names(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "program"
    shutil.copytree(folder, copy)
    file = copy / "Pulumi.trial.yaml"
    taken = "{services: [{name: nats-exporter, replicas: 1, cpu: 1, memory: 1Gi}]}"
    file.write_text(file.read_text(encoding="utf-8").replace("invoices: {}", f"invoices: {taken}"), encoding="utf-8")
    done = run_preview(copy, "trial")
    assert done.returncode != 0
    assert "nats-exporter" in done.stdout + done.stderr


@pytest.mark.parametrize("part", ["alerts", "board"])
def test_a_folder_without_a_module_is_told_by_its_path(part: str) -> None:
    facts = StoreFacts(capability="messages", package="components.stores", metrics=frozenset("x"), ports=(1,))
    with pytest.raises(ValueError, match=rf"the store 'messages' has no .*components/stores/{part}\.py"):
        (rules_of if part == "alerts" else boards_of)(facts)


@pytest.mark.parametrize("part", ["capability", "package", "metrics", "ports"])
def test_facts_without_one_of_them_are_refused_with_its_name(part: str) -> None:
    given: dict[str, Any] = {
        "capability": "messages",
        "package": "components.stores.nats",
        "metrics": frozenset({"x"}),
        "ports": (1,),
    }
    with pytest.raises(ValueError, match=f"has no {part}"):
        StoreFacts(**{**given, part: type(given[part])()})


def _plan(self: Store, context: StoreContext) -> StorePlan:
    raise AssertionError


@pytest.mark.parametrize("part", ["facts", "plan", "names"])
def test_a_store_without_one_of_its_parts_is_refused_with_its_name(part: str) -> None:
    parts: dict[str, Any] = {"facts": FACTS, "plan": _plan, "names": lambda self, system: []}
    del parts[part]
    with pytest.raises(TypeError, match=f"Vague has no {part}: a store says"):
        type("Vague", (Store,), parts)


@pytest.mark.parametrize("part", ["footprints", "containers", "settings", "provider", "register"])
def test_a_plan_without_one_of_its_parts_is_refused_with_its_name(part: str) -> None:
    parts: dict[str, Any] = dict.fromkeys(
        ("footprints", "containers", "settings", "provider", "register"), lambda self: []
    )
    del parts[part]
    with pytest.raises(TypeError, match=f"Vague has no {part}: a store says"):
        type("Vague", (StorePlan,), parts)
