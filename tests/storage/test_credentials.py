"""The usual ways to give boto3 an address, keys and a region."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.storage.aws import fake_aws
from threads_pipelines import settings
from threads_pipelines.errors import ConfigurationError, ObjectStorageError
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3.objects import ObjectStore

CONFIG = """\
[profile frankfurt]
region = eu-central-1
aws_access_key_id = of-the-profile
aws_secret_access_key = its-secret
aws_session_token = its-token
"""


@pytest.fixture(autouse=True)
def nothing_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No keys, no profile and no role."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / "config").write_text(CONFIG)


def loaded(**environment: str) -> S3Settings:
    return settings.load({"THREADS_STATE_DIR": "/nowhere", "S3_BUCKET": "b", **environment}).s3


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_a_bucket_is_made_in_its_region(region: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t\n"}
    with fake_aws() as aws:
        given = loaded(S3_ENDPOINT_URL=aws.url, AWS_REGION=region, **keys)
        ObjectStore(given).ensure_bucket()
        ObjectStore(given).ensure_bucket()
    assert aws.buckets == {"b": region}
    assert {headers["X-Amz-Security-Token"] for headers in aws.headers} == {"t"}


def test_a_profile_gives_keys_and_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "frankfurt\n")
    settings.load()
    with fake_aws() as aws:
        ObjectStore(loaded(AWS_ENDPOINT_URL_S3=aws.url)).ensure_bucket()
    assert aws.buckets == {"b": "eu-central-1"}
    assert "Credential=of-the-profile/" in aws.headers[0]["Authorization"]
    assert aws.headers[0]["X-Amz-Security-Token"] == "its-token"


def test_a_region_is_named_to_another_server_too(s3_settings: S3Settings) -> None:
    store = ObjectStore(replace(s3_settings, bucket=f"{s3_settings.bucket}-r", region="eu-west-3"))
    store.ensure_bucket()
    store.put("a", b"bytes")
    assert store.get("a") == b"bytes"
    store.delete("a")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"AWS_PROFILE": "nobody"}, r"profile \(nobody\) could not be found; check AWS_PROFILE"),
        ({}, "boto3 finds no keys"),
    ],
)
def test_what_boto3_misses_is_named(
    environment: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ObjectStorageError, match=message):
        ObjectStore(loaded()).get("a")


def test_half_of_the_keys_is_refused() -> None:
    with pytest.raises(ObjectStorageError, match="missing: aws_secret_access_key"):
        ObjectStore(loaded(AWS_ACCESS_KEY_ID="k")).get("a")


@pytest.mark.parametrize("address", ["minio:9000", "localhost", "//s3", "ftp://s3", "http:/x"])
def test_an_endpoint_without_a_scheme_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="S3_ENDPOINT_URL is not an http or https address"):
        loaded(S3_ENDPOINT_URL=address)
