"""The pin: whatever object is lost, an older state never stands in for a newer one."""

from collections.abc import Callable

import pytest

from threads_pipelines.errors import ArtefactError, PinError
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3 import registry
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.pins import CURRENT, JOURNAL, Pin, pin, read_pin, release
from threads_pipelines.storage.s3.versions.registered import Entry

DAY, NOON = "2026-11-22", "2026-11-22T12:00:00+00:00"
SECOND = f"{JOURNAL}00000002.json"
Break = Callable[[ObjectStore, str], None]
BREAKS: list[Break] = [
    lambda store, key: store.put(key, b""),
    lambda store, key: store.put(key, b'{"number": -1, "pin": null}'),
    lambda store, key: store.put(key, b'{"number": 2, "pin": {"version": 1}}'),
    lambda store, key: store.put(key, b'["\xff'),
]


@pytest.fixture
def objects(s3_settings: S3Settings) -> ObjectStore:
    """v1 is pinned, and v2 after it."""
    store = ObjectStore(s3_settings)
    for version in ("v1", "v2"):
        registry.register(store, Entry(DAY, version, NOON))
    assert read_pin(store) is None
    pin(store, "v1", NOON)
    pin(store, "v2", NOON)
    return store


def test_a_pin_holds_until_it_is_released(objects: ObjectStore) -> None:
    assert read_pin(objects) == Pin(DAY, "v2", NOON)
    release(objects)
    assert read_pin(objects) is None
    with pytest.raises(ArtefactError, match="no version 'v9'; the latest are: v1, v2"):
        pin(objects, "v9", NOON)
    assert read_pin(objects) is None


@pytest.mark.parametrize("key", [CURRENT, SECOND])
def test_one_broken_object_is_repaired_from_the_other(
    objects: ObjectStore, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    good = objects.get(key)
    delete: Break = ObjectStore.delete
    for damage in [*BREAKS, delete]:
        caplog.clear()
        damage(objects, key)
        assert read_pin(objects) == Pin(DAY, "v2", NOON)
        assert caplog.messages == [f"{key} was missing, behind or broken: it is repaired"]
        assert objects.get(key) == good
    assert read_pin(objects) == Pin(DAY, "v2", NOON)
    assert len(caplog.messages) == 1


def test_an_older_current_never_undoes_the_journal(objects: ObjectStore) -> None:
    older = objects.get(CURRENT)
    release(objects)
    objects.put(CURRENT, older)
    assert read_pin(objects) is None
    release(objects)
    pin(objects, "v1", NOON)
    objects.put(CURRENT, older)
    assert read_pin(objects) == Pin(DAY, "v1", NOON)


def test_a_lost_journal_does_not_undo_the_current(objects: ObjectStore) -> None:
    objects.delete_prefix(JOURNAL)
    assert read_pin(objects) == Pin(DAY, "v2", NOON)
    pin(objects, "v1", NOON)
    assert read_pin(objects) == Pin(DAY, "v1", NOON)


@pytest.mark.parametrize("damage", BREAKS[:2])
def test_what_cannot_be_read_is_refused_until_it_is_said_anew(
    objects: ObjectStore, damage: Break
) -> None:
    older = objects.get(f"{JOURNAL}00000001.json")
    for content in (b"", older):  # the first change is readable: it must not come back
        objects.put(CURRENT, content)
        damage(objects, SECOND)
        with pytest.raises(PinError, match=rf"{SECOND} cannot be read.*nothing is published"):
            read_pin(objects)
    pin(objects, "v1", NOON)
    assert read_pin(objects) == Pin(DAY, "v1", NOON)
    objects.put(CURRENT, b"")
    damage(objects, f"{JOURNAL}00000003.json")
    release(objects)
    assert read_pin(objects) is None


def test_a_pin_of_an_earlier_release_is_read_from_the_registry(
    objects: ObjectStore,
) -> None:
    former = {"partition": DAY, "version": "v1", "since": NOON}
    stored = objects.get_json(registry.KEY)
    del stored["former_pin"]
    objects.put_json(registry.KEY, {**stored, "pin": former})
    assert read_pin(objects) == Pin(DAY, "v2", NOON), "the journal is newer"
    objects.delete_prefix("pins/")
    assert read_pin(objects) == Pin(DAY, "v1", NOON)
    registry.register(objects, Entry(DAY, "v3", NOON))
    assert read_pin(objects) == Pin(DAY, "v1", NOON)
    release(objects)
    assert read_pin(objects) is None
