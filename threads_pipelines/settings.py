"""Settings from the environment, and from the embedded stack where the environment has none.

The running stack writes its addresses to ``stack.json`` in the state folder. An address in the
environment takes precedence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from threads_pipelines.database_url import sqlalchemy_url
from threads_pipelines.environment import (
    running_stack,
    state_folder,
    strip_values_of_libraries,
    variables,
)
from threads_pipelines.errors import MissingAddressError
from threads_pipelines.s3_settings import S3Settings, has_s3, read_s3
from threads_pipelines.setting_values import (
    scheduler_address,
    share,
    time_zone,
    url_password,
    web_address,
    whole,
    yes_or_no,
)
from threads_pipelines.translated_url import dagster_database, schema_as_option

T = TypeVar("T")
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
class Settings:
    """Addresses of the parts, from the environment or the running stack; no secret in repr."""

    state_dir: Path
    timezone: str
    refresh_minutes: int
    """Minutes between two refreshes, once their schedule is turned on."""
    refresh_late_after: int
    """Refreshes that may be missed in a row before the feeds count as late."""
    silence_seconds: int
    """Seconds without an answer of a database after which a launched run is ended."""
    database_url_or_none: str | None = field(repr=False)
    dagster_database_url_or_none: str | None = field(repr=False)
    s3_or_none: S3Settings | None
    dask_scheduler: str | None
    """Scheduler of the workers that share the night; none: this machine alone."""
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
    max_left_without: float
    """Largest share of the people with live rows that a publish may leave without any, 0 to 1."""
    guard: bool
    """Let the events of doubted posts and accounts count less for other people's feeds."""
    with_real_accounts: bool
    """Write synthetic accounts and their content although there are real ones."""
    embedded: frozenset[str]
    """Variables that came from the embedded stack rather than from the environment."""

    @property
    def secrets(self) -> frozenset[str]:
        """All passwords and keys, also those inside addresses. No output may contain them."""
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
    """Read the settings from the environment and the running embedded stack.

    White space around a value is removed, because files with secrets end with a line break.

    Args:
        environ: Variables to read in place of the environment of this process.

    Returns:
        The settings.

    Raises:
        ConfigurationError: A value cannot be used; the message names the variable.
    """
    if environ is None:
        strip_values_of_libraries()
    given = variables() if environ is None else environ
    stripped = {
        key: value.strip() for key, value in (variables() if environ is None else environ).items()
    }
    given = {key: value for key, value in stripped.items() if value}
    state_dir = state_folder(given)
    stack = running_stack(state_dir)
    # A user's own server never gets the embedded server's credentials, and the other way round.
    ours = stack if has_s3(given) else given
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
        refresh_minutes=whole(
            given, "THREADS_REFRESH_MINUTES", of="minutes", default=60, least=15, most=1440
        ),
        refresh_late_after=whole(
            given, "THREADS_REFRESH_LATE_AFTER", of="refreshes", default=3, least=1, most=100
        ),
        silence_seconds=whole(
            given, "THREADS_SILENCE_SECONDS", of="seconds", default=30, least=2, most=600
        ),
        database_url_or_none=database,
        dagster_database_url_or_none=dagster and schema_as_option(dagster),
        s3_or_none=read_s3(values) if has_s3(values) else None,
        dask_scheduler=scheduler_address(given, "THREADS_DASK_SCHEDULER"),
        ollama_host_or_none=values.get("OLLAMA_HOST"),
        ollama_model=values.get("OLLAMA_MODEL", DEFAULT_MODEL),
        alert_webhook_url=web_address(given, "THREADS_ALERT_WEBHOOK_URL"),
        pushgateway_url=web_address(given, "THREADS_PUSHGATEWAY_URL"),
        role_password=url_password(given, "THREADS_ROLE_PASSWORD"),
        test_account_password=given.get("THREADS_TEST_ACCOUNT_PASSWORD"),
        experiment_share=share(given, "THREADS_EXPERIMENT_ENROL"),
        experiment_name=given.get("THREADS_EXPERIMENT_NAME"),
        withhold_control=yes_or_no(given, "THREADS_EXPERIMENT_WITHHOLD_CONTROL"),
        max_left_without=share(given, "THREADS_MAX_LEFT_WITHOUT", default="5%"),
        guard=yes_or_no(given, "THREADS_ENGAGEMENT_GUARD"),
        with_real_accounts=yes_or_no(given, "THREADS_WITH_REAL_ACCOUNTS"),
        embedded=frozenset(set(stack) - set(given)),
    )


def _url(values: Mapping[str, str], variable: str, state_dir: Path) -> str | None:
    if variable not in values:
        return None
    return sqlalchemy_url(values[variable], variable, state_dir / "tls")


def _required(value: T | None, variable: str) -> T:
    if value is None:
        raise MissingAddressError(f"No address: {_START.format(variable)}")
    return value
