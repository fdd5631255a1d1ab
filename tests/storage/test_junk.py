"""Whatever a document on S3 holds, the refusal is one line that names the document."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.recommender.worlds import random_world
from tests.storage.facts import FACTS
from threads_pipelines.errors import ArtefactError, ThreadsPipelinesError
from threads_pipelines.experiment.settings import ExperimentSettings
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3 import experiment_start
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.pins import read_pin
from threads_pipelines.storage.s3.refreshes.record import read_refreshes
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.snapshots import load_snapshot, save_snapshot
from threads_pipelines.storage.s3.synthetic.run_keys import forget_run_key, pin_run_key

DAY, NOON = "2026-11-22", "2026-11-22T12:00:00+00:00"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC).replace(tzinfo=None)
EXPERIMENT = ExperimentSettings()
ANY = [
    b"",
    b"{",
    b"\xff\xfe\x00",
    b"null",
    b"7",
    b'"x"',
    b"[]",
    b"{}",
    b"[" * 100_000,
    b'{"version": ' + b"9" * 5000 + b"}",
]
ENTRY = b'{"entries": [{"partition": "d", "version": %s, "created_at": "", "status": "%s"}]}'

DOCUMENTS: dict[str, tuple[str, Callable[[ObjectStore], Any], list[bytes]]] = {
    "pointer": (
        f"models/{DAY}/current.json",
        lambda store: ArtefactStore(store, Path()).current(DAY),
        [b'{"version": 7}', b'{"version": "../up"}', b'{"version": null}', b'{"version": []}'],
    ),
    "registry": (
        "models/registry.json",
        read_registry,
        [
            b'{"entries": 5}',
            b'{"entries": "abc"}',
            b'{"entries": [7]}',
            b'{"entries": [{}]}',
            ENTRY % (b"7", b"checked"),
            ENTRY % (b'"v"', b"great"),
        ],
    ),
    "manifest": (
        f"models/{DAY}/v1/manifest.json",
        lambda store: ArtefactStore(store, Path()).manifest(DAY, "v1"),
        [
            b'{"files": {}, "facts": {}, "partition": "x", "version": "v1", "created_at": ""}',
            b'{"files": 7, "facts": {}}',
            b'{"files": {"a": {"sha256": 7, "size": "x"}}, "facts": {}}',
        ],
    ),
    "pin": ("pins/current.json", read_pin, [b'{"number": "x", "pin": null}']),
    "refreshes": ("models/refreshes.json", read_refreshes, [b'{"refreshes": [{"parent": 1}]}']),
    "experiment": (
        "",
        lambda store: experiment_start.read_start(store, EXPERIMENT),
        [b'{"started_at": "soon"}', b'{"started_at": 7}'],
    ),
    "run key": (
        "generated/run_keys/demo.json",
        lambda store: pin_run_key(store, "demo", NOW, {}),
        [b'{"now": 1}', b'{"now": "x", "config": {}}'],
    ),
    "run key to forget": (
        "generated/run_keys/demo.json",
        lambda store: forget_run_key(store, "demo"),
        [b'{"now": 1}'],
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_junk_is_refused_in_one_line(s3_settings: S3Settings, name: str) -> None:
    store = ObjectStore(s3_settings)
    key, read, more = DOCUMENTS[name]
    if not key:
        experiment_start.note_start(store, EXPERIMENT, NOW)
        (key,) = (item.key for item in store.listing("experiments/"))
    for content in (*ANY, *more):
        store.put(key, content)
        with pytest.raises(ThreadsPipelinesError) as caught:
            read(store)
        message = str(caught.value)
        assert key in message, content[:80]
        assert "\n" not in message
        assert len(message) < 700


@pytest.mark.parametrize(
    ("table", "field", "value"),
    [
        ("interactions", "user", 99),
        ("interactions", "post", -2),
        ("interactions", "kind", 77),
        ("posts", "author", 10_000),
    ],
)
def test_a_snapshot_with_indices_out_of_range_is_refused(
    s3_settings: S3Settings, tmp_path: Path, table: str, field: str, value: int
) -> None:
    store = ArtefactStore(ObjectStore(s3_settings), tmp_path / "scratch")
    store.create(DAY, "v1", NOON, FACTS)
    good = random_world(1, 9, 8, 40)
    array = getattr(getattr(good, table), field).copy()
    array[3] = value
    part = replace(getattr(good, table), **{field: array})
    save_snapshot(store, DAY, "v1", replace(good, **{table: part}))
    with pytest.raises(ArtefactError, match=rf"does not fit together \({field} has .*not within"):
        load_snapshot(store, DAY, "v1")
    save_snapshot(store, DAY, "v1", good)
    assert np.array_equal(load_snapshot(store, DAY, "v1").posts.author, good.posts.author)
