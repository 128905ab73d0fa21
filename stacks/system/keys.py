"""The files of keys that a system's services have: certificates, and pairs of keys for signing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.kubernetes.certificates import Authority, AuthorityArgs
from components.kubernetes.naming import Scope
from components.platform.credentials import Credential, ExternalStore
from components.platform.key_pair import KeyPair, KeyPairArgs, key_pair_keys
from components.workload.files import SecretVolume
from stacks.system.declaration import Declaration

# Both roles have one certificate: the services of a system are each other's callers.
_CERTIFICATE_FILES = {
    "server.crt": "tls.crt",
    "server.key": "tls.key",
    "client.crt": "tls.crt",
    "client.key": "tls.key",
    "ca.crt": "ca.crt",
}


def key_files(declaration: Declaration, store: ExternalStore | None) -> Mapping[str, Sequence[SecretVolume]]:
    """The files, by service."""
    halves = {f"{half}.pem": key for half, key in key_pair_keys(store).items()}
    found: dict[str, list[SecretVolume]] = {}
    for one, files in ((declaration.certificate, _CERTIFICATE_FILES), (declaration.signing_keys, halves)):
        if one is None:
            continue
        volume = SecretVolume(path=one.path, secret=one.secret, files=files)
        for service in one.services:
            found.setdefault(service, []).append(volume)
    return found


def register_keys(
    declaration: Declaration,
    scope: Scope,
    signing: Mapping[str, Credential],
    store: ExternalStore | None,
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """The Secrets behind them. `signing` has the names of both halves in an external store."""
    made: list[pulumi.Resource] = []
    name = declaration.name
    certificate, keys = declaration.certificate, declaration.signing_keys
    if certificate:
        hosts = [host for service in certificate.services for host in _hosts(scope, service)]
        args = AuthorityArgs(scope=scope, component=declaration.name, secret_name=certificate.secret, hosts=hosts)
        made.append(Authority(f"{name}-certificate", args, opts))
    if keys:
        pair = KeyPairArgs(
            scope=scope,
            component=declaration.name,
            secret_name=keys.secret,
            private=signing["private"],
            public=signing["public"],
            store=store,
        )
        made.append(KeyPair(f"{name}-{keys.secret}", pair, opts))
    return made


def _hosts(scope: Scope, service: str) -> list[str]:
    """The names by which others call a service, from the shortest to the whole one."""
    whole = scope.host(service)
    short = whole.removesuffix(".cluster.local")
    return [service, f"{service}.{scope.namespace}", short, whole]
