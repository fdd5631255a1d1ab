"""boto3's client for one storage, and error messages for its failures."""

import hashlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    SSLError,
)

from threads_pipelines import proxies
from threads_pipelines.errors import ObjectStorageError
from threads_pipelines.s3_settings import S3Settings

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

MISSING = {"NoSuchKey", "404", "NotFound"}
_BLOCK_BYTES = 1 << 20
_FIRST_REGION = "us-east-1"
_REGION = "the bucket is in another region: correct AWS_REGION"
_STALE = "AWS_SESSION_STALE has expired or belongs to other keys: get new ones"
_HINTS = {
    "AccessDenied": "the key may not do this: check its rights on the bucket",
    "403": "the key may not do this: check AWS_ACCESS_KEY_ID, its secret and its rights",
    "InvalidAccessKeyId": "the server does not know AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY is wrong",
    "NoSuchBucket": "create the bucket, or correct S3_BUCKET",
    **dict.fromkeys(("ExpiredToken", "InvalidToken", "ExpiredTokenException"), _STALE),
    "400": f"{_STALE}; or AWS_REGION is wrong",
    **dict.fromkeys(("301", "PermanentRedirect", "AuthorizationHeaderMalformed"), _REGION),
    "IllegalLocationConstraintException": _REGION,
    "BucketAlreadyExists": "the name belongs to somebody else: choose another S3_BUCKET",
}
_NO_KEYS = (
    "boto3 finds no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give "
    "the machine a role"
)


def faults() -> tuple[type[Exception], ...]:
    """List the exceptions that a request to the storage may raise.

    Returns:
        Exception types of botocore and boto3.
    """
    from boto3.exceptions import Boto3Error

    return (ClientError, BotoCoreError, Boto3Error)


def open_client(settings: S3Settings) -> "S3Client":
    """Open a client. boto3's own chain provides what the settings leave open.

    Args:
        settings: Address, credentials and region.

    Returns:
        The client.

    Raises:
        ObjectStorageError: boto3 refuses the settings, for instance a profile that does not exist.
    """
    import boto3  # a third of a second that most processes never need
    from botocore.config import Config

    reached = settings.endpoint_url
    proxy: dict[str, Any] = {"proxies": _proxies(reached)} if reached else {}
    try:
        session = boto3.Session()
        client = session.client(
            "s3",
            endpoint_url=reached,
            aws_access_key_id=settings.access_key_id,
            aws_secret_access_key=settings.secret_access_key,
            aws_session_token=settings.session_token,
            region_name=settings.region or session.region_name or _FIRST_REGION,
            config=Config(
                # Path style and no trailing checksums: what Ozone, MinIO and SeaweedFS understand.
                s3={"addressing_style": "path" if reached else "auto"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=5,
                read_timeout=60,
                retries={"mode": "standard", "total_max_attempts": 4},
                **proxy,
            ),
        )
    except (BotoCoreError, ValueError) as error:
        raise ObjectStorageError(
            f"cannot open {reached or 'AWS S3'}: {error}; check AWS_PROFILE, AWS_REGION and "
            "S3_ENDPOINT_URL"
        ) from error
    for operation in ("PutObject", "UploadPart"):
        client.meta.events.register(f"before-call.s3.{operation}", _add_content_md5)
    return client


def create_bucket(client: "S3Client", bucket: str) -> None:
    """Create a bucket in the client's region.

    Args:
        client: The client.
        bucket: Name of the bucket.
    """
    region: Any = client.meta.region_name
    if region == _FIRST_REGION:  # the one region that may not be named
        client.create_bucket(Bucket=bucket)
    else:
        client.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region}
        )


def worded(verb: str, name: str, endpoint_url: str | None, error: Exception) -> ObjectStorageError:
    """Turn a failure into an error that says what failed, where, and what to do.

    Args:
        verb: What was attempted, such as ``read``.
        name: The bucket or object.
        endpoint_url: Address of the server; None for AWS.
        error: The exception of boto3.

    Returns:
        The error to raise.
    """
    where = f"cannot {verb} {name} at {endpoint_url or 'AWS S3'}"
    if isinstance(error, ClientError):
        code = code_of(error)
        hint = "it is not there" if code in MISSING else _HINTS.get(code, "")
        said = f"{where}: {code}" + (f"; {hint}" if hint else "")
    else:
        said = f"{where}: {type(error).__name__}; {_hint(error)}"
    proxied = endpoint_url and proxies.proxy_for(endpoint_url)
    return ObjectStorageError(f"{said}; {proxies.ADVICE}" if proxied else said)


def code_of(error: ClientError) -> str:
    """Return the server's code of a refusal.

    Args:
        error: The exception.

    Returns:
        The code, such as ``NoSuchKey``; ``unknown`` without one.
    """
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def _hint(error: Exception) -> str:
    if isinstance(error, SSLError):
        return f"{error}; AWS_CA_BUNDLE names the certificates to trust"
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        return "is the server running, and S3_ENDPOINT_URL right?"
    return _NO_KEYS if isinstance(error, NoCredentialsError) else str(error)


def _proxies(url: str) -> dict[str, str]:
    """Return proxies by scheme for ``Config``; an empty one stops botocore from choosing one."""
    proxy = proxies.proxy_for(url)
    return dict.fromkeys(("http", "https"), proxy) if proxy else {}


def _add_content_md5(params: dict[str, Any], **_event: Any) -> None:
    """Send the MD5 of the body, so that the server refuses a body that is incomplete.

    Without it SeaweedFS stores an empty object, over the old one, if a connection ends after the
    headers; a condition does not prevent it.
    """
    body = params["body"]
    digest = hashlib.md5(usedforsecurity=False)
    if hasattr(body, "read"):
        start = body.tell()
        while block := body.read(_BLOCK_BYTES):
            digest.update(block)
        body.seek(start)
    else:
        digest.update(body)
    params["headers"]["Content-MD5"] = b64encode(digest.digest()).decode()
