"""The sandbox's own certificate authorities and certificates, made once and kept in its state folder."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .files import write_private

if TYPE_CHECKING:
    from trustme import CA

# A sandbox lives for days; ten years spare it renewal. trustme's authorities are valid from the year 2000 to 3000.
_LIFETIME = datetime.timedelta(days=3650)

# The first address of the service network (components.SERVICE_NETWORK): how pods would reach the API server.
_SERVER_NAMES = (
    *("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"),
    *("127.0.0.1", "10.96.0.1"),
)


class Identity(NamedTuple):
    """Who a certificate speaks for: file name, authority, common name, and organization (the Kubernetes group).

    Without an organization trustme puts in its own name, a group to which nobody grants anything.
    """

    file: str
    authority: str
    common_name: str
    organization: str = ""


# etcd has an authority of its own: certificates that the cluster signs for its users must not open the store.
AUTHORITIES = ("ca", "etcd-ca")
IDENTITIES = (
    Identity("server", "ca", "kube-apiserver"),
    Identity("admin", "ca", "sandbox-admin", "system:masters"),
    Identity("kwok", "ca", "kwok", "system:masters"),
    Identity("kube-controller-manager", "ca", "system:kube-controller-manager"),
    Identity("kube-scheduler", "ca", "system:kube-scheduler"),
    Identity("etcd", "etcd-ca", "etcd"),
)

# The key that signs service account tokens; the API server also accepts a private key to verify them.
SERVICE_ACCOUNT_KEY = "service-account.key"


def ensure(folder: Path) -> None:
    """Make in `folder` what is missing: NAME.crt and NAME.key of every authority and identity.

    A certificate is written after its key, so one that is there is whole. A new authority renews what it signed.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for authority in AUTHORITIES:
        if not (folder / f"{authority}.crt").exists():
            _make_authority(folder, authority)
            for identity in (each for each in IDENTITIES if each.authority == authority):
                (folder / f"{identity.file}.crt").unlink(missing_ok=True)
    for identity in IDENTITIES:
        if not (folder / f"{identity.file}.crt").exists():
            _make_certificate(folder, identity)
    if not (folder / SERVICE_ACCOUNT_KEY).exists():
        _make_service_account_key(folder)


def _make_authority(folder: Path, name: str) -> None:
    from trustme import CA

    made = CA(path_length=0, organization_unit_name=f"sandbox-{name}")
    _write(folder, name, made.private_key_pem.bytes(), made.cert_pem.bytes())


def _make_certificate(folder: Path, identity: Identity) -> None:
    made = _authority(folder, identity.authority).issue_cert(
        *_SERVER_NAMES,
        common_name=identity.common_name,
        organization_name=identity.organization or None,
        not_after=datetime.datetime.now(datetime.UTC) + _LIFETIME,
    )
    _write(folder, identity.file, made.private_key_pem.bytes(), made.cert_chain_pems[0].bytes())


def _make_service_account_key(folder: Path) -> None:
    from trustme import CA

    # In the form of SEC 1: the API server reads these keys in no other.
    write_private(folder / SERVICE_ACCOUNT_KEY, CA().private_key_pem.bytes())


def _authority(folder: Path, name: str) -> CA:
    from trustme import CA

    certificate, key = ((folder / f"{name}.{ending}").read_bytes() for ending in ("crt", "key"))
    return CA.from_pem(certificate, key)


def _write(folder: Path, name: str, key: bytes, certificate: bytes) -> None:
    write_private(folder / f"{name}.key", key)
    write_private(folder / f"{name}.crt", certificate)
