"""Other forms of an address that ``database_url.sqlalchemy_url`` translated."""

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

# Variables whose names are not PG followed by the parameter.
_VARIABLES = {
    "application_name": "PGAPPNAME",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "load_balance_hosts": "PGLOADBALANCEHOSTS",
    "channel_binding": "PGCHANNELBINDING",
    "require_auth": "PGREQUIREAUTH",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "client_encoding": "PGCLIENTENCODING",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
}


def schema_as_option(url: str) -> str:
    """Move the schema of a translated address into a connection option.

    Dagster opens its own storage, so it needs an address that sets the schema. A transaction pooler
    refuses such an option.

    Args:
        url: An address from ``sqlalchemy_url``.

    Returns:
        The address; ``url`` itself if it has no schema.
    """
    base, _, query = url.partition("?")
    given = dict(parse_qsl(query))
    schema = given.pop("schema", None)
    if schema is None:
        return url
    quoted = '"' + schema.replace('"', '""') + '"'
    escaped = re.sub(r"([\\\s])", r"\\\1", quoted)  # a space ends an option
    given["options"] = f"{given.get('options', '')} -csearch_path={escaped}".strip()
    return f"{base}?{urlencode(given, quote_via=quote)}"


def libpq_environment(url: str) -> dict[str, str]:
    """Make the variables from which psql and other libpq programs read an address.

    Args:
        url: An address from ``sqlalchemy_url``.

    Returns:
        Variables by name, such as PGHOST.
    """
    parts = urlsplit(schema_as_option(url))
    query = dict(parse_qsl(parts.query))
    given = {
        "PGHOST": query.pop("host", "") or parts.hostname or "",
        "PGPORT": query.pop("port", "") or str(parts.port or ""),
        "PGDATABASE": parts.path.removeprefix("/"),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        **{_VARIABLES.get(key, f"PG{key.upper()}"): value for key, value in query.items()},
    }
    return {name: value for name, value in given.items() if value}


def dagster_database(url: str) -> str:
    """Return the address of Dagster's own database on the same server: NAME_dagster.

    Args:
        url: An address from ``sqlalchemy_url``.

    Returns:
        The address, without a schema.
    """
    base, _, query = url.partition("?")
    kept = {key: value for key, value in parse_qsl(query) if key != "schema"}
    return f"{base}_dagster" + (f"?{urlencode(kept, quote_via=quote)}" if kept else "")
