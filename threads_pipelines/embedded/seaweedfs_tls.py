"""The TLS certificate that SeaweedFS requires from every client of its internal ports."""

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from threads_pipelines.embedded import files

_FILE = "tls.pem"
_GRPC_PARTS = ("master", "volume", "filer", "s3", "admin", "worker", "client")
_HTTPS_PARTS = ("master", "volume", "filer", "admin", "client")
_LIFE = datetime.timedelta(days=36500)


def make_certificate(folder: Path) -> None:
    """Make a private key and its certificate, in one PEM file of mode 0600, at the first start.

    The certificate is self-signed for 127.0.0.1. It is server certificate, client certificate and
    certificate authority at once, so only a user who can read the file is accepted.

    Args:
        folder: Folder of the file.
    """
    files.secret(folder / _FILE, _self_signed)


def environment() -> dict[str, str]:
    """Return the settings of SeaweedFS that require the certificate.

    The setting ``ca`` makes a server request a certificate from its clients. Paths are relative to
    the folder of ``make_certificate``.

    Returns:
        The settings of ``security.toml``, as variables.
    """
    keys = [f"grpc.{part}.{what}" for part in _GRPC_PARTS for what in ("cert", "key")]
    keys += [f"https.{part}.{what}" for part in _HTTPS_PARTS for what in ("cert", "key", "ca")]
    given = dict.fromkeys([*keys, "grpc.ca"], _FILE) | {"https.client.enabled": "true"}
    return {f"WEED_{key.replace('.', '_').upper()}": value for key, value in given.items()}


def client_context(folder: Path) -> ssl.SSLContext:
    """Make a TLS context that presents the certificate and accepts only its holder.

    Args:
        folder: Folder of the certificate.

    Returns:
        The context.
    """
    context = ssl.create_default_context(cafile=str(folder / _FILE))
    context.load_cert_chain(folder / _FILE)
    return context


def _self_signed() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "threads-pipelines seaweedfs")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A day earlier, so that a clock that is set back a little does not refuse it.
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return (private + signed.public_bytes(serialization.Encoding.PEM)).decode()


def _key_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
