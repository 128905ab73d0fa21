"""The real Pulumi engine and an EKS cluster, with a stand-in for AWS's provider in front of moto."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from components.operators.table import OPERATORS
from paths import ROOT
from tests.aws.account import REGION
from tests.sandbox.project import Project
from tests.unit.eks.files import file

pytestmark = pytest.mark.skipif(
    shutil.which("pulumi") is None,
    reason="pulumi is not on PATH; everything else works without it, only these tests need it",
)

STACK = "aws"
# Without a StorageClass, which needs an API server of Kubernetes, and operators, whose charts come from the internet.
OPERATORS_THERE = ", ".join(f"{one.name}: preinstalled" for one in OPERATORS.values() if one.needed)
TEXT = file(
    "dev",
    "    dns: {zone: create, firewall: true}\n",
    f"  saas-platform:overrides: {{storage_class: null}}\n  saas-platform:operators: {{{OPERATORS_THERE}}}\n",
).replace("astrbot: {}", "astrbot: {tenants: [{name: acme}]}")


@dataclass
class EksProject:
    """A copy of the program in which AWS is moto's server, with the Pulumi CLI and state in a folder of its own."""

    root: Path
    variables: dict[str, str]
    stack: str = STACK

    def write(self, text: str) -> None:
        """Make the stack's file."""
        (self.root / f"Pulumi.{self.stack}.yaml").write_text(text, encoding="utf-8")

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["pulumi", *arguments, "--stack", self.stack, "--non-interactive"]
        return subprocess.run(
            command, cwd=self.root, env=self.variables, capture_output=True, text=True, timeout=600, check=False
        )

    def succeed(self, *arguments: str) -> str:
        done = self.pulumi(*arguments)
        assert done.returncode == 0, f"pulumi {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        return boto3.client(service, region_name=REGION, endpoint_url=self.variables["AWS_ENDPOINT_URL"], **keys)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The address of an empty AWS, in which AWS's managed policies are."""
    from moto.server import ThreadedMotoServer

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        try:
            yield f"http://{host}:{port}"
        finally:
            server.stop()


@pytest.fixture(scope="module")
def project(moto: str, tmp_path_factory: pytest.TempPathFactory) -> EksProject:
    folder = tmp_path_factory.mktemp("eks")
    root, state, programs = folder / "program", folder / "state", folder / "bin"
    Project(state).copy(root)
    (root / ".venv").symlink_to(ROOT / ".venv")
    for path in (state, programs):
        path.mkdir()
    provider = programs / "pulumi-resource-aws"
    provider.write_text(f"#!/bin/sh\ncd {ROOT} && exec {sys.executable} -m tests.engine.aws_provider\n")
    provider.chmod(provider.stat().st_mode | stat.S_IXUSR)
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "AWS_ENDPOINT_URL": moto,
    }
    made = EksProject(root, variables)
    made.write(TEXT)
    made.succeed("stack", "init")
    return made


@pytest.fixture(scope="module")
def deployed(project: EksProject) -> EksProject:
    """After an `up` of the cluster alone."""
    shutil.copy(ROOT / "tests/engine/fixtures/eks_main.py", project.root / "__main__.py")
    project.succeed("up", "--yes", "--skip-preview")
    return project


def test_a_preview_of_all_of_it_with_the_policy_pack_is_clean(project: EksProject) -> None:
    """Before anything is there: whatever only AWS will know is unknown to the rules."""
    done = project.pulumi("preview", "--policy-pack", "policy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search(r"\[mandatory\]", done.stdout)


def test_the_engine_makes_the_cluster_in_the_order_that_aws_wants(deployed: EksProject) -> None:
    """Whatever is used before it is there is refused by the account."""
    eks, ec2 = deployed.client("eks"), deployed.client("ec2")
    name = f"saas-platform-{STACK}"
    cluster = eks.describe_cluster(name=name)["cluster"]
    assert cluster["resourcesVpcConfig"]["endpointPrivateAccess"] is True
    assert sorted(eks.list_nodegroups(clusterName=name)["nodegroups"]) == [f"{name}-general", f"{name}-large"]
    (gateway,) = ec2.describe_nat_gateways()["NatGateways"]
    routes = [route for table in ec2.describe_route_tables()["RouteTables"] for route in table["Routes"]]
    assert gateway["NatGatewayId"] in [route.get("NatGatewayId") for route in routes]


def test_a_second_up_changes_nothing(deployed: EksProject) -> None:
    """Inputs that differ from run to run would change a cluster that nobody has touched."""
    done = deployed.succeed("preview", "--expect-no-changes")
    assert "unchanged" in done


def test_the_kubeconfig_is_encrypted_in_the_state(deployed: EksProject) -> None:
    """Whoever reads a state need not know where clusters are."""
    state = json.loads(deployed.succeed("stack", "export"))
    (provider,) = (one for one in state["deployment"]["resources"] if one["type"] == "pulumi:providers:kubernetes")
    assert "ciphertext" in provider["inputs"]["kubeconfig"]
    assert "get-token" not in json.dumps(state)


def test_what_aws_refuses_ends_the_update_with_its_words(project: EksProject, deployed: EksProject) -> None:
    """A failure of AWS must not look like one of the program."""
    twin = replace(project, stack="twin")
    twin.write(TEXT.replace("kind: eks\n", f"kind: eks\n    name: saas-platform-{STACK}\n"))
    twin.succeed("stack", "init")
    done = twin.pulumi("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert "EntityAlreadyExists" in done.stdout + done.stderr
