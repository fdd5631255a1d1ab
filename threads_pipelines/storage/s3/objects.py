"""One bucket of an S3-compatible server: small verbs, conditional puts, and errors in words."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from threads_pipelines.errors import ObjectStorageError
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3.client import (
    MISSING,
    code_of,
    create_bucket,
    faults,
    open_client,
    worded,
)
from threads_pipelines.storage.s3.stored_json import parse_json

_CONDITION_FAILED = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a listing says of an object. modified: when it was written (aware)."""

    key: str
    size: int
    modified: datetime


class ObjectStore:
    """Objects of one bucket. Every method raises ObjectStorageError where the server refuses."""

    def __init__(self, settings: S3Settings) -> None:
        self.bucket = settings.bucket
        self._endpoint_url = settings.endpoint_url
        self._client = open_client(settings)

    def ensure_bucket(self) -> None:
        """Create the bucket where it is missing."""
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
        """The server's clock (aware, whole seconds); raises where the bucket is not there."""
        with self._errors("look at"):
            answer = self._client.head_bucket(Bucket=self.bucket)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    def get(self, key: str) -> bytes:
        """Content of an object; raises where it is missing."""
        with self._errors("read", key):
            return self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def get_with_tag(self, key: str) -> tuple[bytes, str] | None:
        """Content and entity tag, for a later ``put(..., unless=tag)``; None where missing."""
        with self._errors("read", key):
            try:
                answer = self._client.get_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if code_of(error) in MISSING:
                    return None
                raise
            return answer["Body"].read(), answer["ETag"]

    def put(self, key: str, content: bytes, *, content_type: str = "") -> None:
        """Write an object, whole or not at all; replaces what is there."""
        extra: dict[str, Any] = {"ContentType": content_type} if content_type else {}
        with self._errors("write", key):
            self._client.put_object(Bucket=self.bucket, Key=key, Body=content, **extra)

    def put_if(self, key: str, content: bytes, tag: str | None) -> bool:
        """Write only where the object still has ``tag`` (None: is missing); else return False."""
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        with self._errors("write", key):
            try:
                self._client.put_object(Bucket=self.bucket, Key=key, Body=content, **condition)
            except ClientError as error:
                # A vanished object answers 404 to If-Match.
                if code_of(error) in _CONDITION_FAILED | MISSING:
                    return False
                raise
            return True

    def get_json(self, key: str) -> Any:
        """Parsed JSON of an object; raises where it is missing or is no JSON."""
        content = self.get(key)
        try:
            return parse_json(content)
        except ValueError as error:
            raise ObjectStorageError(
                f"{self._name(key)} is not JSON ({error}): replace or delete it"
            ) from error

    def put_json(self, key: str, value: Any) -> None:
        """Write a value as JSON."""
        self.put(key, json_bytes(value), content_type="application/json")

    def exists(self, key: str) -> bool:
        """Whether the object is there."""
        with self._errors("look for", key):
            try:
                self._client.head_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if code_of(error) in MISSING:
                    return False
                raise
            return True

    def listing(self, prefix: str) -> Iterator[StoredObject]:
        """Objects whose key starts with ``prefix``, in the order of their keys."""
        with self._errors("list", prefix):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get("Contents", []):
                    yield StoredObject(item["Key"], item["Size"], item["LastModified"])

    def folders(self, prefix: str) -> list[str]:
        """Names of the folders directly under ``prefix`` (which ends with a slash), sorted."""
        with self._errors("list", prefix):
            pages = self._client.get_paginator("list_objects_v2")
            return sorted(
                item["Prefix"].removeprefix(prefix).rstrip("/")
                for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/")
                for item in page.get("CommonPrefixes", [])
            )

    def delete(self, key: str) -> None:
        """Delete an object; nothing happens where it is missing."""
        with self._errors("delete", key):
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def delete_prefix(self, prefix: str) -> int:
        """Delete every object under a prefix that is not empty; returns how many."""
        if not prefix:
            raise ValueError("an empty prefix would delete the whole bucket")
        keys = [item.key for item in self.listing(prefix)]
        for key in keys:
            self.delete(key)
        return len(keys)

    def upload(self, path: Path, key: str) -> None:
        """Send a file, in parts where it is large."""
        with self._errors("write", key):
            self._client.upload_file(str(path), self.bucket, key)

    def download(self, key: str, path: Path) -> None:
        """Fetch an object into a file."""
        with self._errors("read", key):
            self._client.download_file(self.bucket, key, str(path))

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


def json_bytes(value: Any) -> bytes:
    """JSON as it is stored: UTF-8, indented, sorted keys, no NaN (ValueError)."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()
