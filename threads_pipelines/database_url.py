"""Translates PostgreSQL addresses in the forms of Prisma, libpq and node-postgres.

``sqlalchemy_url`` returns an address for SQLAlchemy and psycopg2. Each parameter is translated,
passed on to libpq, or ignored because it has no meaning for a batch. An unknown parameter is
refused, so that none that protects the connection is dropped. No message contains a part of a user
name or a password.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode

from threads_pipelines.database_tls import translate_tls
from threads_pipelines.errors import ConfigurationError

# Of the pool and the statement cache of Prisma's engine, and of node-postgres; and the time that
# the app allows one of its small queries.
_IGNORED = {
    *("connection_limit", "pool_timeout", "pgbouncer", "statement_cache_size", "socket_timeout"),
    *("max_connection_lifetime", "max_idle_connection_lifetime", "single_use_connections"),
    "uselibpqcompat",  # its meaning of sslmode is libpq's, which is the one here
}
# https://www.postgresql.org/docs/17/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_LIBPQ = {
    *("application_name", "channel_binding", "client_encoding", "connect_timeout"),
    *("fallback_application_name", "gssdelegation", "gssencmode", "gsslib", "hostaddr"),
    *("keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval", "krbsrvname"),
    *("load_balance_hosts", "max_protocol_version", "min_protocol_version", "options", "passfile"),
    *("replication", "require_auth", "requirepeer", "service", "ssl_max_protocol_version"),
    *("ssl_min_protocol_version", "sslcert", "sslcertmode", "sslcompression", "sslcrl"),
    *("sslcrldir", "sslkey", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "sslsni"),
    *("target_session_attrs", "tcp_user_timeout"),
}
_TRANSLATED = {
    *("schema", "ssl", "sslaccept", "sslidentity", "host", "port", "user", "password", "dbname")
}
_ADDRESS = re.compile(
    r"postgres(?:ql)?(?:\+psycopg2)?://(?:(?P<login>[^/?#@]*)@)?(?P<hosts>[^/?#@]*)"
    r"(?:/(?P<name>[^?#@]*))?(?:\?(?P<query>[^#]*))?"
)
_ENCODED = re.compile(r"(?:[^\s%\[\]\x00-\x1f]|%[0-9a-fA-F]{2})*")
_HOST = re.compile(
    r"(?P<host>\[[0-9a-fA-F:.%]+\]|(?:[^\s:%\[\],]|%[0-9a-fA-F]{2})*)(?::(?P<port>\d{1,5}))?"
)


def sqlalchemy_url(url: str, variable: str = "DATABASE_URL", folder: Path | None = None) -> str:
    """Translate an address for SQLAlchemy and psycopg2.

    Args:
        url: Such as ``postgresql://USER:PASSWORD@HOST:PORT/NAME?schema=public``. Several hosts are
            separated by commas; a host that begins with ``/`` is the folder of a Unix socket.
        variable: Name of the variable, for messages.
        folder: Where the PEM files of ``sslidentity`` are written; None refuses ``sslidentity``.

    Returns:
        The address. A schema other than ``public`` is kept as the parameter ``schema``, which
        ``storage.postgres.database.connect`` removes.

    Raises:
        ConfigurationError: The address cannot be used.
    """
    parts = _ADDRESS.fullmatch(url)
    login = (parts and parts["login"]) or ""
    name = (parts and parts["name"]) or ""
    if not parts or not _ENCODED.fullmatch(login):
        raise _malformed(variable)
    query = dict(parse_qsl(parts["query"] or "", keep_blank_values=True))
    hosts = _hosts(parts["hosts"], query, variable)
    if not login and "@" in (parts["query"] or ""):  # then a part of a password stands before it
        raise _malformed(variable)
    _known(query, variable)
    user, _, password = login.partition(":")
    user, password = query.pop("user", unquote(user)), query.pop("password", unquote(password))
    name = query.pop("dbname", unquote(name))
    if not name or set(name) & set("%?#@/"):  # SQLAlchemy does not decode it
        raise _malformed(variable)
    schema = query.pop("schema", "public") or "public"
    if schema != "public":
        query["schema"] = schema
    translate_tls(query, variable, folder)
    kept = {key: value for key, value in query.items() if key not in _IGNORED and value}
    address = f"{quote(user, safe='')}:{quote(password, safe='')}@" if password else ""
    address = address or (f"{quote(user, safe='')}@" if user else "")
    parameters = urlencode(kept, quote_via=quote)
    return f"postgresql+psycopg2://{address}{hosts}/{name}" + (f"?{parameters}" if kept else "")


def _known(query: Mapping[str, str], variable: str) -> None:
    """Refuse unknown parameters; a name that may be part of a password is not repeated."""
    unknown = sorted(set(query) - _IGNORED - _LIBPQ - _TRANSLATED)
    if unknown:
        named = unknown[0] if re.fullmatch(r"[a-z_]{1,40}", unknown[0]) else "after the ?"
        raise ConfigurationError(
            f"{variable}: the parameter {named} is not one of Prisma's or libpq's: "
            "remove it, or correct its name"
        )


def _hosts(authority: str, query: dict[str, str], variable: str) -> str:
    """Return host and port for SQLAlchemy; several hosts and sockets are moved into ``query``."""
    hosts, ports = [], []
    for one in authority.split(","):
        found = _HOST.fullmatch(one)
        if not found or int(found["port"] or 1) not in range(1, 65536):
            raise _malformed(variable)
        hosts.append(unquote(found["host"]).strip("[]"))
        ports.append(found["port"] or "")
    host = query.pop("host", "") or ",".join(hosts)
    port = query.pop("port", "") or (",".join(ports) if any(ports) else "")
    if not re.fullmatch(r"[\d,]*", port):
        raise _malformed(variable)
    several = "," in host
    if several:
        # The pipeline writes: a standby that answers first is not the one.
        query.setdefault("target_session_attrs", "read-write")
    if several or host.startswith(("/", "@")) or "," in port:
        query["host"] = host
        if port:
            query["port"] = port
        return ""
    shown = f"[{host}]" if ":" in host else host
    return shown + (f":{port}" if port else "")


def _malformed(variable: str) -> ConfigurationError:
    return ConfigurationError(
        f"{variable} is not a PostgreSQL address: write postgresql://USER:PASSWORD@HOST:PORT/NAME, "
        "and percent-encode characters such as # ? [ @ % / in the user and the password"
    )
