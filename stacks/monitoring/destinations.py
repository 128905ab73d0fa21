"""The network flow to an address that somebody wrote into a file: of the cluster, or on the internet."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from components.kubernetes.network import INTERNET_HTTPS, Flow, Peer

_PORTS = {"http": 80, "https": 443}


def outgoing(address: str) -> Flow:
    """To `scheme://host[:port]/…` or `host:port`. A Service `name.namespace.svc[…]` is all pods of its namespace on the
    port, which must be that of the pods, too: policies are judged after the Service has been resolved.
    """
    parts = urlsplit(address if "://" in address else f"//{address}")
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443)
    labels = host.split(".")
    if len(labels) > 2 and labels[2] == "svc":
        return Flow(peer=Peer(namespace=labels[1]), ports=(port,))
    return replace(INTERNET_HTTPS, ports=(port,))
