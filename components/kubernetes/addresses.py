"""The addresses of a cluster that no label selects: its API server, its nodes, and what is private beside it."""

from __future__ import annotations

from dataclasses import dataclass

# RFC 1918, and RFC 6598's range for carriers, which clouds and companies use likewise.
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
# RFC 3927: at 169.254.169.254 every cloud gives the node's own credentials to whoever asks.
LINK_LOCAL = "169.254.0.0/16"
NOT_INTERNET = (*PRIVATE, LINK_LOCAL)


@dataclass(frozen=True, kw_only=True)
class ClusterAddresses:
    """Ranges (IPv4, in CIDR notation) of what pods reach beside pods.

    `api_server` has the address of the Service `default/kubernetes` and those behind it: some plug-ins judge a
    connection before the Service is resolved, others after. `nodes` are the nodes' own, `cloud_services` where a
    cloud's services have private endpoints, and `endpoints` where outside endpoints are private that the environment's
    file names. Each lies in one of `NOT_INTERNET` or touches none of them: on the VPC CNI what one rule excepts is
    denied to a wider one.
    """

    api_server: tuple[str, ...] = PRIVATE
    nodes: tuple[str, ...] = PRIVATE
    cloud_services: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()


UNKNOWN = ClusterAddresses()
