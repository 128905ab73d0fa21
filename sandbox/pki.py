"""The sandbox's own certificate authorities and certificates, made once and kept in its state folder."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .files import write_private

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

# A sandbox lives for days; ten years spare it renewal.
_LIFETIME = datetime.timedelta(days=3650)

# The first address of the service network (components.SERVICE_NETWORK): how pods would reach the API server.
_SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
_SERVER_ADDRESSES = ("127.0.0.1", "10.96.0.1")


class Identity(NamedTuple):
    """Who a certificate speaks for: file name, authority, common name, and organization (the Kubernetes group)."""

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
        _write_key(folder / SERVICE_ACCOUNT_KEY, _new_key())


def _make_authority(folder: Path, name: str) -> None:
    from cryptography import x509

    key = _new_key()
    subject = _name(f"sandbox-{name}")
    certificate = (
        _builder(subject, subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    _write(folder, name, key, certificate, key)


def _make_certificate(folder: Path, identity: Identity) -> None:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = _new_key()
    issuer = x509.load_pem_x509_certificate((folder / f"{identity.authority}.crt").read_bytes())
    purposes = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    certificate = (
        _builder(_name(identity.common_name, identity.organization), issuer.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(_alternative_names(), critical=False)
    )
    _write(folder, identity.file, key, certificate, _read_key(folder / f"{identity.authority}.key"))


def _alternative_names() -> x509.SubjectAlternativeName:
    from cryptography import x509

    names = [x509.DNSName(name) for name in _SERVER_NAMES]
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in _SERVER_ADDRESSES]
    return x509.SubjectAlternativeName([*names, *addresses])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str, organization: str = "") -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _builder(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    from cryptography import x509

    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Backdated, so that a clock set back by a little does not make it "not yet valid".
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
    )


def _new_key() -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _read_key(file: Path) -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(key, EllipticCurvePrivateKey), file
    return key


def _write(
    folder: Path,
    name: str,
    key: EllipticCurvePrivateKey,
    certificate: x509.CertificateBuilder,
    signing_key: EllipticCurvePrivateKey,
) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    _write_key(folder / f"{name}.key", key)
    signed = certificate.sign(signing_key, hashes.SHA256())
    write_private(folder / f"{name}.crt", signed.public_bytes(Encoding.PEM))


def _write_key(file: Path, key: EllipticCurvePrivateKey) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    # TraditionalOpenSSL is SEC 1 for these keys: the API server reads service account keys in no other form.
    write_private(file, key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
