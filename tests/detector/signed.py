"""Footage with a C2PA manifest, signed with a key made for the test."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False},
    "builder": {"thumbnail": {"enabled": False}},
}
FORMATS = {".mp4": "video/mp4", ".avi": "video/avi", ".jpg": "image/jpeg", ".png": "image/png"}


def name(common: str) -> x509.Name:
    words = {NameOID.ORGANIZATION_NAME: "Hall Camera Works", NameOID.COMMON_NAME: common}
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in words.items()])


def certificate(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, by: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """A certificate as C2PA wants them (C2PA 2.2, 14.5), or an authority where both are one."""
    authority = subject == issuer
    made = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(authority, None), True)
        .add_extension(
            x509.KeyUsage(True, False, False, False, False, authority, authority, False, False),
            True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False)
    )
    if not authority:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        made = made.add_extension(usage, False)
    return made.sign(by, hashes.SHA256())


@cache
def camera() -> tuple[bytes, bytes]:
    """The certificates of a camera and of who vouches for it, and the camera's key (PEM)."""
    root, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    chain = (certificate("Camera 7", key, "Root", root), certificate("Root", root, "Root", root))
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in chain)
    return pem, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def sign(source: Path, to: Path, at: str | None = None, title: str = "hall.mp4") -> Path:
    """`source` with a manifest, or with the address (`at`) of one instead."""
    chain, key = camera()
    signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo("es256", chain, key, None))
    done = {
        "action": "c2pa.created",
        "when": "2024-05-06T07:08:09Z",
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
    }
    said = {
        "claim_generator_info": [{"name": "Hall camera", "version": "1.0"}],
        "title": title,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [done]}}],
    }
    context = c2pa.Context(settings=c2pa.Settings.from_dict(OFFLINE))
    builder = c2pa.Builder(said, context=context)
    if at is not None:
        builder.set_no_embed()
        builder.set_remote_url(at)
    out = io.BytesIO()
    builder.sign(signer, FORMATS[source.suffix], io.BytesIO(source.read_bytes()), out)
    to.write_bytes(out.getvalue())
    return to
