"""Pairs of RSA keys, by which one service signs and others verify, from whichever source an environment uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.kubernetes.certificates import DURATION, RENEW_BEFORE, WHEN_READY
from components.kubernetes.naming import Scope
from components.kubernetes.objects import custom_resource
from components.platform.credentials import Credential, ExternalStore, SecretBundle, SecretBundleArgs
from versions import CERTIFICATE, CERTIFICATE_ISSUER

# What the federated-risk document's rotate_keys.sh makes: openssl genrsa 4096.
_BITS = 4096


@dataclass(frozen=True, kw_only=True)
class KeyPairArgs:
    """A pair in the Secret `secret_name`. In an external `store` the halves are the credentials `private` and `public`,
    in PEM; without one cert-manager makes the pair, and the public half is in a certificate, as PEM too.
    """

    scope: Scope
    component: str
    secret_name: str
    private: Credential
    public: Credential
    store: ExternalStore | None


def key_pair_keys(store: ExternalStore | None) -> Mapping[str, str]:
    """The keys of the Secret that have the `private` and the `public` half."""
    return {"private": "private", "public": "public"} if store else {"private": "tls.key", "public": "tls.crt"}


class KeyPair(pulumi.ComponentResource):
    """An RSA key of 4096 bits and its public half. Outputs: `secret_name`. The program never sees either.

    The random provider has no pairs of keys, and a pair that the program made by itself would be another in each run.
    """

    secret_name: str

    def __init__(self, name: str, args: KeyPairArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:credentials:KeyPair", name, {}, opts)
        self._name, self._args = name, args
        if args.store is None:
            self._made()
        else:
            self._stored(args.store)
        self.secret_name = args.secret_name
        self.register_outputs({"secret_name": self.secret_name})

    def _stored(self, store: ExternalStore) -> None:
        args = self._args
        bundle = SecretBundleArgs(
            scope=args.scope,
            secret_name=args.secret_name,
            component=args.component,
            secret={"private": args.private, "public": args.public},
            plain={},
            store=store,
        )
        SecretBundle(self._name, bundle, pulumi.ResourceOptions(parent=self))

    def _made(self) -> None:
        args, child = self._args, pulumi.ResourceOptions(parent=self)
        metadata = args.scope.metadata(args.component, args.secret_name, annotations=WHEN_READY)
        issuer = custom_resource(
            f"{self._name}-issuer", CERTIFICATE_ISSUER, metadata=metadata, spec={"selfSigned": {}}, opts=child
        )
        spec = {
            "secretName": args.secret_name,
            "commonName": args.secret_name,
            "issuerRef": {"name": args.secret_name, "kind": CERTIFICATE_ISSUER.kind},
            # A new key with each renewal would turn away every token that is out.
            "privateKey": {"algorithm": "RSA", "size": _BITS, "encoding": "PKCS8", "rotationPolicy": "Never"},
            "usages": ["digital signature"],
            # What cert-manager keeps a public key in: nobody asks it for its dates, and it is renewed as any other.
            "duration": DURATION,
            "renewBefore": RENEW_BEFORE,
        }
        after = pulumi.ResourceOptions(parent=self, depends_on=[issuer])
        custom_resource(self._name, CERTIFICATE, metadata=metadata, spec=spec, opts=after)
