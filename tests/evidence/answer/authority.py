"""A time-stamping authority of the test's own: OpenSSL's, with keys made on the spot."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    Certificate,
    CertificateBuilder,
    Name,
    NameAttribute,
    load_pem_x509_certificate,
)
from cryptography.x509.oid import NameOID

CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = Test authority
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[tsa]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[stamps]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha256
"""


class Authority:
    """Answers requests; `root` is the certificate that vouches for it."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("OpenSSL's program is not here (Debian: apt-get install openssl)")
        folder.mkdir()
        self.folder = folder
        self.root = folder / "root.pem"
        self.config = folder / "config"
        self.config.write_text(CONFIG.format(folder=folder), "utf-8")
        (folder / "serial").write_text("01\n", "utf-8")
        for name in ("root", "tsa"):
            self._run(
                "genpkey",
                "-algorithm",
                "EC",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-out",
                f"{name}.key",
            )
        new = ("req", "-new", "-config", "config")
        self._run(
            *new,
            "-x509",
            "-key",
            "root.key",
            "-subj",
            "/CN=Test root",
            "-days",
            "9000",
            "-extensions",
            "ca",
            "-out",
            "root.pem",
        )
        self._run(*new, "-key", "tsa.key", "-out", "tsa.csr")
        self._run(
            "x509",
            "-req",
            "-in",
            "tsa.csr",
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
            "-CAcreateserial",
            "-days",
            "9000",
            "-extfile",
            "config",
            "-extensions",
            "tsa",
            "-out",
            "tsa.pem",
        )

    @property
    def certificate(self) -> Certificate:
        """What it signs by."""
        return load_pem_x509_certificate((self.folder / "tsa.pem").read_bytes())

    def answer_among_others(self, request: Path, to: Path) -> Path:
        """As `answer`, with the certificates of many authorities that each gave the same serial
        number to theirs."""
        own, others = self.certificate, [self._other(number) for number in range(30)]
        pem = b"".join(one.public_bytes(Encoding.PEM) for one in others)
        (self.folder / "others.pem").write_bytes(pem)
        plain = self.config.read_text("utf-8")
        self.config.write_text(f"{plain}certs = {self.folder}/others.pem\n", "utf-8")
        self.answer(request, to)
        self.config.write_text(plain, "utf-8")
        # OpenSSL leaves them as they come; strict DER orders a set by its bytes.
        written = [one.public_bytes(Encoding.DER) for one in (own, *others)]
        content = to.read_bytes()
        assert b"".join(written) in content
        to.write_bytes(content.replace(b"".join(written), b"".join(sorted(written))))
        return to

    def _other(self, number: int) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        name = Name([NameAttribute(NameOID.COMMON_NAME, f"Authority {number}")])
        now = datetime.now(UTC)
        return (
            CertificateBuilder(name, name, key.public_key(), self.certificate.serial_number)
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=9000))
            .sign(key, SHA256())
        )

    def answer(self, request: Path, to: Path) -> Path:
        self._run(
            "ts",
            "-reply",
            "-config",
            "config",
            "-section",
            "one",
            "-queryfile",
            str(request.absolute()),
            "-out",
            str(to.absolute()),
        )
        return to

    def _run(self, *words: str) -> None:
        subprocess.run(("openssl", *words), cwd=self.folder, check=True, capture_output=True)
