"""A broken registry or pointer is restored from its last good copy, and the log says so."""

import logging
from pathlib import Path

import pytest

from tests.storage.facts import FACTS
from threads_pipelines.errors import ArtefactError
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3 import registry
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.documents import copy_of, delete_document
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.versions.registered import Entry

DAY, NOON = "2026-11-22", "2026-11-22T12:00:00+00:00"
POINTER = f"models/{DAY}/current.json"
BROKEN = [b"", b"{", b"\xff\xfe", b"[]", b"{}", b"null", b'{"version": "../up"}']


@pytest.fixture
def store(s3_settings: S3Settings, tmp_path: Path) -> ArtefactStore:
    """One version, registered, active and current."""
    made = ArtefactStore(ObjectStore(s3_settings), tmp_path / "scratch")
    made.create(DAY, "v1", NOON, FACTS)
    registry.register(made.objects, Entry(DAY, "v1", NOON))
    registry.activate(made.objects, "v1")
    made.set_current(DAY, "v1")
    return made


def read(store: ArtefactStore, key: str) -> str | None:
    if key == POINTER:
        return store.current(DAY)
    active = registry.read_registry(store.objects).active
    return active.version if active else None


@pytest.mark.parametrize("key", [POINTER, registry.KEY])
def test_a_broken_document_is_repaired_from_its_copy(
    store: ArtefactStore, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    good = store.objects.get(key)
    for content in [*BROKEN, None]:
        caplog.clear()
        if content is None:
            store.objects.delete(key)
        else:
            store.objects.put(key, content)
        assert read(store, key) == "v1", content
        assert store.objects.get(key) == good
        (line,) = caplog.messages
        assert line.startswith(f"{key} is ")
        assert line.endswith(f": restored from its last good copy {copy_of(key)}")
        assert caplog.records[0].levelno == logging.WARNING
        assert read(store, key) == "v1"
        assert len(caplog.messages) == 1


@pytest.mark.parametrize("key", [POINTER, registry.KEY])
def test_without_a_good_copy_one_line_names_both(store: ArtefactStore, key: str) -> None:
    store.objects.put(key, b"")
    store.objects.put(copy_of(key), b"{")
    with pytest.raises(ArtefactError) as caught:
        read(store, key)
    assert key in str(caught.value)
    assert copy_of(key) in str(caught.value)
    assert "\n" not in str(caught.value)
    store.objects.delete(copy_of(key))
    with pytest.raises(ArtefactError, match="has no copy: restore it, or delete it"):
        read(store, key)
    delete_document(store.objects, key)
    assert read(store, key) is None


def test_a_changed_document_has_a_changed_copy(store: ArtefactStore) -> None:
    store.create(DAY, "v2", NOON, FACTS)
    registry.register(store.objects, Entry(DAY, "v2", NOON))
    registry.activate(store.objects, "v2")
    store.set_current(DAY, "v2")
    for key in (POINTER, registry.KEY):
        store.objects.put(key, b"")
        assert read(store, key) == "v2"
