"""Flows as NetworkPolicy rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from components.kubernetes.addresses import UNKNOWN, ClusterAddresses
from components.kubernetes.identity import ROLE_ANNOTATION, credential_flows, with_credentials
from components.kubernetes.needs import (
    DNS,
    INTERNET_HTTPS,
    KUBERNETES_API,
    NEEDS,
    POD_IDENTITY,
    TOKEN_SERVICE,
    internal_tools,
    towards,
)
from components.kubernetes.network import Flow, Peer


@pytest.mark.parametrize(
    ("peer", "argument"),
    [
        (Peer(pods={"a": "b"}), {"pod_selector": {"match_labels": {"a": "b"}}}),
        (
            Peer(namespace="monitoring"),
            {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "monitoring"}}},
        ),
        (towards("https://203.0.113.7:9000").peer, {"ip_block": {"cidr": "203.0.113.7/32"}}),
    ],
)
def test_a_peer_is_exactly_what_it_says(peer: Peer, argument: Mapping[str, Any]) -> None:
    """An empty peer would mean everybody."""
    assert peer.as_arguments(UNKNOWN) == [argument]


def test_pods_of_another_namespace_are_one_peer_and_not_two() -> None:
    """As two entries of `from`, they would mean all of the namespace, and pods of that label anywhere."""
    (peer,) = DNS.peer.as_arguments(UNKNOWN)
    assert peer.keys() == {"namespace_selector", "pod_selector"}


def test_a_flow_has_every_port_with_every_protocol() -> None:
    """DNS over TCP is needed for long answers."""
    ports = DNS.port_arguments()
    assert ports == [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    assert Flow(peer=Peer(), ports=(1, 2)).port_arguments() == [
        {"port": 1, "protocol": "TCP"},
        {"port": 2, "protocol": "TCP"},
    ]


@pytest.mark.parametrize(
    "private", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"]
)
def test_the_internet_is_neither_the_private_network_nor_the_clouds_metadata(private: str) -> None:
    """169.254.169.254 gives the node's credentials to whoever asks."""
    (peer,) = INTERNET_HTTPS.peer.as_arguments(UNKNOWN)
    assert private in peer["ip_block"]["except_"]


def _ranges(flow: Flow, cluster: ClusterAddresses = UNKNOWN) -> list[str]:
    return [str(one["ip_block"]["cidr"]) for one in flow.peer.as_arguments(cluster)]


def test_the_api_server_is_where_the_cluster_says() -> None:
    cluster = ClusterAddresses(api_server=("172.20.0.1/32", "10.20.224.0/28"))
    assert _ranges(KUBERNETES_API, cluster) == ["172.20.0.1/32", "10.20.224.0/28"]
    assert "0.0.0.0/0" not in _ranges(KUBERNETES_API)


@pytest.mark.parametrize(
    ("address", "ports"),
    [
        ("https://s3.example.com", (443,)),
        ("http://metrics.example.com/write", (80,)),
        ("prometheus.example.com:9443", (9443,)),
        ("elastic.example.com", (443,)),
    ],
)
def test_an_endpoint_of_the_file_is_on_the_internet_and_where_the_environment_says(
    address: str, ports: tuple[int, ...]
) -> None:
    """Buckets of the company's own lie at private addresses: without the key no policy would let anybody reach them."""
    flow = towards(address)
    assert (_ranges(flow), flow.ports) == (["0.0.0.0/0"], ports)
    assert _ranges(flow, ClusterAddresses(endpoints=("10.8.0.0/16",))) == ["0.0.0.0/0", "10.8.0.0/16"]


@pytest.mark.parametrize("row", ["object storage", "telemetry storage", "elasticsearch", "remote write", "webhooks"])
def test_an_endpoint_in_the_cluster_is_the_pods_of_its_namespace(row: str) -> None:
    flow = NEEDS[row].to("http://minio.storage.svc.cluster.local:9000")
    assert (flow.peer, flow.ports) == (Peer(namespace="storage"), (9000,))


def test_a_load_tester_is_let_in_only_where_it_is_a_service_of_the_cluster() -> None:
    for host in ("flagger-loadtester.flagger-system", "flagger-loadtester.flagger-system.svc.cluster.local"):
        assert internal_tools(f"http://{host}/gate") == Peer(namespace="flagger-system")
    assert internal_tools("https://tester.example.com") is None
    assert internal_tools(None) is None


def test_every_identity_brings_the_way_to_its_credentials() -> None:
    """Without it each call of the SDK fails for want of credentials, after the longest of its time limits."""
    role = {ROLE_ANNOTATION: "arn:aws:iam::123456789012:role/files"}
    assert credential_flows({}) == ()
    assert credential_flows(role) == (TOKEN_SERVICE,)
    assert credential_flows({}, pod_identity=True) == (POD_IDENTITY,)
    assert with_credentials([DNS, TOKEN_SERVICE], role) == (DNS, TOKEN_SERVICE)
    assert _ranges(POD_IDENTITY) == ["169.254.170.23/32", "fd00:ec2::23/128"]
    assert _ranges(TOKEN_SERVICE, ClusterAddresses(cloud_services=("10.20.0.0/19",)))[-1] == "10.20.0.0/19"


@pytest.mark.parametrize("row", NEEDS)
def test_every_row_of_the_table_says_who_needs_what_and_why(row: str) -> None:
    need = NEEDS[row]
    assert need.option and need.who and need.why
    assert need.flow.ports and need.flow.peer.as_arguments(UNKNOWN)
