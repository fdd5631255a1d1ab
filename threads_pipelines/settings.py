"""The one place that reads the environment.

An address in the environment wins; where there is none, the running embedded stack answers
(``stack.json`` in the state folder, written by ``threads_pipelines.embedded``).
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from threads_pipelines.database_url import dagster_database, schema_as_option, sqlalchemy_url
from threads_pipelines.errors import ConfigurationError, MissingAddressError
from threads_pipelines.setting_values import (
    minutes,
    share,
    time_zone,
    url_password,
    web_address,
    yes_or_no,
)

T = TypeVar("T")
PROJECT_ROOT = Path(__file__).resolve().parent.parent
_PACKAGED = Path(__file__).resolve().parent / "packaged"
"""Holds, in an installed wheel, the files that the checkout has at its top level."""
_INSTALLED = _PACKAGED.is_dir()
FILES = _PACKAGED if _INSTALLED else PROJECT_ROOT
SQL_DIR = FILES / "sql"
SEEDS_DIR = FILES / "seeds"
WORKSPACE = FILES / "workspace.yaml"
DEFAULT_BUCKET = "threads-synthetic-data"
DEFAULT_MODEL = "gemma3:270m"
STACK_VARIABLES = (
    "DATABASE_URL",
    "DAGSTER_DATABASE_URL",
    "S3_ENDPOINT_URL",
    "S3_BUCKET",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "OLLAMA_HOST",
    "OLLAMA_MODEL",
)
_START = "start the embedded stack with `threads-pipelines start`, or set {}"


@dataclass(frozen=True, slots=True)
class S3Settings:
    """Where objects live.

    endpoint_url: None is AWS itself.
    access_key_id, secret_access_key, session_token: None leaves them to boto3's chain (profiles,
        container and instance roles).
    region: None leaves it to boto3's chain (the profile), then to us-east-1.
    """

    endpoint_url: str | None
    bucket: str
    access_key_id: str | None = field(repr=False)
    secret_access_key: str | None = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses of the parts, from the environment or the running stack; no secret in repr."""

    state_dir: Path
    timezone: str
    refresh_minutes: int
    """Minutes between two refreshes, once their schedule is turned on."""
    database_url_or_none: str | None = field(repr=False)
    dagster_database_url_or_none: str | None = field(repr=False)
    s3_or_none: S3Settings | None
    ollama_host_or_none: str | None
    ollama_model: str
    alert_webhook_url: str | None = field(repr=False)
    """Where a failed run is reported; its path is often a secret."""
    pushgateway_url: str | None = field(repr=False)
    """Prometheus Pushgateway that counts and timings are pushed to."""
    role_password: str | None = field(repr=False)
    """Password that set-up gives the role of the pipeline."""
    test_account_password: str | None = field(repr=False)
    """Password of the experiment's two test accounts in the app; none: they cannot log in."""
    experiment_share: float
    """Share of the real accounts that takes part in the experiment, 0 to 1."""
    experiment_name: str | None
    """Name of the experiment; another name deals the groups anew."""
    withhold_control: bool
    """Leave the experiment's control group without rows."""
    with_real_accounts: bool
    """Write synthetic accounts and their content although there are real ones."""
    embedded: frozenset[str]
    """Variables that came from the embedded stack rather than from the environment."""

    @property
    def secrets(self) -> frozenset[str]:
        """What must not be seen anywhere: passwords, keys, and the addresses that hold one."""
        urls = (self.database_url_or_none, self.dagster_database_url_or_none)
        split = [urlsplit(url) for url in urls if url]
        passwords = [parts.password for parts in split]
        given = [*passwords, *(unquote(password) for password in passwords if password)]
        given += [dict(parse_qsl(parts.query)).get("sslpassword") for parts in split]
        given += [self.alert_webhook_url, self.pushgateway_url, self.role_password]
        if self.s3_or_none:
            given += [self.s3_or_none.secret_access_key, self.s3_or_none.session_token]
        return frozenset(secret for secret in given if secret)

    @property
    def database_url(self) -> str:
        """The app's database as a SQLAlchemy address (psycopg2)."""
        return _required(self.database_url_or_none, "DATABASE_URL")

    @property
    def dagster_database_url(self) -> str:
        """Dagster's own storage as a SQLAlchemy address (psycopg2)."""
        return _required(self.dagster_database_url_or_none, "DAGSTER_DATABASE_URL")

    @property
    def s3(self) -> S3Settings:
        """The object storage."""
        return _required(self.s3_or_none, "S3_ENDPOINT_URL (or S3_BUCKET and AWS keys)")

    @property
    def ollama_host(self) -> str:
        """The text model's server."""
        return _required(self.ollama_host_or_none, "OLLAMA_HOST")


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings now.

    White space around a value is no part of it: files of secrets end with a line break.

    Raises:
        ConfigurationError: where a value cannot be used.
    """
    if environ is None:
        _strip_what_libraries_read()
    stripped = {key: value.strip() for key, value in (environ or os.environ).items()}
    given = {key: value for key, value in stripped.items() if value}
    state_dir = state_folder(given)
    stack = running_stack(state_dir)
    # A user's own server never gets the embedded server's credentials, and the other way round.
    ours = stack if _has_s3(given) else given
    for name in [name for name in ours if name.startswith(("S3_", "AWS_"))]:
        del ours[name]
    if "DATABASE_URL" in given:
        stack.pop("DAGSTER_DATABASE_URL", None)
    if "OLLAMA_HOST" in given:
        stack.pop("OLLAMA_MODEL", None)
    values = {**stack, **given}
    database, dagster = (_url(values, name, state_dir) for name in STACK_VARIABLES[:2])
    if database and not dagster:
        dagster = dagster_database(database)
    return Settings(
        state_dir=state_dir,
        timezone=time_zone(given, "THREADS_TIMEZONE"),
        refresh_minutes=minutes(given, "THREADS_REFRESH_MINUTES", default=60),
        database_url_or_none=database,
        dagster_database_url_or_none=dagster and schema_as_option(dagster),
        s3_or_none=_s3(values) if _has_s3(values) else None,
        ollama_host_or_none=values.get("OLLAMA_HOST"),
        ollama_model=values.get("OLLAMA_MODEL", DEFAULT_MODEL),
        alert_webhook_url=web_address(given, "THREADS_ALERT_WEBHOOK_URL"),
        pushgateway_url=web_address(given, "THREADS_PUSHGATEWAY_URL"),
        role_password=url_password(given, "THREADS_ROLE_PASSWORD"),
        test_account_password=given.get("THREADS_TEST_ACCOUNT_PASSWORD"),
        experiment_share=share(given, "THREADS_EXPERIMENT_ENROL"),
        experiment_name=given.get("THREADS_EXPERIMENT_NAME"),
        withhold_control=yes_or_no(given, "THREADS_EXPERIMENT_WITHHOLD_CONTROL"),
        with_real_accounts=yes_or_no(given, "THREADS_WITH_REAL_ACCOUNTS"),
        embedded=frozenset(set(stack) - set(given)),
    )


def state_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The folder that holds everything the project writes on this machine."""
    variables = os.environ if environ is None else environ
    given = variables.get("THREADS_STATE_DIR", "").strip()
    return Path(given or _default_state_folder(variables)).absolute()


def dagster_home(state_dir: Path) -> Path:
    """Return the folder that Dagster's processes are to have as DAGSTER_HOME.

    A folder that DAGSTER_HOME names is used as it is where it holds a ``dagster.yaml``, as the
    container's does. Otherwise it is ``dagster`` in the state folder, with the project's
    ``dagster.yaml`` written to it.

    Args:
        state_dir: The state folder.

    Returns:
        The folder, which exists and holds a ``dagster.yaml``.
    """
    given = Path(os.environ.get("DAGSTER_HOME", "").strip())
    if given.is_absolute() and (given / "dagster.yaml").is_file():
        return given
    home = state_dir / "dagster"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Replaced in one step: another command may be reading it.
    fresh = home / f"dagster.yaml.{os.getpid()}.new"
    shutil.copyfile(FILES / "dagster.yaml", fresh)
    fresh.replace(home / "dagster.yaml")
    return home


def keep_matplotlib_in_state_folder() -> None:
    """Let matplotlib, which reads this when it is imported, keep its caches out of the home."""
    os.environ.setdefault("MPLCONFIGDIR", str(state_folder() / "cache" / "matplotlib"))


def running_stack(state_dir: Path) -> dict[str, str]:
    """Variables of the embedded stack that runs in ``state_dir``; empty where none does."""
    path = state_dir / "stack.json"
    try:
        return dict(json.loads(path.read_text())["environment"])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{path} cannot be read ({type(error).__name__}): run `threads-pipelines stop`, "
            "then `threads-pipelines start`"
        ) from error


def child_environment(**extra: str) -> dict[str, str]:
    """The environment of this process with ``extra``, for a process that it starts."""
    return {**os.environ, **extra}


def _default_state_folder(environ: Mapping[str, str]) -> Path:
    """In a checkout its `.state`; for an installed wheel the user's folder for states (XDG)."""
    if not _INSTALLED:
        return PROJECT_ROOT / ".state"
    states = environ.get("XDG_STATE_HOME", "").strip() or Path.home() / ".local" / "state"
    return Path(states) / "threads-pipelines"


def _has_s3(values: Mapping[str, str]) -> bool:
    return "S3_ENDPOINT_URL" in values or "S3_BUCKET" in values


def _url(values: Mapping[str, str], variable: str, state_dir: Path) -> str | None:
    if variable not in values:
        return None
    return sqlalchemy_url(values[variable], variable, state_dir / "tls")


def _s3(values: Mapping[str, str]) -> S3Settings:
    endpoints = ("S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    named = next((name for name in endpoints if name in values), endpoints[0])
    return S3Settings(
        endpoint_url=web_address(values, named),
        bucket=values.get("S3_BUCKET", DEFAULT_BUCKET),
        access_key_id=values.get("AWS_ACCESS_KEY_ID"),
        secret_access_key=values.get("AWS_SECRET_ACCESS_KEY"),
        session_token=values.get("AWS_SESSION_TOKEN"),
        region=values.get("AWS_REGION") or values.get("AWS_DEFAULT_REGION"),
    )


def _strip_what_libraries_read() -> None:
    """Take white space off the variables that boto3, httpx and libpq read by themselves."""
    for name, value in list(os.environ.items()):
        if name.startswith(("AWS_", "PG", "SSL_CERT_")) or name.lower().endswith("_proxy"):
            stripped = value.strip()
            if stripped != value:
                os.environ[name] = stripped


def _required(value: T | None, variable: str) -> T:
    if value is None:
        raise MissingAddressError(f"No address: {_START.format(variable)}")
    return value
