"""The objects of one bucket: reading, conditional writing, and files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from threads_pipelines.errors import ObjectStorageError
from threads_pipelines.storage.s3.connection.bucket import Bucket
from threads_pipelines.storage.s3.connection.client import MISSING, code_of
from threads_pipelines.storage.s3.stored_json import parse_json

_CONDITION_FAILED = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}


class ObjectStore(Bucket):
    """Objects of one bucket. Methods raise ObjectStorageError if the server refuses a request.

    Args:
        settings: Address, bucket and credentials.
    """

    def get(self, key: str) -> bytes:
        """Read an object.

        Args:
            key: Key of the object.

        Returns:
            The content.

        Raises:
            ObjectStorageError: The object does not exist.
        """
        with self._errors("read", key):
            return self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def get_with_tag(self, key: str) -> tuple[bytes, str] | None:
        """Read an object with its entity tag, for a later ``put_if``.

        Args:
            key: Key of the object.

        Returns:
            Content and tag; None if the object does not exist.
        """
        with self._errors("read", key):
            try:
                answer = self._client.get_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if code_of(error) in MISSING:
                    return None
                raise
            return answer["Body"].read(), answer["ETag"]

    def put(self, key: str, content: bytes, *, content_type: str = "") -> None:
        """Write an object atomically; an existing one is replaced.

        Args:
            key: Key of the object.
            content: The content.
            content_type: MIME type; empty for none.
        """
        extra: dict[str, Any] = {"ContentType": content_type} if content_type else {}
        with self._errors("write", key):
            self._client.put_object(Bucket=self.bucket, Key=key, Body=content, **extra)

    def put_if(self, key: str, content: bytes, tag: str | None) -> bool:
        """Write an object if it is unchanged.

        Args:
            key: Key of the object.
            content: The content.
            tag: Entity tag that the object must still have; None if it must not exist.

        Returns:
            Whether it was written.
        """
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
        """Read an object as JSON.

        Args:
            key: Key of the object.

        Returns:
            The parsed value.

        Raises:
            ObjectStorageError: The object does not exist or is not JSON.
        """
        content = self.get(key)
        try:
            return parse_json(content)
        except ValueError as error:
            raise ObjectStorageError(
                f"{self._name(key)} is not JSON ({error}): replace or delete it"
            ) from error

    def put_json(self, key: str, value: Any) -> None:
        """Write a value as JSON.

        Args:
            key: Key of the object.
            value: The value.
        """
        self.put(key, json_bytes(value), content_type="application/json")

    def exists(self, key: str) -> bool:
        """Return whether an object exists.

        Args:
            key: Key of the object.

        Returns:
            Whether it exists.
        """
        return self.metadata(key) is not None

    def metadata(self, key: str) -> dict[str, str] | None:
        """Read the metadata that an object was uploaded with.

        Args:
            key: Key of the object.

        Returns:
            Values by name; None if the object does not exist.
        """
        with self._errors("look for", key):
            try:
                return dict(self._client.head_object(Bucket=self.bucket, Key=key)["Metadata"])
            except ClientError as error:
                if code_of(error) in MISSING:
                    return None
                raise

    def upload(self, path: Path, key: str, metadata: Mapping[str, str] | None = None) -> None:
        """Upload a file, in parts if it is large.

        Args:
            path: The file.
            key: Key of the object.
            metadata: Values by name, stored with the object.
        """
        extra = {"Metadata": dict(metadata)} if metadata else {}
        with self._errors("write", key):
            self._client.upload_file(str(path), self.bucket, key, ExtraArgs=extra)

    def download(self, key: str, path: Path) -> None:
        """Download an object to a file.

        Args:
            key: Key of the object.
            path: The file; it is replaced.
        """
        with self._errors("read", key):
            self._client.download_file(self.bucket, key, str(path))


def json_bytes(value: Any) -> bytes:
    """Encode a value as JSON in the form that is stored: UTF-8, indented, with sorted keys.

    Args:
        value: The value.

    Returns:
        The encoded text.

    Raises:
        ValueError: A number is not finite.
    """
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()
