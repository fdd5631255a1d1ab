"""The S3 client on a real server: conditions, listings and errors that say what to do."""

from dataclasses import replace
from pathlib import Path

import pytest

from threads_pipelines.errors import ObjectStorageError
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.synthetic.seed_files import upload_seeds


@pytest.fixture
def store(s3_settings: S3Settings) -> ObjectStore:
    return ObjectStore(s3_settings)


def test_what_was_put_is_got_verbatim(store: ObjectStore) -> None:
    store.put("a b/ü.bin", b"\x00\xff")
    assert store.get("a b/ü.bin") == b"\x00\xff"
    store.put_json("x.json", {"text": "ü", "n": 1.5})
    assert store.get_json("x.json") == {"text": "ü", "n": 1.5}
    assert store.exists("x.json")
    assert not store.exists("y.json")


def test_nan_is_never_written_as_json(store: ObjectStore) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        store.put_json("x.json", float("nan"))


def test_a_conditional_put_writes_once(store: ObjectStore) -> None:
    assert store.put_if("one", b"first", None)
    assert not store.put_if("one", b"second", None)
    found = store.get_with_tag("one")
    assert found is not None
    assert found[0] == b"first"
    assert store.put_if("one", b"third", found[1])
    assert not store.put_if("one", b"fourth", found[1])
    assert store.get("one") == b"third"
    store.delete("one")
    assert not store.put_if("one", b"fifth", found[1])
    assert store.get_with_tag("one") is None


def test_listing_and_deleting_keep_to_the_prefix(store: ObjectStore) -> None:
    for key in ("a/1/x", "a/1/y", "a/2/x", "b/1"):
        store.put(key, key.encode())
    assert [(item.key, item.size) for item in store.listing("a/1/")] == [("a/1/x", 5), ("a/1/y", 5)]
    assert store.folders("a/") == ["1", "2"]
    assert store.delete_prefix("a/") == 3
    assert [item.key for item in store.listing("")] == ["b/1"]
    with pytest.raises(ValueError, match="whole bucket"):
        store.delete_prefix("")


def test_a_bucket_is_made_once(s3_settings: S3Settings) -> None:
    other = ObjectStore(replace(s3_settings, bucket=s3_settings.bucket + "-other"))
    with pytest.raises(ObjectStorageError, match="create the bucket"):
        list(other.listing(""))
    other.ensure_bucket()
    other.ensure_bucket()
    other.put("x", b"")
    assert other.delete_prefix("x") == 1


def test_files_go_up_and_down_in_parts(store: ObjectStore, tmp_path: Path) -> None:
    content = bytes(range(256)) * 80_000  # 20 MB: above the size at which boto3 sends parts
    (tmp_path / "up").write_bytes(content)
    store.upload(tmp_path / "up", "big")
    store.download("big", tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == content


def test_seeds_are_uploaded(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "seed_posts.json").write_text("[]")
    assert upload_seeds(store, tmp_path) == ["seeds/seed_posts.json"]
    assert store.get_json("seeds/seed_posts.json") == []
    with pytest.raises(ObjectStorageError, match="no seed file"):
        upload_seeds(store, tmp_path / "empty")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"secret_access_key": "wrong-secret"}, "SECRET_ACCESS_KEY is wrong|may not do this"),
        ({"access_key_id": "nobody"}, "does not know|may not do this"),
        ({"endpoint_url": "http://127.0.0.1:9"}, "is the server running"),
    ],
)
def test_a_refusal_names_object_and_remedy_but_no_secret(
    s3_settings: S3Settings, fault: dict[str, str], message: str
) -> None:
    broken = ObjectStore(replace(s3_settings, **fault))
    with pytest.raises(ObjectStorageError, match=message) as caught:
        broken.put("models/x", b"")
    assert "models/x" in str(caught.value)
    assert s3_settings.bucket in str(caught.value)
    assert str(s3_settings.secret_access_key) not in str(caught.value)
    assert "wrong-secret" not in str(caught.value)


def test_what_is_missing_or_no_json_is_named(store: ObjectStore) -> None:
    with pytest.raises(ObjectStorageError, match=r"nothing\.json.*not there"):
        store.get_json("nothing.json")
    store.put("bad.json", b"{")
    with pytest.raises(ObjectStorageError, match=r"bad\.json is not JSON"):
        store.get_json("bad.json")
