"""The real cert-manager, in the version that is deployed, takes production's issuers, certificates and Ingresses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox, SandboxError
from stacks.system.flows import INGRESS_NAMESPACE
from tests.sandbox import applied, operators
from tests.sandbox.certificate_authority import certificate_authority
from tests.sandbox.cluster import Cluster
from tests.sandbox.test_cloudnative_pg import EXAMPLES, REFUSALS
from tests.unit.examples.summary import recorded_example
from tests.unit.recordings import recorded
from versions import CERTIFICATE

GROUPS = (CERTIFICATE.group, "acme.cert-manager.io")
SOLVERS = "--selector=acme.cert-manager.io/http01-solver=true"
# The namespaces of systems: with quota, limits and admission policies, and the ways in from outside.
BASELINE = ("Namespace", "ResourceQuota", "LimitRange", "PriorityClass", "ValidatingAdmissionPolicy")


@dataclass
class Operated:
    """Production's certificates on a sandbox where cert-manager runs; `early` is what they said without issuers."""

    sandbox: Sandbox
    cluster: Cluster
    log: Path
    early: dict[str, str] = field(default_factory=dict)

    def all(self, kind: str, *options: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.cluster.get(kind, "--all-namespaces", *options)["items"]
        return found

    def unready(self, *names: str) -> dict[str, str]:
        """Why each certificate among these (NAMESPACE/NAME) is not issued, by its name."""
        found = {}
        for one in self.all("certificates.cert-manager.io"):
            name = f"{one['metadata']['namespace']}/{one['metadata']['name']}"
            conditions = {each["type"]: each for each in one.get("status", {}).get("conditions", [])}
            ready = conditions.get("Ready", {"status": "False", "reason": "no condition"})
            if name in names and ready["status"] != "True":
                found[name] = ready["reason"]
        return found


def issuer(url: str, **solver: str) -> dict[str, Any]:
    """A ClusterIssuer as docs/how-to/own-cluster.md asks for it, of the authority at an address."""
    acme = {
        "server": f"{url}/directory",
        "privateKeySecretRef": {"name": "letsencrypt-account"},
        "solvers": [{"http01": {"ingress": {"ingressClassName": "nginx", **solver}}}],
    }
    metadata = {"name": "letsencrypt-prod"}
    return {
        "apiVersion": CERTIFICATE.api_version,
        "kind": "ClusterIssuer",
        "metadata": metadata,
        "spec": {"acme": acme},
    }


def of(found: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [one for one in found if one["kind"].removesuffix("Binding") in kinds]


def names(found: list[dict[str, Any]]) -> list[str]:
    return [f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in found]


def by_another_name(ingress: dict[str, Any]) -> dict[str, Any]:
    """The same for a host that nobody can own: somebody else's is asked nothing."""
    changed: dict[str, Any] = json.loads(json.dumps(ingress).replace("saas-platform.com", "saas-platform.test"))
    return changed


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    """A sandbox of its own on which certificates came first, then their issuers, then the Ingresses."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    folder, found = tmp_path_factory.mktemp("cert-manager"), applied.bodies(recorded("prod"))
    crds = operators.definitions(folder / "definitions", "cert-manager")
    sandbox, log = Sandbox("cert-manager", state=folder / "state"), folder / "operator.log"
    certificates = of(found, "Certificate")
    try:
        sandbox.up(crds=crds, operated=GROUPS)
        made = Operated(sandbox, Cluster(sandbox, "default"), log)
        with (
            certificate_authority() as url,
            operators.cert_manager(sandbox, folder / "certificates", url, log),
        ):
            for batch in applied.batches([*of(found, *BASELINE), *certificates]):
                applied.apply(sandbox, batch)
            applied.eventually(lambda: len(made.unready(*names(certificates))) < len(certificates))
            made.early = made.unready(*names(certificates))
            # The sandbox's own of that name signs for itself, and an issuer is of one kind.
            made.cluster.run("delete", "clusterissuer", "letsencrypt-prod")
            applied.apply(sandbox, [*of(found, "Issuer"), issuer(url, serviceType="ClusterIP")])
            applied.apply(sandbox, [by_another_name(one) for one in of(found, "Ingress")])
            yield made
    finally:
        sandbox.reset()


@pytest.mark.parametrize("stack", ["dev", "test", "staging", *EXAMPLES])
def test_the_webhook_admits_every_object_of_an_environment(stack: str, operated: Operated) -> None:
    graph = recorded_example(stack) if stack in EXAMPLES else recorded(stack)
    found = [one for one in applied.bodies(graph) if one["apiVersion"].partition("/")[0] in GROUPS]
    assert found
    # In namespaces of its own, it would be another's: the webhook looks at no namespace.
    moved = [{**one, "metadata": {**one["metadata"], "namespace": "default"}} for one in found]
    applied.apply(operated.sandbox, moved, "--dry-run=server")


def test_the_webhook_refuses_what_could_not_be_issued(operated: Operated) -> None:
    [certificate, *_] = of(applied.bodies(recorded("prod")), "Certificate")
    broken = {**certificate, "spec": {**certificate["spec"], "renewBefore": "99999h"}}
    with pytest.raises(SandboxError, match=r"webhook\.cert-manager\.io.*renewBefore"):
        applied.apply(operated.sandbox, [broken], "--dry-run=server")


def test_certificates_that_come_before_their_issuer_are_issued_once_it_is_there(operated: Operated) -> None:
    """An issuer waits for the Secret of its own authority's certificate, and that one for another issuer."""
    certificates = of(applied.bodies(recorded("prod")), "Certificate")
    assert operated.early.keys() == set(names(certificates)), "none could be issued, and all were waited for"
    applied.eventually(lambda: operated.unready(*names(certificates)), 180)
    for one in certificates:
        space, name = one["metadata"]["namespace"], one["spec"]["secretName"]
        secret = operated.cluster.get("secret", name, f"--namespace={space}")
        assert {"ca.crt", "tls.crt", "tls.key"} <= secret["data"].keys(), f"{space}/{name}"


def hosts() -> set[str]:
    found = [by_another_name(one) for one in of(applied.bodies(recorded("prod")), "Ingress")]
    return {host for one in found for tls in one["spec"]["tls"] for host in tls["hosts"]}


def test_an_authority_that_asks_by_http_gets_an_answer_for_every_host(operated: Operated) -> None:
    """A pod, a Service and an Ingress for each: under our quota, limits, Pod Security and admission policies."""
    wanted = len(hosts())
    applied.eventually(lambda: wanted - len(ready_pods(operated)), 180)
    services = operated.all("services", SOLVERS)
    assert [one["spec"]["type"] for one in services] == ["ClusterIP"] * wanted
    ingresses = operated.all("ingresses.networking.k8s.io", SOLVERS)
    assert {rule["host"] for one in ingresses for rule in one["spec"]["rules"]} == hosts()


def ready_pods(operated: Operated) -> list[dict[str, Any]]:
    return [one for one in operated.all("pods", SOLVERS) if one["status"].get("phase") == "Running"]


def test_the_ingress_controller_reaches_what_answers_for_a_host(operated: Operated) -> None:
    """Under the default alone the authority gets a time-out, and no certificate is ever issued."""
    policies = of(applied.bodies(recorded("prod")), "NetworkPolicy")
    applied.eventually(lambda: len(hosts()) - len(operated.all("pods", SOLVERS)))
    for pod in operated.all("pods", SOLVERS):
        [port] = [one["containerPort"] for one in pod["spec"]["containers"][0]["ports"]]
        mine = [one["spec"] for one in policies if one["metadata"]["namespace"] == pod["metadata"]["namespace"]]
        chosen = [
            one
            for one in mine
            if (one["podSelector"].get("matchLabels") or {"": ""}).items() <= pod["metadata"]["labels"].items()
        ]
        allowed = [
            (peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], one["port"])
            for spec in chosen
            for rule in spec.get("ingress", [])
            for peer in rule["from"]
            for one in rule["ports"]
        ]
        assert allowed == [(INGRESS_NAMESPACE, port)]


def _chosen(selector: dict[str, str] | None, labels: dict[str, str]) -> bool:
    return bool(selector) and dict(selector or {}).items() <= labels.items()


def test_nothing_that_cert_manager_makes_is_refused(operated: Operated) -> None:
    events = operated.all("events", "--field-selector=type=Warning")
    judged = [one for one in events if "endpoint" not in (one.get("source", {}).get("component") or "")]
    assert [one["message"] for one in judged if any(words in one["message"] for words in REFUSALS)] == []
    refused = [line for line in operated.log.read_text().splitlines() if any(words in line for words in REFUSALS)]
    assert refused == []


def test_a_solver_by_node_ports_is_refused_by_the_quota(operated: Operated) -> None:
    """The issuer's default, and why docs/how-to/own-cluster.md asks for another: the nodes stay shut."""
    owner = {
        "apiVersion": "acme.cert-manager.io/v1",
        "kind": "Challenge",
        "name": "one",
        "uid": "1",
        "controller": True,
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "cm-acme-http-solver-other", "namespace": "orders", "ownerReferences": [owner]},
        "spec": {"type": "NodePort", "ports": [{"port": 8089}], "selector": {"app": "none"}},
    }
    with pytest.raises(SandboxError, match=r"exceeded quota: quota.*services\.nodeports=1"):
        applied.apply(operated.sandbox, [service], "--dry-run=server")
