"""Flows as NetworkPolicy rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from components.kubernetes.network import DNS, INTERNET_HTTPS, Flow, Peer


@pytest.mark.parametrize(
    ("peer", "argument"),
    [
        (Peer(pods={"a": "b"}), {"pod_selector": {"match_labels": {"a": "b"}}}),
        (
            Peer(namespace="monitoring"),
            {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "monitoring"}}},
        ),
        (Peer(cidr="10.0.0.0/8"), {"ip_block": {"cidr": "10.0.0.0/8"}}),
        (
            Peer(cidr="0.0.0.0/0", outside=("10.0.0.0/8",)),
            {"ip_block": {"cidr": "0.0.0.0/0", "except_": ["10.0.0.0/8"]}},
        ),
    ],
)
def test_a_peer_is_exactly_what_it_says(peer: Peer, argument: Mapping[str, Any]) -> None:
    """An empty peer would mean everybody."""
    assert peer.as_argument() == argument


def test_pods_of_another_namespace_are_one_peer_and_not_two() -> None:
    """As two entries of `from`, they would mean all of the namespace, and pods of that label anywhere."""
    assert DNS.peer.as_argument().keys() == {"namespace_selector", "pod_selector"}


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
    assert private in INTERNET_HTTPS.peer.outside
