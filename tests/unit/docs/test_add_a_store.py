"""The page that leads to a store of one's own, followed to the letter in a copy of the program."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
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


# What knows of kinds, asked in a process of its own for an object of the page's kind: in the order of the answers.
_SEEN = """
import json
from types import SimpleNamespace

from ops.engine import consent
from ops.preflight import named
from policy.facts import images, inventory, references, volumes, workloads
from policy.rules.images import ImageRegistryConfig
from policy.rules.operator_pods import operator_pods
from policy.rules.references import secrets_made
from policy.rules.resources import resource_ratio
from sandbox import stages

KIND = "nats.example.com/Server"
SPEC = {
    "image": "docker.io/library/nats:2.11.8",
    "jetstream": {"size": "1Gi", "class": "fast"},
    "accounts": [{"password": {"name": "one"}}, {"password": {"name": "two"}}],
}
BODY = {"apiVersion": "nats.example.com/v1", "kind": "Server", "metadata": {"name": "bus", "namespace": "shop"}}
one = SimpleNamespace(
    object_type=KIND, type="", props={**BODY, "spec": SPEC}, namespace="shop", label="Server shop/bus",
    is_kubernetes_object=True,
)
stack = SimpleNamespace(subjects=[one], of_type=lambda *types: [one] if KIND in types else [])

class Recorded(list):
    objects = [{**BODY, "spec": SPEC}]

graph = Recorded()
print(json.dumps({
    "pods": [dict(labels) for labels in workloads.pod_labels(one)],
    "among those that have pods": [owner.label for owner in workloads.pod_owners(stack)],
    "service": inventory.names(stack).has("core/Service", "shop", "bus-client"),
    "secret": secrets_made(stack).has("core/Secret", "shop", "bus-ca"),
    "images": [image.repository for image in images.images(one)],
    "registry": "docker.io/natsio" in ImageRegistryConfig().registries,
    "volumes": [(volume.size_field, volume.size, volume.storage_class) for volume in volumes.volumes(one)],
    "references": [list(reference) for reference in references.references(one)],
    "judged": [KIND in rule.applies_to for rule in (operator_pods, resource_ratio)],
    "grave": "Server" in consent._DATA,
    "looked for": sorted(need.name for need in named.needs(graph)),
    "stage": [stage["metadata"]["name"] for stage in stages.load() if stage["metadata"]["name"] == "nats-server"],
}))
"""


def test_the_kinds_of_its_operator_are_seen_by_policies_preflight_deployment_and_sandbox(
    folder: Path, tmp_path: Path
) -> None:
    """One store would be judged, and looked for, and asked about, by luck."""
    copy = tmp_path / "program"
    shutil.copytree(folder, copy)
    nats.run_by_an_operator(copy, "metadata: {name: nats-server}\n")
    done = subprocess.run([sys.executable, "-c", _SEEN], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "pods": [{"nats.example.com/server": "bus"}],
        "among those that have pods": ["Server shop/bus"],
        "service": True,
        "secret": True,
        "images": ["docker.io/library/nats"],
        "registry": True,
        "volumes": [["spec.jetstream.size", "1Gi", "fast"]],
        "references": [
            ["spec.jetstream.class", "storage.k8s.io/StorageClass", "fast"],
            ["spec.accounts[0].password", "core/Secret", "one"],
            ["spec.accounts[1].password", "core/Secret", "two"],
        ],
        "judged": [True, True],
        "grave": True,
        "looked for": ["fast"],
        "stage": ["nats-server"],
    }


@pytest.mark.parametrize("part", ["alerts", "board"])
def test_a_folder_without_a_module_is_told_by_its_path(part: str) -> None:
    facts = StoreFacts(
        capability="messages", package="components.stores", metrics=frozenset("x"), ports=(1,), registries=("quay.io",)
    )
    with pytest.raises(ValueError, match=rf"the store 'messages' has no .*components/stores/{part}\.py"):
        (rules_of if part == "alerts" else boards_of)(facts)


@pytest.mark.parametrize("part", ["capability", "package", "metrics", "ports", "registries"])
def test_facts_without_one_of_them_are_refused_with_its_name(part: str) -> None:
    given: dict[str, Any] = {
        "capability": "messages",
        "package": "components.stores.nats",
        "metrics": frozenset({"x"}),
        "ports": (1,),
        "registries": ("docker.io/natsio",),
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
