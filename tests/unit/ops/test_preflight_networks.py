"""What the preflight says of a cluster's network: Cilium's mode, and addresses that no policy names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from components.kubernetes.needs import KUBELETS, KUBERNETES_API
from ops.preflight import networks
from ops.preflight.api import Answer, Api, Request
from ops.preflight.finding import Found
from ops.preflight.networks import Addresses
from tests.unit.recordings import recorded

_PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"]
_CILIUM = "/api/v1/namespaces/kube-system/configmaps/cilium-config"


class Server:
    """Answers by path; what it has not is missing, and what is None nobody may read."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        return [self._answer(one.path) for one in requests]

    def _answer(self, path: str) -> Answer:
        if path not in self._answers:
            return Answer(404)
        return Answer(200, self._answers[path]) if self._answers[path] is not None else Answer(403)


def found(answers: Mapping[str, Any]) -> Found:
    return networks.check(cast(Api, Server(answers)), recorded("dev"))


def test_the_ranges_are_those_of_the_policies() -> None:
    """A rule that is written otherwise would silence the check."""
    assert networks.ranges(recorded("dev"), KUBERNETES_API) == _PRIVATE
    assert networks.ranges(recorded("dev"), KUBELETS) == _PRIVATE


@pytest.mark.parametrize("data", [{"policy-cidr-match-mode": ""}, {}, None])
def test_cilium_without_its_mode_for_nodes_is_named_with_what_to_do(data: Any) -> None:
    (problem,) = found({_CILIUM: {"data": data}}).problems
    assert problem.startswith("Cilium lets no pod reach a node's address by its range (policy-cidr-match-mode is '')")
    assert "`policyCIDRMatchMode: nodes`" in problem
    assert problem.endswith("(docs/how-to/own-cluster.md#cilium)")


def test_cilium_with_its_mode_and_a_cluster_without_cilium_have_no_problem() -> None:
    assert found({_CILIUM: {"data": {"policy-cidr-match-mode": "nodes"}}}) == Found()
    assert found({}) == Found()


def test_what_may_not_be_read_is_not_taken_for_missing() -> None:
    assert found({_CILIUM: None}) == Found(unknown=("Cilium's settings",))


def test_an_api_server_at_a_public_address_is_named_with_the_key_that_lets_pods_reach_it() -> None:
    """A managed control plane may have one alone: the instances of PostgreSQL would never get ready."""
    slices = {"items": [{"addressType": "IPv4", "endpoints": [{"addresses": ["203.0.113.9"]}]}]}
    answers = {networks._SERVICE: {"spec": {"clusterIP": "10.96.0.1"}}, networks._BEHIND: slices}
    assert found(answers).problems == (
        "the API server is at 203.0.113.9, which no network policy names (they have 10.0.0.0/8, 172.16.0.0/12, "
        "192.168.0.0/16, 100.64.0.0/10): say `addresses: {api_server: [203.0.113.9/32]}` in Pulumi.dev.yaml",
    )


def test_nodes_at_public_addresses_are_named() -> None:
    status = {"addresses": [{"type": "InternalIP", "address": "198.51.100.3"}, {"type": "Hostname", "address": "a"}]}
    (problem,) = found({networks._NODES: {"items": [{"status": status}]}}).problems
    assert problem.startswith("nodes are at 198.51.100.3, which no network policy names")
    assert "`addresses: {nodes: [198.51.100.3/32]}`" in problem


@pytest.mark.parametrize("address", ["10.3.4.5", "127.0.0.1", "fd00::1", "100.64.3.4"])
def test_private_addresses_and_those_that_policies_do_not_concern_have_no_problem(address: str) -> None:
    assert not list(networks.problems(recorded("dev"), Addresses(api_server=[address], nodes=[address])))
