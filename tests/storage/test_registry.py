"""Which version is served, was served before, and stays served."""

import json

import pytest

from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.registry import KEY, activate, read_registry, register
from threads_pipelines.storage.s3.versions.registered import Entry

DAY, NOON = "2026-11-22", "2026-11-22T12:00:00+00:00"


@pytest.fixture
def objects(s3_settings: S3Settings) -> ObjectStore:
    return ObjectStore(s3_settings)


def publish(objects: ObjectStore, *versions: str) -> None:
    for version in versions:
        register(objects, Entry(DAY, version, NOON))
        activate(objects, version)


def previous(objects: ObjectStore) -> str | None:
    entry = read_registry(objects).previous
    return entry.version if entry else None


def test_before_is_what_was_served_before_and_not_what_was_made_before(
    objects: ObjectStore,
) -> None:
    assert previous(objects) is None
    publish(objects, "v1", "bad")
    assert previous(objects) == "v1"
    activate(objects, "v1")
    publish(objects, "v3")
    assert previous(objects) == "v1"


def test_a_version_that_was_never_published_is_not_what_was_before(objects: ObjectStore) -> None:
    publish(objects, "v1")
    register(objects, Entry(DAY, "v2", NOON))
    publish(objects, "v3")
    assert previous(objects) == "v1"


def test_a_registry_without_the_order_of_serving_is_read(objects: ObjectStore) -> None:
    publish(objects, "v1", "v2", "v3")
    old = json.loads(objects.get(KEY))
    for entry in old["entries"]:
        del entry["served"]
    objects.put_json(KEY, old)
    assert previous(objects) == "v2"
    publish(objects, "v4")
    assert previous(objects) == "v3"


def test_a_model_that_is_made_again_stays_what_it_is(objects: ObjectStore) -> None:
    publish(objects, "v1", "v2")
    for version in ("v1", "v2"):
        register(objects, Entry(DAY, version, NOON, config={"post_power": 0.5}))
    found = read_registry(objects)
    assert [entry.status for entry in found.entries] == ["retired", "active"]
    assert found.active is not None
    assert found.active.config == {"post_power": 0.5}
    assert previous(objects) == "v1"
