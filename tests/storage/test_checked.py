"""Only rows that passed their checks can be published, and rows that are made anew pass anew."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.operations.build import store_version
from threads_pipelines.errors import ArtefactError
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.registry import activate
from threads_pipelines.storage.s3.versions.checked import (
    is_checked,
    mark_checked,
    mark_unchecked,
    require_checked,
)

DAY = "2026-11-22"
AS_OF = datetime(2026, 11, 22, 2, tzinfo=UTC).replace(tzinfo=None)
ROWS = [("ann", "p1", 0.9), ("ann", "p2", 0.8)]


@pytest.fixture
def store(s3_settings: S3Settings, tmp_path: Path) -> ArtefactStore:
    return ArtefactStore(ObjectStore(s3_settings), tmp_path / "scratch")


def test_rows_are_unchecked_until_they_passed(store: ArtefactStore) -> None:
    store_version(store, DAY, "v1", AS_OF, ROWS, checked=False)
    assert not is_checked(store, store.manifest(DAY, "v1"))
    with pytest.raises(ArtefactError, match=f"version v1 of {DAY} did not pass its checks"):
        require_checked(store, DAY, "v1")
    mark_checked(store, DAY, "v1")
    assert require_checked(store, DAY, "v1") == store.manifest(DAY, "v1")
    mark_unchecked(store, DAY, "v1")
    assert not is_checked(store, store.manifest(DAY, "v1"))


def test_other_rows_under_the_same_version_are_unchecked_again(store: ArtefactStore) -> None:
    store_version(store, DAY, "v1", AS_OF, ROWS)
    activate(store.objects, "v1")
    assert is_checked(store, store.manifest(DAY, "v1"))
    store_version(store, DAY, "other", AS_OF + timedelta(hours=1), ROWS[:1], checked=False)
    with (
        store.reading(DAY, "recommendations.parquet", "other") as other,
        store.writing(DAY, "v1", "recommendations.parquet") as draft,
    ):
        draft.path.write_bytes(other.read_bytes())
    assert not is_checked(store, store.manifest(DAY, "v1")), "although it was published before"


def test_a_version_that_is_gone_is_named(store: ArtefactStore) -> None:
    with pytest.raises(ArtefactError, match="version v9 of 2026-11-22 is not there"):
        require_checked(store, DAY, "v9")
