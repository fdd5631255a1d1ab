"""Translates the TLS parameters of an address into libpq's; none that protects is dropped.

Prisma names the authority's certificate ``sslcert``, requests verification with ``sslaccept``, and
passes the client's own certificate as a PKCS #12 file, ``sslidentity``. libpq calls the first
``sslrootcert``, verifies by ``sslmode``, and reads PEM files.
"""

import hashlib
import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from threads_pipelines.errors import ConfigurationError

_MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
# psycopg2's own build of OpenSSL does not know where the system keeps them.
_SYSTEM_ROOTS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


def translate_tls(query: dict[str, str], variable: str, folder: Path | None) -> None:
    """Translate the parameters of Prisma and node-postgres in ``query`` into libpq's, in place.

    Args:
        query: Parameters of an address.
        variable: Name of the variable, for messages.
        folder: Where the PEM files of ``sslidentity`` are written; None refuses ``sslidentity``.

    Raises:
        ConfigurationError: A value is unknown, two parameters contradict each other, or
            ``sslidentity`` cannot be opened.
    """
    given = query.pop("ssl", "").lower()
    if given:
        query.setdefault("sslmode", "disable" if given in {"0", "false"} else "require")
    if query.get("sslmode") == "no-verify":
        query["sslmode"] = "require"
    mode, accept = query.get("sslmode"), query.pop("sslaccept", "")
    if mode is not None and mode not in _MODES:
        raise ConfigurationError(f"{variable}: sslmode is one of {', '.join(sorted(_MODES))}")
    if accept not in {"", "strict", "accept_invalid_certs"}:
        raise ConfigurationError(f"{variable}: sslaccept is strict or accept_invalid_certs")
    if accept == "strict" and mode == "disable":
        raise ConfigurationError(
            f"{variable}: sslaccept=strict and sslmode=disable contradict each other: remove one"
        )
    identity = query.pop("sslidentity", "")
    if identity:
        query |= _pem_files(Path(identity), query.pop("sslpassword", ""), folder, variable)
    elif "sslcert" in query and "sslkey" not in query:
        # Prisma's sslcert is the certificate of the server, or of the authority that signed it.
        root = query.pop("sslcert")
        if accept != "accept_invalid_certs":
            query.setdefault("sslrootcert", root)
            if mode in {None, "allow", "prefer", "require"}:
                query["sslmode"] = "verify-ca"
    if accept == "strict":
        query["sslmode"] = "verify-full"
    if query.get("sslmode") == "verify-full" and _system_is_meant(query):
        query["sslrootcert"] = _system_roots()


def _system_is_meant(query: Mapping[str, str]) -> bool:
    root = query.get("sslrootcert")
    own = Path.home() / ".postgresql" / "root.crt"
    return root == "system" or (root is None and not own.exists())


def _system_roots() -> str:
    """A file of the authorities that the system trusts, or libpq's word for them."""
    known = ssl.get_default_verify_paths().cafile
    return next(
        (path for path in (known, *_SYSTEM_ROOTS) if path and Path(path).exists()), "system"
    )


def _pem_files(
    identity: Path, password: str, folder: Path | None, variable: str = "DATABASE_URL"
) -> dict[str, str]:
    """Write the certificate and the key of a PKCS #12 file as PEM files, once.

    Args:
        identity: the PKCS #12 file.
        password: of the file; empty for none.
        folder: where the PEM files are kept; only this user may read them.
        variable: names the address in messages.

    Returns:
        ``sslcert`` and ``sslkey``, as libpq takes them.

    Raises:
        ConfigurationError: where the file cannot be read or opened.
    """
    if folder is None:
        raise ConfigurationError(f"{variable}: sslidentity is not supported here")
    try:
        content = identity.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{variable}: sslidentity {str(identity)!r} cannot be read ({error.strerror})"
        ) from None
    name = hashlib.sha256(content + password.encode()).hexdigest()[:16]
    files = {"sslcert": folder / f"{name}.crt", "sslkey": folder / f"{name}.key"}
    if not all(path.exists() for path in files.values()):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        certificate, key = _opened(content, password, variable)
        _write_private(files["sslcert"], certificate)
        _write_private(files["sslkey"], key)
    return {parameter: str(path) for parameter, path in files.items()}


def _opened(content: bytes, password: str, variable: str) -> tuple[bytes, bytes]:
    """The certificates, the client's own first, and its key, both PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12

    try:
        opened = pkcs12.load_pkcs12(content, password.encode() or None)
    except ValueError:  # its text may quote what it read
        opened = None
    if opened is None or opened.cert is None or opened.key is None:
        raise ConfigurationError(
            f"{variable}: sslidentity is not a PKCS #12 file with a certificate and a key that "
            "sslpassword opens"
        )
    pem = serialization.Encoding.PEM
    chain = [opened.cert, *opened.additional_certs]
    certificates = b"".join(one.certificate.public_bytes(pem) for one in chain)
    key = opened.key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificates, key


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    partial.replace(path)
