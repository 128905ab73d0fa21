"""Certificates inside the cluster: whoever trusts one today trusts the one that replaces it."""

from __future__ import annotations

from graph.model import Graph
from tests.unit.recordings import objects, title


def test_what_renews_a_certificate_leaves_its_authority_alone(graph: Graph) -> None:
    """A self-signed certificate is its own authority: after its renewal every client that runs refuses it."""
    issuers = {
        (body["metadata"]["namespace"], body["metadata"]["name"]): body["spec"] for body in objects(graph, "Issuer")
    }
    certificates = [body for body in objects(graph, "Certificate") if body["spec"]["issuerRef"]["kind"] == "Issuer"]
    # A key that only signs is shown by no server: its certificate is what cert-manager keeps the public half in.
    shown = [body for body in certificates if body["spec"].get("usages") != ["digital signature"]]
    served = [body for body in shown if not body["spec"].get("isCA")]
    assert served
    for body in served:
        issuer = issuers[body["metadata"]["namespace"], body["spec"]["issuerRef"]["name"]]
        assert issuer.keys() == {"ca"}, title(body)
