"""Certificates for traffic inside the monitoring, from an authority of the namespace's own."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.naming import Scope
from versions import CERTIFICATE, CERTIFICATE_ISSUER


def certificate(
    name: str, *, scope: Scope, secret_name: str, hosts: Sequence[str], opts: pulumi.ResourceOptions
) -> list[CustomResource]:
    """A self-signed Issuer and a Certificate for `hosts` in the Secret `secret_name` (`tls.crt`, `tls.key`, `ca.crt`).

    cert-manager renews it, every 60 of 90 days by its default.
    """
    metadata = scope.metadata(secret_name)
    issuer = CustomResource(
        f"{name}-issuer",
        api_version=CERTIFICATE_ISSUER.api_version,
        kind=CERTIFICATE_ISSUER.kind,
        metadata=metadata,
        spec={"selfSigned": {}},
        opts=opts,
    )
    made = CustomResource(
        name,
        api_version=CERTIFICATE.api_version,
        kind=CERTIFICATE.kind,
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
