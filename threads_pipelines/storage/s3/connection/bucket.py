"""One bucket of an S3-compatible server, and the list of its keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from botocore.exceptions import BotoCoreError, ClientError

from threads_pipelines.errors import ObjectStorageError
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3.connection.client import (
    MISSING,
    code_of,
    create_bucket,
    faults,
    open_client,
    worded,
)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One entry of a listing. ``modified`` is the time of writing, with a time zone."""

    key: str
    size: int
    modified: datetime


class Bucket:
    """One bucket. Methods raise ObjectStorageError if the server refuses a request.

    Args:
        settings: Address, bucket and credentials.
    """

    def __init__(self, settings: S3Settings) -> None:
        self.bucket = settings.bucket
        self._endpoint_url = settings.endpoint_url
        self._client = open_client(settings)

    def ensure_bucket(self) -> None:
        """Create the bucket if it does not exist."""
        try:
            self._client.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            if code_of(error) not in MISSING | {"NoSuchBucket"}:
                raise self._error("look at the bucket", "", error) from error
            with self._errors("create the bucket"):
                create_bucket(self._client, self.bucket)
        except BotoCoreError as error:
            raise self._error("look at the bucket", "", error) from error

    def server_time(self) -> datetime:
        """Read the server's clock.

        Returns:
            The time in whole seconds, with a time zone.

        Raises:
            ObjectStorageError: The bucket does not exist.
        """
        with self._errors("look at"):
            answer = self._client.head_bucket(Bucket=self.bucket)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    def listing(self, prefix: str) -> Iterator[StoredObject]:
        """List the objects under a prefix.

        Args:
            prefix: Beginning of the keys.

        Yields:
            The objects, in the order of their keys.
        """
        with self._errors("list", prefix):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get("Contents", []):
                    yield StoredObject(item["Key"], item["Size"], item["LastModified"])

    def folders(self, prefix: str) -> list[str]:
        """List the folders directly under a prefix.

        Args:
            prefix: Beginning of the keys, with a slash at the end.

        Returns:
            Names of the folders, sorted.
        """
        with self._errors("list", prefix):
            pages = self._client.get_paginator("list_objects_v2")
            return sorted(
                item["Prefix"].removeprefix(prefix).rstrip("/")
                for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/")
                for item in page.get("CommonPrefixes", [])
            )

    def delete(self, key: str) -> None:
        """Delete an object if it exists.

        Args:
            key: Key of the object.
        """
        with self._errors("delete", key):
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def delete_prefix(self, prefix: str) -> int:
        """Delete every object under a prefix.

        Args:
            prefix: Beginning of the keys.

        Returns:
            Number of deleted objects.

        Raises:
            ValueError: The prefix is empty, which would delete the whole bucket.
        """
        if not prefix:
            raise ValueError("an empty prefix would delete the whole bucket")
        keys = [item.key for item in self.listing(prefix)]
        for key in keys:
            self.delete(key)
        return len(keys)

    @contextmanager
    def _errors(self, verb: str, key: str = "") -> Iterator[None]:
        try:
            yield
        except faults() as error:
            raise self._error(verb, key, error) from error

    def _name(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}" if key else f"bucket {self.bucket!r}"

    def _error(self, verb: str, key: str, error: Exception) -> ObjectStorageError:
        return worded(verb, self._name(key), self._endpoint_url, error)
