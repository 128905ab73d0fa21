"""The key `addresses` of an environment's file, and what is known of a cluster without it."""

from __future__ import annotations

import pytest

from components.kubernetes.addresses import UNKNOWN, ClusterAddresses
from stacks.schema.addresses import Addresses, of_eks, of_existing
from stacks.schema.eks import EksClusterConfig
from tests.unit.scratch import Scratch, mistakes

FILE = """\
config:
  saas-platform:tier: dev
  saas-platform:domain: qa.example.com
  saas-platform:cluster: {kind: existing, context: my-cluster}
  saas-platform:systems: {orders: {}}
"""
EKS = EksClusterConfig.model_validate(
    {
        "kind": "eks",
        "account": "123456789012",
        "region": "eu-central-1",
        "administrators": ["arn:aws:iam::123456789012:role/platform"],
    }
)


def announced(scratch: Scratch, text: str) -> None:
    """Fail unless the mistakes are found that a file announces, and no others."""
    problems, expected = scratch.problems(text), mistakes(text)
    assert [(one.line, one.path) for one in problems] == [(one.line, one.path) for one in expected], problems
    for problem, mistake in zip(problems, expected, strict=True):
        assert mistake.fragment in problem.message
    assert scratch.registered == []


def test_what_is_wrong_with_ranges_is_said_with_what_is_allowed(scratch: Scratch) -> None:
    text = f"""{FILE}\
  saas-platform:addresses:
    api_server: [10.0.0.0/7]  #! addresses.api_server[0] | is wider than the private range 10.0.0.0/8
    nodes: [10.1.0.0/99]  #! addresses.nodes[0] | is no range of IPv4 addresses
    endpoints: [169.254.169.254/32]  #! addresses.endpoints[0] | where clouds give out the nodes' credentials
"""
    announced(scratch, text)


def test_a_cluster_of_kind_eks_has_its_own(scratch: Scratch) -> None:
    text = """\
config:
  saas-platform:tier: dev
  saas-platform:domain: qa.example.com
  saas-platform:cluster:
    kind: eks
    account: "123456789012"
    region: eu-central-1
    administrators: [arn:aws:iam::123456789012:role/platform]
  saas-platform:systems: {orders: {}}
  saas-platform:addresses:
    api_server: [10.0.0.0/8]  #! addresses.api_server | has its own, from `network`; remove the key
    endpoints: [10.8.0.0/16]
"""
    announced(scratch, text)


def test_by_default_the_api_server_and_the_nodes_are_in_the_private_ranges() -> None:
    assert of_existing(Addresses()) == UNKNOWN
    assert UNKNOWN.api_server == UNKNOWN.nodes == ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")


def test_of_eks_everything_is_known_but_what_others_keep() -> None:
    """The Service of the API server has the first address of its range, and answers in subnets of its own."""
    known = of_eks(Addresses(endpoints=["10.8.0.0/16"]), EKS, 2)
    private = ("10.20.0.0/19", "10.20.32.0/19")
    assert known == ClusterAddresses(
        api_server=("172.20.0.1/32", "10.20.224.0/28", "10.20.224.16/28"),
        nodes=private,
        cloud_services=private,
        endpoints=("10.8.0.0/16",),
    )


@pytest.mark.parametrize("one", ["10.0.0.0/8", "203.0.113.7/32", "192.168.4.0/24"])
def test_ranges_that_no_exception_cuts_are_taken(one: str) -> None:
    assert of_existing(Addresses(api_server=[one])).api_server == (one,)
