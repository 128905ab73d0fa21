"""The real Pulumi engine and an EKS cluster, with a stand-in for AWS's provider in front of moto."""

from __future__ import annotations

import json
import os
import runpy
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from rich.console import Console

import ops.engine.backend
import stacks.schema.source
from components.platform.operators.table import OPERATORS
from ops.engine.backend import LocalBackend
from ops.engine.programs import find
from ops.engine.stack import EngineError, EngineStack
from paths import PROJECT, ROOT
from sandbox import pki
from tests.aws.account import REGION
from tests.engine.aws_provider import serving
from tests.unit.eks.files import file

pytestmark = [
    pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed, so no engine can be built"),
    # The SDK leaves coroutines of a program that the engine broke off.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

STACK = "aws"
# Without a StorageClass, which needs an API server of Kubernetes, and operators, whose charts come from the internet.
OPERATORS_THERE = ", ".join(f"{one.name}: preinstalled" for one in OPERATORS.values() if one.needed)
TEXT = file(
    "dev",
    "    dns: {zone: create, firewall: true}\n",
    f"  saas-platform:overrides: {{storage_class: null}}\n  saas-platform:operators: {{{OPERATORS_THERE}}}\n",
).replace("astrbot: {}", "astrbot: {tenants: [{name: acme}]}")


def cluster_alone() -> None:
    """The program with an EKS cluster and nothing in it: a stand-in for AWS has no API server of Kubernetes."""
    runpy.run_path(str(ROOT / "tests/engine/fixtures/eks_main.py"), run_name="__main__")


@dataclass
class EksProject:
    """A folder with an environment's file in which AWS is moto's server, with state of its own."""

    root: Path
    engine: EngineStack

    def write(self, text: str) -> None:
        """Make the stack's file."""
        (self.root / f"Pulumi.{self.engine.name}.yaml").write_text(text, encoding="utf-8")

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        return boto3.client(service, region_name=REGION, endpoint_url=os.environ["AWS_ENDPOINT_URL"], **keys)


@pytest.fixture(scope="module")
def moto() -> Iterator[None]:
    """An empty AWS, in which AWS's managed policies are; everybody here is sent there."""
    from moto.server import ThreadedMotoServer

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        try:
            yield
        finally:
            server.stop()


@pytest.fixture(scope="module")
def project(moto: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EksProject]:
    root = tmp_path_factory.mktemp("eks")
    shutil.copy(ROOT / "Pulumi.yaml", root)
    programs = find(Console())
    pki.ensure(root / "pki")
    authority = (root / "pki" / "ca.crt").read_bytes()
    with pytest.MonkeyPatch.context() as patch, programs.running() as given, serving(authority) as attached:
        patch.setattr(stacks.schema.source, "ROOT", root)
        patch.setattr(ops.engine.backend, "ROOT", root)
        patch.setenv("SAAS_PLATFORM_STATE", str(root / "state"))
        for name in ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN"):
            patch.delenv(name, raising=False)
        providers = ",".join(filter(None, (given.get("PULUMI_DEBUG_PROVIDERS"), attached)))
        variables = {**given, "PULUMI_DEBUG_PROVIDERS": providers}
        made = EksProject(root, EngineStack(STACK, LocalBackend(STACK), programs, variables))
        made.write(TEXT)
        yield made


@pytest.fixture(scope="module")
def deployed(project: EksProject) -> EksProject:
    """After an `up` of the cluster alone."""
    alone = replace(project, engine=replace(project.engine, program=cluster_alone))
    alone.engine.up()
    return alone


def test_a_preview_of_all_of_it_with_the_policy_pack_is_clean(project: EksProject) -> None:
    """Before anything is there: whatever only AWS will know is unknown to the rules."""
    plan = project.engine.preview(packs=[str(ROOT / "policy" / "analyzer")])
    assert len(plan.steps) > 250
    assert not [one for one in plan.findings if one.startswith("mandatory")]


def test_the_engine_makes_the_cluster_in_the_order_that_aws_wants(deployed: EksProject) -> None:
    """Whatever is used before it is there is refused by the account."""
    eks, ec2 = deployed.client("eks"), deployed.client("ec2")
    name = f"{PROJECT}-{STACK}"
    cluster = eks.describe_cluster(name=name)["cluster"]
    assert cluster["resourcesVpcConfig"]["endpointPrivateAccess"] is True
    assert sorted(eks.list_nodegroups(clusterName=name)["nodegroups"]) == [f"{name}-general", f"{name}-large"]
    (gateway,) = ec2.describe_nat_gateways()["NatGateways"]
    routes = [route for table in ec2.describe_route_tables()["RouteTables"] for route in table["Routes"]]
    assert gateway["NatGatewayId"] in [route.get("NatGatewayId") for route in routes]


def test_a_second_up_changes_nothing(deployed: EksProject) -> None:
    """Inputs that differ from run to run would change a cluster that nobody has touched."""
    plan = deployed.engine.preview()
    assert plan.steps == ()
    assert plan.unchanged > 50


def test_the_kubeconfig_is_encrypted_in_the_state(deployed: EksProject) -> None:
    """Whoever reads a state need not know where clusters are."""
    resources = deployed.engine.resources()
    (provider,) = (one for one in resources if one["type"] == "pulumi:providers:kubernetes")
    assert "ciphertext" in provider["inputs"]["kubeconfig"]
    assert "get-token" not in json.dumps(resources)


def test_what_aws_refuses_ends_the_update_with_its_words(deployed: EksProject) -> None:
    """A failure of AWS must not look like one of the program."""
    twin = replace(deployed, engine=replace(deployed.engine, name="twin", backend=LocalBackend("twin")))
    twin.write(TEXT.replace("kind: eks\n", f"kind: eks\n    name: {PROJECT}-{STACK}\n"))
    with pytest.raises(EngineError) as refused:
        twin.engine.up()
    assert "AlreadyExists" in str(refused.value)
