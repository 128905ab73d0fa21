"""Certificates for traffic inside the monitoring, from an authority of the namespace's own."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.custom_resource import custom_resource
from components.naming import Scope
from versions import CERTIFICATE, CERTIFICATE_ISSUER


def certificate(
    name: str, *, scope: Scope, secret_name: str, hosts: Sequence[str], opts: pulumi.ResourceOptions
) -> list[CustomResource]:
    """A self-signed Issuer and a Certificate for `hosts` in the Secret `secret_name` (`tls.crt`, `tls.key`, `ca.crt`).

    cert-manager renews it, every 60 of 90 days by its default.
    """
    metadata = scope.metadata(secret_name)
    issuer = custom_resource(
        f"{name}-issuer",
        CERTIFICATE_ISSUER,
        metadata=metadata,
        spec={"selfSigned": {}},
        opts=opts,
    )
    made = custom_resource(
        name,
        CERTIFICATE,
        metadata=metadata,
        spec={
            "secretName": secret_name,
            "dnsNames": list(hosts),
            "issuerRef": {"name": secret_name, "kind": CERTIFICATE_ISSUER.kind},
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        },
        opts=opts,
    )
    return [issuer, made]
