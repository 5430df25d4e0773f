"""Certificates of a fictional authority, for receivers that tests put up on this machine."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

YEAR = timedelta(days=365)


class Authority:
    """Signs certificates that `trust` believes and nobody else does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Xugou Authority")])
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = self._builder(self._name, self._key.public_key()).add_extension(constraints, critical=True)
        self._certificate = made.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())

    def trust(self) -> ssl.SSLContext:
        """What a client of this authority believes."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.load_verify_locations(cadata=self._certificate.public_bytes(serialization.Encoding.PEM).decode())
        return made

    def serve(self, host: str, *, expired: bool = False) -> ssl.SSLContext:
        """What a server of this name or address shows."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        try:
            named: x509.GeneralName = x509.IPAddress(ip_address(host))
        except ValueError:
            named = x509.DNSName(host)
        end = datetime.now(UTC) - timedelta(days=1) if expired else None
        builder = self._builder(subject, key.public_key(), end)
        alternative = x509.SubjectAlternativeName([named])
        certificate = builder.add_extension(alternative, critical=False).sign(self._key, hashes.SHA256())
        file = self._folder / f"{host.replace(':', '-')}{'-expired' if expired else ''}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(file)
        return made

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, end: datetime | None = None
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        own = x509.SubjectKeyIdentifier.from_public_key(key)
        builder = builder.not_valid_before(now - YEAR).not_valid_after(end or now + YEAR)
        return builder.add_extension(own, critical=False).add_extension(identifier, critical=False)
