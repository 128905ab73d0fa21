"""Certificates for traffic inside a namespace, from an authority of its own that outlives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.kubernetes.naming import Scope
from components.kubernetes.objects import custom_resource
from versions import CERTIFICATE, CERTIFICATE_ISSUER
from versions import CustomResource as Kind

_KEY = {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"}
# Clients keep the authority for as long as they run; ten years outlast them.
_AUTHORITY_DURATION = "87600h"
# A year and a month, the longest that browsers take too, renewed two months before its end: a server that reads its
# certificate only when it starts has that long to be restarted.
DURATION, RENEW_BEFORE = "9528h", "1440h"
# What stands on it fails and tries again for minutes if it is not there yet.
WHEN_READY = {"pulumi.com/waitFor": "condition=Ready"}


@dataclass(frozen=True, kw_only=True)
class AuthorityArgs:
    """A certificate for `hosts` in the Secret `secret_name` (`tls.crt`, `tls.key`, `ca.crt`)."""

    scope: Scope
    component: str
    secret_name: str
    hosts: Sequence[str]


class Authority(pulumi.ComponentResource):
    """A self-signed authority, kept in the Secret `NAME-ca`, and a certificate of it. Outputs: `secret_name`.

    A self-signed certificate alone would be its own authority: with each renewal no client would trust it any more.
    """

    secret_name: str

    def __init__(self, name: str, args: AuthorityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:certificates:Authority", name, {}, opts)
        self._name, self._args = name, args
        own = f"{args.secret_name}-ca"
        first = self._issuer(f"{own}-self-signed", {"selfSigned": {}})
        authority = self._certificate(own, f"{own}-self-signed", _authority(own), first)
        issuer = self._issuer(own, {"ca": {"secretName": own}}, authority)
        self._certificate(args.secret_name, own, _server(args.hosts), issuer)
        self.secret_name = args.secret_name
        self.register_outputs({"secret_name": self.secret_name})

    def _issuer(self, issuer: str, spec: Mapping[str, Any], *needs: pulumi.Resource) -> CustomResource:
        return self._object(CERTIFICATE_ISSUER, issuer, spec, needs)

    def _certificate(
        self, secret: str, issuer: str, spec: Mapping[str, Any], *needs: pulumi.Resource
    ) -> CustomResource:
        reference = {"name": issuer, "kind": CERTIFICATE_ISSUER.kind}
        whole = {"secretName": secret, "issuerRef": reference, "privateKey": _KEY, **spec}
        return self._object(CERTIFICATE, secret, whole, needs)

    def _object(
        self, kind: Kind, name: str, spec: Mapping[str, Any], needs: Sequence[pulumi.Resource]
    ) -> CustomResource:
        scope = self._args.scope
        return custom_resource(
            f"{self._name}-{kind.kind.lower()}-{name}",
            kind,
            metadata=scope.metadata(self._args.component, name, annotations=WHEN_READY),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(needs)),
        )


def _authority(name: str) -> dict[str, Any]:
    return {"isCA": True, "commonName": name, "duration": _AUTHORITY_DURATION, "renewBefore": "8760h"}


def _server(hosts: Sequence[str]) -> dict[str, Any]:
    # Redis nodes are clients of each other, and show the same certificate then.
    return {
        "dnsNames": list(hosts),
        "usages": ["digital signature", "key encipherment", "server auth", "client auth"],
        "duration": DURATION,
        "renewBefore": RENEW_BEFORE,
    }
