"""The TLS certificate that SeaweedFS requires from every client of its internal ports."""

import ssl
from pathlib import Path

from threads_pipelines.certificates import self_signed
from threads_pipelines.embedded import files

_FILE = "tls.pem"
_GRPC_PARTS = ("master", "volume", "filer", "s3", "admin", "worker", "client")
_HTTPS_PARTS = ("master", "volume", "filer", "admin", "client")


def make_certificate(folder: Path) -> None:
    """Make a private key and its certificate, in one PEM file of mode 0600, at the first start.

    The certificate is self-signed for 127.0.0.1. It is server certificate, client certificate and
    certificate authority at once, so only a user who can read the file is accepted.

    Args:
        folder: Folder of the file.
    """
    files.secret(folder / _FILE, lambda: self_signed("threads-pipelines seaweedfs"))


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
