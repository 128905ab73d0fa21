"""The keys of an EKS cluster: what is wrong is said at once, with its line, before anything is registered."""

from __future__ import annotations

import pytest

from tests.unit.eks.files import ADMINISTRATOR, file
from tests.unit.scratch import Scratch, mistakes

GROUP = "instance_types: [t3.medium], minimum: 1, desired: 1, maximum: 2"
DEVELOPER = "arn:aws:iam::123456789012:user/ada"

FILES = {
    "values of the wrong form": """\
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:systems: {}
  saas-platform:cluster:
    kind: eks
    account: "1234"  #! cluster.account | 12 digits
    region: Frankfurt  #! cluster.region | eu-central-1
    version: "1.12"  #! cluster.version | use one of 1.35, 1.36
    administrators: [root]  #! cluster.administrators[0] | arn:aws:iam::123456789012:role/name
    network: 10.0.0.0/8  #! cluster.network | a VPC has a /16 to a /23
    zones: [eu-central-1a]  #! cluster.zones[0] | its letter alone
    public_access: [office]  #! cluster.public_access[0] | 203.0.113.0/24
    nat: two  #! cluster.nat | 'one' or 'zone'
    autoscaler: hpa  #! cluster.autoscaler | 'karpenter'
    log_days: 8  #! cluster.log_days | 7, 14, 30
    backup_bucket: My_Bucket  #! cluster.backup_bucket | lower-case letters
    dns: {zone: example.com}  #! cluster.dns.zone | 'create', or the zone's id
    vpc: 1  #! cluster.vpc | unknown key
""",
    "missing keys": """\
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:systems: {}
  saas-platform:cluster:  #! cluster.account | key #! cluster.region | key #! cluster.administrators | must be set
    kind: eks
""",
    "numbers where text is meant": """\
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:systems: {}
  saas-platform:cluster:
    kind: eks
    account: 123456789012  #! cluster.account | put it in quotes
    version: 1.35  #! cluster.version | put it in quotes
    region: eu-central-1
    administrators: []  #! cluster.administrators | at least 1
""",
    "too few zones for prod": file(
        "prod", "    zones: [a, b]  #! cluster.zones | 2 are too few: nodes of tier 'prod'\n"
    ),
    "more zones than the tier": file("dev", "    zones: [a, b]  #! cluster.zones | set overrides.zones\n"),
    "a zone twice": file("staging", "    zones: [a, b, a]  #! cluster.zones[2] | listed twice\n"),
    "node groups whose figures do not fit": file(
        cluster="""\
    node_groups:
      below:
        instance_types: [t3.medium]
        minimum: 3
        desired: 3
        maximum: 2  #! cluster.node_groups.below.maximum | below the minimum of 3
      outside:
        instance_types: [t3.medium]
        minimum: 1
        desired: 5  #! cluster.node_groups.outside.desired | not between the minimum of 1 and the maximum of 2
        maximum: 2
      empty:
        instance_types: []  #! cluster.node_groups.empty.instance_types | at least 1
        minimum: 0
        desired: 0
        maximum: 0  #! cluster.node_groups.empty.maximum | at least 1
"""
    ),
    "an instance type that there is not": file(
        cluster="""\
    node_groups:
      general:
        instance_types: [t3.medum]  #! cluster.node_groups.general.instance_types[0] | did you mean 't3.medium'?
        minimum: 1
        desired: 1
        maximum: 2
      other:
        taints:
          - key: gpu
            effect: NoSchedule  #! cluster.node_groups.other.taints[0].effect | 'NO_SCHEDULE'
        instance_types: [t3.medium]
        minimum: 1
        desired: 1
        maximum: 2
"""
    ),
    "a control plane that everybody may reach, in staging": file(
        "staging", "    public_access: [203.0.113.0/24, 0.0.0.0/0]  #! cluster.public_access[1] | everybody\n"
    ),
    "and in prod, by another name": file(
        "prod", "    public_access: [0.0.0.0/0]  #! cluster.public_access[0] | name the networks\n"
    ),
    "a network too small for the nodes": file(
        "prod", "    network: 10.0.0.0/20  #! cluster.network | use a /18 or larger\n"
    ),
    "nodes that no network has room for": file(
        cluster=f"""\
    network: 10.0.0.0/16  #! cluster.network | no VPC is large enough
    node_groups: {{general: {{{GROUP.replace("maximum: 2", "maximum: 200")}}}}}
"""
    ),
    "services in the nodes' network": file(
        cluster="    service_network: 10.20.128.0/20  #! cluster.service_network | overlaps the network 10.20.0.0/16\n"
    ),
    "a service network that is public": file(
        cluster="    service_network: 8.8.0.0/16  #! cluster.service_network | not a private range\n"
    ),
    "a person with two roles": file(
        cluster=f"""\
    developers: [{DEVELOPER}, {ADMINISTRATOR}]  #! cluster.developers[1] | among the administrators too
    viewers:
      - {DEVELOPER}  #! cluster.viewers[0] | among the developers too
"""
    ),
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES.keys())
def test_every_mistake_is_reported_with_its_line_and_what_is_allowed(scratch: Scratch, text: str) -> None:
    """Half of these AWS would only say after a quarter of an hour, with the network already made."""
    problems = scratch.problems(text)
    report = "\n".join(map(str, problems))
    expected = mistakes(text)
    assert {(one.line, one.path) for one in problems} == {(one.line, one.path) for one in expected}, report
    for mistake in expected:
        said = [one.message for one in problems if (one.line, one.path) == (mistake.line, mistake.path)]
        assert any(mistake.fragment in message for message in said), f"{mistake}:\n{report}"
    assert scratch.registered == [], "a half-made environment would be left behind"


def test_mistakes_of_the_cluster_are_reported_with_all_others(scratch: Scratch) -> None:
    """One run for all of them."""
    text = file("prod", "    zones: [a]\n    public_access: [0.0.0.0/0]\n", "  saas-platform:domian: x\n")
    found = [problem.path for problem in scratch.problems(text)]
    assert found == ["domian", "cluster.zones", "cluster.public_access[0]"]


def test_dev_may_be_reached_from_everywhere(scratch: Scratch) -> None:
    """A choice of those who develop, which the policy pack still reports."""
    graph = scratch.record(file("dev", "    public_access: [0.0.0.0/0]\n"))
    (cluster,) = (one for one in graph if one.type == "aws:eks/cluster:Cluster")
    assert cluster.inputs["vpcConfig"]["publicAccessCidrs"] == ["0.0.0.0/0"]
