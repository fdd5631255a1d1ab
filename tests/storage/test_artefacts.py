"""Versions on S3: whole or not there, verified, and never a pickle."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from tests.storage.facts import FACTS
from threads_pipelines.dataset.scored_rows import REASONS, ScoredRows
from threads_pipelines.dataset.snapshot import Interactions, Posts, Snapshot, Users
from threads_pipelines.errors import ArtefactError, DataError
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3 import registry
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.scored import batches, open_scored, save_scored
from threads_pipelines.storage.s3.snapshots import MATRIX, load_snapshot, save_snapshot
from threads_pipelines.storage.s3.versions import scored_file
from threads_pipelines.storage.s3.versions.packing import (
    pack_strings,
    read_arrays,
    unpack_strings,
    write_arrays,
)
from threads_pipelines.storage.s3.versions.registered import Entry, Registry
from threads_pipelines.storage.s3.versions.scored_file import SCHEMA

DAY, NOON = "2026-03-31", "2026-03-31T12:00:00+00:00"


def texts(*values: str) -> np.ndarray:
    return np.array(values, object)


@pytest.fixture
def store(s3_settings: S3Settings, tmp_path: Path) -> ArtefactStore:
    return ArtefactStore(ObjectStore(s3_settings), tmp_path / "scratch")


def test_arrays_come_back_as_they_were(store: ArtefactStore, tmp_path: Path) -> None:
    store.create(DAY, "v1", NOON, FACTS)
    arrays = {
        "ids": texts("a,b", "🦊", "", "x" * 1000),
        "none": np.array([], object),
        "numbers": np.arange(6, dtype=np.int16).reshape(2, 3),
        "scalar": np.array(3.5),
    }
    store.save_arrays(DAY, "v1", "model.npz", arrays, rows=4)
    found = store.load_arrays(DAY, "model.npz", "v1")
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].tolist() == array.tolist()
    manifest = store.manifest(DAY, "v1")
    assert manifest.files["model.npz"].rows == 4
    assert manifest.facts == FACTS
    assert list((tmp_path / "scratch").iterdir()) == []


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_any_text_is_packed_and_unpacked(strings: list[str]) -> None:
    assert unpack_strings(*pack_strings(np.array(strings, object))).tolist() == strings


@pytest.mark.parametrize("value", [7, None, "\ud800"])
def test_what_is_not_text_is_not_packed(value: object) -> None:
    with pytest.raises(DataError, match="valid text"):
        pack_strings(np.array(["a", value], object))


def test_a_file_that_could_run_code_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "evil.npz", a=np.array([{"a": 1}], object))
    with pytest.raises(ArtefactError, match=r"evil\.npz is not an array file"):
        read_arrays(tmp_path / "evil.npz")
    (tmp_path / "no.npz").write_bytes(b"nonsense")
    with pytest.raises(ArtefactError, match=r"no\.npz is not an array file"):
        read_arrays(tmp_path / "no.npz")
    with pytest.raises(DataError, match="valid text"):
        write_arrays(tmp_path / "x.npz", {"a": np.array([{"a": 1}], object)})


def test_a_changed_file_is_found_out(store: ArtefactStore) -> None:
    store.create(DAY, "v1", NOON, FACTS)
    manifest = store.save_arrays(DAY, "v1", "model.npz", {"a": np.arange(9)})
    content = bytearray(store.objects.get(manifest.prefix + "model.npz"))
    content[-30] ^= 1
    store.objects.put(manifest.prefix + "model.npz", bytes(content))
    with pytest.raises(ArtefactError, match=r"model\.npz is not what was stored"):
        store.load_arrays(DAY, "model.npz", "v1")


def test_what_is_missing_is_named(store: ArtefactStore) -> None:
    with pytest.raises(ArtefactError, match=f"{DAY} has no current version"):
        store.manifest(DAY)
    with pytest.raises(ArtefactError, match=r"v9/manifest\.json is missing"):
        store.set_current(DAY, "v9")
    store.create(DAY, "v1", NOON, FACTS)
    with pytest.raises(ArtefactError, match=r"has no model\.npz"):
        store.load_arrays(DAY, "model.npz", "v1")
    store.objects.put("models/bad/v1/manifest.json", b"[]")
    with pytest.raises(ArtefactError, match="not a manifest"):
        store.manifest("bad", "v1")
    with pytest.raises(ArtefactError, match="cannot name"):
        store.create("../up", "v1", NOON, FACTS)


def test_the_pointer_moves_and_versions_are_listed(store: ArtefactStore) -> None:
    assert store.current(DAY) is None
    for version in ("v1", "v2"):
        store.create(DAY, version, NOON, FACTS)
        store.set_current(DAY, version)
        assert store.current(DAY) == version
        assert store.manifest(DAY).version == version
    store.set_current(DAY, "v1")
    assert store.manifest(DAY).version == "v1"
    assert store.partitions() == [DAY]
    assert store.versions(DAY) == ["v1", "v2"]


def test_a_step_that_runs_again_goes_on_with_its_version(store: ArtefactStore) -> None:
    store.create(DAY, "v1", NOON, FACTS)
    store.save_arrays(DAY, "v1", "matrix.npz", {"a": np.arange(3)})
    begun_again = replace(FACTS, settings={"k": 1})
    manifest = store.create(DAY, "v1", NOON, begun_again)
    assert manifest.facts == begun_again
    assert "matrix.npz" in manifest.files


def test_two_writers_of_one_manifest_lose_nothing(store: ArtefactStore) -> None:
    store.create(DAY, "v1", NOON, FACTS)
    names = [f"part{number}.npz" for number in range(6)]

    def save(name: str) -> None:
        store.save_arrays(DAY, "v1", name, {"a": np.arange(3)})

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(save, names))
    assert sorted(store.manifest(DAY, "v1").files) == names


def snapshot() -> Snapshot:
    seen = csr_matrix(np.array([[True, False, True], [False, False, False]]))
    return Snapshot(
        Users(texts("ann", "bob"), np.array([0, 1], np.int32), np.array([True, False])),
        Posts(
            texts("p", "q", "r"),
            np.array([0, 1, -1], np.int32),
            np.array([5, 6, -1]),
            texts("one", "", "🦊"),
            np.array([True, True, False]),
            np.array([1, 0, 0], np.int32),
            np.array([0, 2, 0], np.int32),
        ),
        Interactions(
            np.array([0, 1], np.int32),
            np.array([2, 0], np.int32),
            np.array([0, 3], np.int8),
            np.array([8, 9]),
        ),
        seen,
        as_of=10,
        timed=False,
    )


def test_a_snapshot_comes_back_as_it_was(store: ArtefactStore) -> None:
    one = snapshot()
    store.create(DAY, "v1", NOON, FACTS)
    assert save_snapshot(store, DAY, "v1", one).files[MATRIX].rows == 2
    store.set_current(DAY, "v1")
    other = load_snapshot(store, DAY)
    for part in ("users", "posts", "interactions"):
        for column in fields(getattr(one, part)):
            expected = getattr(getattr(one, part), column.name)
            found = getattr(getattr(other, part), column.name)
            assert found.dtype == expected.dtype
            assert found.tolist() == expected.tolist()
    assert (other.seen != one.seen).nnz == 0
    assert other.seen.dtype == bool
    assert (other.as_of, other.timed) == (10, False)


def rows(*values: tuple[int, int, float, int, int, int]) -> ScoredRows:
    kinds = (np.int32, np.int32, np.float64, np.int16, np.int8, np.int32)
    columns = zip(*values, strict=True) if values else [()] * 6
    return ScoredRows(*(np.array(c, k) for c, k in zip(columns, kinds, strict=True)))


def test_scored_rows_are_written_by_whole_users(
    store: ArtefactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scored_file, "ROWS_PER_GROUP", 2)
    store.create(DAY, "v1", NOON, FACTS)
    chunks = [
        rows((0, 2, 0.9, 1, REASONS.index("similar_post"), 1), (0, 1, 0.8, 2, 0, 14),
             (0, 0, 0.7, 3, 2, 5), (1, 0, 0.6, 1, REASONS.index("fresh_topic"), 2)),
        rows(),
        rows((2, 1, 0.5, 1, 2, 0)),
    ]  # fmt: skip
    users, posts = texts("ann", "bob", "cem"), texts("p", "q,r", "s")
    manifest = save_scored(store, DAY, "v1", chunks, users, posts)
    assert manifest.files["recommendations.parquet"].rows == 5
    with open_scored(store, DAY, "v1") as files:
        tables = list(batches(files))
        assert tables[0].schema == SCHEMA
        assert [table.num_rows for table in tables] == [3, 1, 1]
        assert [
            row for table in tables for row in zip(*table.to_pydict().values(), strict=True)
        ] == [
            ("ann", "s", 0.9, 1, "similar_post", "q,r"),
            ("ann", "q,r", 0.8, 2, "similar_people", "14"),
            ("ann", "p", 0.7, 3, "trending", "5"),
            ("bob", "p", 0.6, 1, "fresh_topic", "s"),
            ("cem", "q,r", 0.5, 1, "trending", "0"),
        ]
        assert next(batches(files, ["post_id"])).column_names == ["post_id"]
        of_bob = [table["user_id"].to_pylist() for table in batches(files, users=["bob"])]
        assert of_bob == [[], ["bob"], []]


def test_two_writers_of_the_registry_lose_nothing(store: ArtefactStore) -> None:
    with ThreadPoolExecutor(2) as pool:
        entries = [Entry(DAY, f"v{number}", NOON) for number in range(10)]
        list(pool.map(lambda entry: registry.register(store.objects, entry), entries))
    found = registry.read_registry(store.objects)
    assert sorted(entry.version for entry in found.entries) == sorted(e.version for e in entries)


def test_one_version_is_active(store: ArtefactStore) -> None:
    objects = store.objects
    assert registry.read_registry(objects) == Registry()
    for version in ("v1", "v2"):
        registry.register(objects, Entry(DAY, version, NOON, metrics={"ndcg": 0.3}))
        registry.activate(objects, version)
    found = registry.read_registry(objects)
    assert [(entry.version, entry.status) for entry in found.entries] == [
        ("v1", "retired"),
        ("v2", "active"),
    ]
    assert found.active is not None
    assert found.active.metrics == {"ndcg": 0.3}
