"""Settings of the object storage."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from threads_pipelines.setting_values import web_address

DEFAULT_BUCKET = "threads-synthetic-data"


@dataclass(frozen=True, slots=True)
class S3Settings:
    """The object storage.

    Attributes:
        endpoint_url: Address of the server; None for AWS.
        bucket: Name of the bucket.
        access_key_id: None leaves the credentials to boto3's chain (profiles, container and
            instance roles).
        secret_access_key: As ``access_key_id``.
        session_token: As ``access_key_id``.
        region: None leaves it to boto3's chain (the profile), then to us-east-1.
    """

    endpoint_url: str | None
    bucket: str
    access_key_id: str | None = field(repr=False)
    secret_access_key: str | None = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    region: str | None = None


def has_s3(values: Mapping[str, str]) -> bool:
    """Return whether the variables name an object storage.

    Args:
        values: Variables by name.

    Returns:
        True with S3_ENDPOINT_URL or S3_BUCKET.
    """
    return "S3_ENDPOINT_URL" in values or "S3_BUCKET" in values


def read_s3(values: Mapping[str, str]) -> S3Settings:
    """Read the settings of the object storage.

    Args:
        values: Variables by name.

    Returns:
        The settings.

    Raises:
        ConfigurationError: The address of the server is not an http or https address.
    """
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
