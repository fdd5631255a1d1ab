"""Addresses as Prisma, libpq and node-postgres write them."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_pem_x509_certificate
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.psycopg2 import dialect

from tests.deployment.certificates import Authority
from threads_pipelines import settings
from threads_pipelines.database_url import sqlalchemy_url
from threads_pipelines.errors import ConfigurationError
from threads_pipelines.storage.postgres.schema import schema_of
from threads_pipelines.translated_url import dagster_database, schema_as_option


def libpq(url: str) -> dict[str, object]:
    """The parameters that psycopg2 is given."""
    psycopg2_dialect: Any = dialect()  # type: ignore[no-untyped-call]
    return dict(psycopg2_dialect.create_connect_args(make_url(url))[1])


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("postgresql://u:p@h:1/d?schema=public&connection_limit=5", "u:p@h:1/d"),
        ("postgres://u:p@h/d?sslmode=require", "u:p@h/d?sslmode=require"),
        ("postgresql+psycopg2://u:p@h/d", "u:p@h/d"),
        ("postgresql://u:p%40q@h/d", "u:p%40q@h/d"),
        ("postgresql://u:p!$&'()*+,;=:~q@h/d", "u:p%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A~q@h/d"),
        ("postgresql://u@h/d", "u@h/d"),
        ("postgresql://h/d?user=u&password=p%23", "u:p%23@h/d"),
        ("postgresql://u:p@h/my%20db?schema=app", "u:p@h/my db?schema=app"),
        ("postgresql://u:p@[::1]:5/d", "u:p@[::1]:5/d"),
        ("postgresql://u:p@h/d?ssl=true", "u:p@h/d?sslmode=require"),
        ("postgresql://u:p@h/d?connect_timeout=3", "u:p@h/d?connect_timeout=3"),
    ],
)
def test_an_address_is_translated(given: str, understood: str) -> None:
    translated = sqlalchemy_url(given)
    assert translated == f"postgresql+psycopg2://{understood}"
    assert sqlalchemy_url(translated) == translated


@pytest.mark.parametrize(
    "parameter",
    [
        *("connection_limit=1", "pool_timeout=1", "pgbouncer=true", "statement_cache_size=0"),
        *("max_connection_lifetime=1", "max_idle_connection_lifetime=1", "socket_timeout=1"),
        *("uselibpqcompat=true", "single_use_connections=true"),
    ],
)
def test_what_means_nothing_for_a_batch_is_ignored(parameter: str) -> None:
    assert sqlalchemy_url(f"postgresql://u:p@h/d?{parameter}") == "postgresql+psycopg2://u:p@h/d"


def test_an_unknown_parameter_is_named() -> None:
    with pytest.raises(ConfigurationError, match="the parameter sslroot is not one of"):
        sqlalchemy_url("postgresql://u:p@h/d?sslroot=a.pem")


@pytest.mark.parametrize(
    ("given", "parameters"),
    [
        (
            "u:p@h1:1,h2:2/d",
            {"host": "h1,h2", "port": "1,2", "target_session_attrs": "read-write"},
        ),
        (
            "u:p@h1,[::1]:2/d?target_session_attrs=primary",
            {"host": "h1,::1", "port": ",2", "target_session_attrs": "primary"},
        ),
        ("u:p@%2Fvar%2Frun/d", {"host": "/var/run"}),
        ("u:p@%2Fvar%2Frun:5/d", {"host": "/var/run", "port": "5"}),
        ("u:p@localhost/d?host=/var/run", {"host": "/var/run"}),
        ("u:p@localhost:5/d?host=/var/run", {"host": "/var/run", "port": "5"}),
        ("u:p@/d?host=/var/run&port=5", {"host": "/var/run", "port": "5"}),
    ],
)
def test_several_hosts_and_sockets(given: str, parameters: dict[str, str]) -> None:
    translated = sqlalchemy_url(f"postgresql://{given}")
    login = {"user": "u", "password": "p", "dbname": "d"}
    assert libpq(translated) == {**login, **parameters}
    assert sqlalchemy_url(translated) == translated


@pytest.mark.parametrize("character", ["#", "?", "[", "]", "@", "%", "/", " ", "\n", "%4", "?a="])
@pytest.mark.parametrize("secret", ["hunter2{}hunter3", "1{}hunter3", "{}hunter3"])
def test_a_password_that_is_not_encoded_is_refused_without_any_of_it(
    secret: str, character: str
) -> None:
    address = f"postgresql://u:{secret.format(character)}@h:5432/d?schema=public"
    with pytest.raises(ConfigurationError, match="percent-encode") as caught:
        settings.load({"DATABASE_URL": address, "THREADS_STATE_DIR": "/nowhere"})
    assert "hunter" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        *("mysql://u:hunter2@h/d", "u:hunter2@h/d", "postgresql://u:hunter2@h"),
        *("postgresql://h:x/d", "postgresql://u:hunter2@h:70000/d", "hunter2"),
        "postgresql://u:hunter2@h,:x/d",
    ],
)
def test_what_is_no_address_is_refused_without_showing_it(given: str) -> None:
    with pytest.raises(ConfigurationError, match="not a PostgreSQL address") as caught:
        sqlalchemy_url(given)
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize("schema", ["Threads", "my-schema", 'we"ird', "a b\\c", "größe", "user"])
def test_any_legal_name_is_a_schema(schema: str) -> None:
    address = make_url("postgresql://u:p@h/d").update_query_dict({"schema": schema})
    translated = sqlalchemy_url(address.render_as_string(hide_password=False))
    assert schema_of(make_url(translated)) == schema
    assert "schema" not in make_url(dagster_database(translated)).query
    assert dagster_database(translated).startswith("postgresql+psycopg2://u:p@h/d_dagster")


def test_without_a_schema_it_is_public_unless_the_options_say_otherwise() -> None:
    assert schema_of(make_url("postgresql://h/d")) == "public"
    assert schema_of(make_url("postgresql://h/d?options=-csearch_path%3Dapp")) is None


def test_dagster_gets_the_schema_of_its_own_address_as_an_option() -> None:
    given = sqlalchemy_url('postgresql://u:p@h/d?schema=my "x&sslmode=require')
    assert libpq(schema_as_option(given))["options"] == r'-csearch_path="my\ ""x"'
    assert libpq(schema_as_option(given))["sslmode"] == "require"


@pytest.mark.parametrize(
    ("given", "mode", "root"),
    [
        ("sslaccept=strict&sslcert=ca.pem", "verify-full", "ca.pem"),
        ("sslaccept=strict&sslmode=require&sslrootcert=ca.pem", "verify-full", "ca.pem"),
        ("sslcert=ca.pem", "verify-ca", "ca.pem"),
        ("sslmode=require&sslcert=ca.pem", "verify-ca", "ca.pem"),
        ("sslmode=verify-full&sslcert=ca.pem", "verify-full", "ca.pem"),
        ("sslmode=require&sslcert=ca.pem&sslaccept=accept_invalid_certs", "require", None),
        ("sslmode=no-verify", "require", None),
    ],
)
def test_what_protects_is_kept(given: str, mode: str, root: str | None) -> None:
    parameters = libpq(sqlalchemy_url(f"postgresql://u:p@h/d?{given}"))
    assert parameters["sslmode"] == mode
    assert parameters.get("sslrootcert") == root
    assert "sslcert" not in parameters


def test_a_client_certificate_of_libpq_stays_one() -> None:
    given = libpq(sqlalchemy_url("postgresql://u:p@h/d?sslcert=c.pem&sslkey=k.pem"))
    assert (given["sslcert"], given["sslkey"]) == ("c.pem", "k.pem")


def test_the_systems_authorities_are_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("sslaccept=strict", "sslmode=verify-full&sslrootcert=system"):
        assert libpq(sqlalchemy_url(f"postgresql://h/d?{given}"))["sslrootcert"] == str(roots)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("sslaccept=strict&sslmode=disable", "contradict each other"),
        ("sslaccept=lax", "sslaccept is strict or accept_invalid_certs"),
        ("sslmode=on", "sslmode is one of"),
        ("sslidentity=/nowhere/me.p12", r"sslidentity '/nowhere/me.p12' cannot be read"),
    ],
)
def test_tls_that_cannot_be_meant_is_refused(given: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=message):
        sqlalchemy_url(f"postgresql://u:p@h/d?{given}", folder=tmp_path)


def test_an_identity_is_opened_for_libpq(tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path, "authority").issue("127.0.0.1")
    identity = tmp_path / "me.p12"
    identity.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"me",
            serialization.load_pem_private_key(key.read_bytes(), None),  # type: ignore[arg-type]
            load_pem_x509_certificate(certificate.read_bytes()),
            None,
            serialization.BestAvailableEncryption(b"hunter2"),
        )
    )
    state = tmp_path / "state"
    address = f"postgresql://u:p@h/d?sslidentity={identity}&sslpassword="
    given = {"THREADS_STATE_DIR": str(state), "DATABASE_URL": f"{address}hunter2"}
    parameters = libpq(settings.load(given).database_url)
    assert "sslpassword" not in parameters
    assert Path(str(parameters["sslcert"])).read_bytes() == certificate.read_bytes()
    written = Path(str(parameters["sslkey"]))
    assert serialization.load_pem_private_key(written.read_bytes(), None)
    assert written.stat().st_mode & 0o777 == 0o600
    assert written.parent == state / "tls"
    with pytest.raises(ConfigurationError, match="that sslpassword opens") as caught:
        settings.load({**given, "DATABASE_URL": f"{address}wrong-hunter3"})
    assert "hunter" not in str(caught.value)
