"""Shards: the same parts from threads and from any number of Dask workers, and no work twice."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import dask
import distributed  # noqa: F401 - sets Dask's defaults before a test sets its own
import pytest

from tests.shards.cluster import Cluster
from tests.shards.conftest import CHUNK, DAY, TOP_K, USERS, Bucket
from threads_pipelines.errors import ArtefactError, SchedulerError
from threads_pipelines.recommender.model import Model, recommend_chunks
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.shards import executors, ranking
from threads_pipelines.shards.executors import open_executor
from threads_pipelines.shards.models import MODEL
from threads_pipelines.shards.ranking import SHARDS, rank_version, shards_of
from threads_pipelines.storage.s3.scored import (
    batches,
    open_scored,
    save_scored,
    scored_checksum,
    scored_files,
)
from threads_pipelines.storage.s3.versions.manifest import Manifest
from threads_pipelines.storage.s3.versions.parts import save_part


def rank(bucket: Bucket, manifest: Manifest, scheduler: str | None = None) -> Manifest:
    with open_executor(scheduler) as executor:
        return rank_version(bucket.store, executor, manifest, USERS, TOP_K, CHUNK)


def content(bucket: Bucket, version: str) -> list[bytes]:
    manifest = bucket.store.manifest(DAY, version)
    return [bucket.store.objects.get(manifest.prefix + name) for name in scored_files(manifest)]


def test_shards_hold_the_rows_of_one_ranking_of_all(bucket: Bucket) -> None:
    manifest = bucket.new_version("v1")
    ranked = rank(bucket, manifest)
    names = scored_files(ranked)
    assert len(names) == SHARDS
    settings = RecommenderSettings.from_stored(manifest.facts.settings or {})
    model = Model.from_arrays(bucket.store.load_arrays(DAY, MODEL, "v1"), settings)
    bucket.new_version("whole")
    chunks = recommend_chunks(model, TOP_K)
    save_scored(bucket.store, DAY, "whole", chunks, model.user_ids, model.post_ids)
    rows = {}
    for version in ("v1", "whole"):
        with open_scored(bucket.store, DAY, version) as files:
            rows[version] = [row for table in batches(files) for row in table.to_pylist()]
    assert rows["v1"] == rows["whole"]
    assert len(rows["v1"]) == USERS * TOP_K
    assert sum(file.rows or 0 for name, file in ranked.files.items() if name in names) == len(
        rows["v1"]
    )


def test_dask_workers_and_threads_store_the_same_bytes(bucket: Bucket, cluster: Cluster) -> None:
    expected: dict[float, list[bytes]] = {}
    for workers in (0, 1, 2, 8):
        while len(cluster.workers) < workers:
            cluster.add_worker()
        for share in (0.0, 0.4):
            version = f"w{workers}-{share}"
            rank(bucket, bucket.new_version(version, share), cluster.address if workers else None)
            made = content(bucket, version)
            assert made == expected.setdefault(share, made)
    assert expected[0.0] != expected[0.4]


def test_a_killed_ranking_goes_on_from_its_parts(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = scored_checksum(rank(bucket, bucket.new_version("undisturbed")))
    manifest = bucket.new_version("v1")
    ranked: list[object] = []

    def dying(*given: object) -> object:
        """Store ten parts, then die."""
        if len(ranked) == 10:
            raise KeyboardInterrupt
        ranked.append(given)
        return save_part(*given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(ranking, "save_part", dying)
        with pytest.raises(KeyboardInterrupt):
            rank(bucket, manifest)
    with pytest.raises(ArtefactError, match="has no recommendations"):
        scored_files(bucket.store.manifest(DAY, "v1"))

    # One of the stored parts is damaged: it is ranked again, the nine others are not.
    tasks = shards_of(manifest, USERS, TOP_K, CHUNK)
    key = f"{manifest.prefix}recommendations/{tasks[3].name}"
    told = bucket.store.objects.metadata(key)
    bucket.store.objects._client.put_object(
        Bucket=bucket.store.objects.bucket, Key=key, Body=b"damaged", Metadata=told or {}
    )
    again: list[str] = []

    def counting(store: object, partition: str, version: str, name: str, fill: object) -> object:
        again.append(name)
        return save_part(store, partition, version, name, fill)  # type: ignore[arg-type]

    monkeypatch.setattr(ranking, "save_part", counting)
    assert scored_checksum(rank(bucket, manifest)) == expected
    assert set(again) == {task.name for number, task in enumerate(tasks) if number in {3}} | {
        task.name for task in tasks[10:]
    }


def test_a_finished_version_is_ranked_anew_and_old_parts_go(bucket: Bucket) -> None:
    first = rank(bucket, bucket.new_version("v1"))
    second = rank(bucket, first)
    assert scored_checksum(second) == scored_checksum(first)
    with open_executor(None) as executor:
        shorter = rank_version(bucket.store, executor, second, USERS, TOP_K - 1, CHUNK)
    stored = {
        item.key.removeprefix(shorter.prefix)
        for item in bucket.store.objects.listing(f"{shorter.prefix}recommendations/")
    }
    assert stored == set(scored_files(shorter))
    assert not stored & set(scored_files(first))


def test_a_version_without_users_has_one_empty_part(bucket: Bucket) -> None:
    manifest = bucket.new_version("v1")
    tasks = shards_of(manifest, 0, TOP_K, CHUNK)
    assert [(task.low, task.high) for task in tasks] == [(0, 0)]
    with ThreadPoolExecutor(1) as executor:
        ranked = rank_version(bucket.store, executor, manifest, 0, TOP_K, CHUNK)
    with open_scored(bucket.store, DAY, "v1") as files:
        assert list(batches(files)) == []
    assert len(scored_files(ranked)) == 1


def test_another_model_than_the_shards_were_made_for_is_refused(bucket: Bucket) -> None:
    manifest = bucket.new_version("v1")
    tasks = shards_of(manifest, USERS, TOP_K, CHUNK)
    with pytest.raises(ArtefactError, match="another model"):
        ranking.rank_shard(replace(tasks[0], model="0" * 64))
    without = replace(manifest, files={})
    with pytest.raises(ArtefactError, match="has no model"):
        shards_of(without, USERS, TOP_K, CHUNK)


def test_a_worker_that_dies_costs_its_shard_alone(bucket: Bucket, cluster: Cluster) -> None:
    expected = scored_checksum(rank(bucket, bucket.new_version("undisturbed")))
    cluster.add_worker()
    cluster.add_worker()
    manifest = bucket.new_version("v1")
    ended: list[str] = []

    def kill_once(message: str) -> None:
        if not ended:
            cluster.workers[0].kill()
        ended.append(message)

    with open_executor(cluster.address) as executor:
        ranked = rank_version(bucket.store, executor, manifest, USERS, TOP_K, CHUNK, kill_once)
    assert len(ended) == SHARDS
    assert scored_checksum(ranked) == expected


def test_a_scheduler_that_dies_fails_the_step_and_the_next_try_goes_on(
    bucket: Bucket, cluster: Cluster
) -> None:
    expected = scored_checksum(rank(bucket, bucket.new_version("undisturbed")))
    cluster.add_worker()
    manifest, address = bucket.new_version("v1"), cluster.address
    ended: list[str] = []

    def kill(message: str) -> None:
        if len(ended) == 5:
            cluster.scheduler.kill()
            cluster.scheduler.wait()
        ended.append(message)

    with (
        pytest.raises(SchedulerError, match=r"scheduler is gone.*retry"),
        open_executor(address) as executor,
    ):
        rank_version(bucket.store, executor, manifest, USERS, TOP_K, CHUNK, kill)
    finished = list(bucket.store.objects.listing(f"{manifest.prefix}recommendations/"))
    assert 6 <= len(finished) < SHARDS
    cluster.start_scheduler(address)
    cluster.add_worker()
    assert scored_checksum(rank(bucket, manifest, cluster.address)) == expected


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_SECONDS", "1s")
    with (
        pytest.raises(SchedulerError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 "),
        open_executor("tcp://127.0.0.1:1"),
    ):
        pass


def test_only_who_holds_the_certificate_is_listened_to(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [str(Path(sys.executable).parent / "threads-pipelines"), "cluster-certificate"]
    certificate, other = tmp_path / "cluster.pem", tmp_path / "other.pem"
    for path in (certificate, other):
        subprocess.run([*command, str(path)], check=True, capture_output=True)
        assert path.stat().st_mode & 0o777 == 0o600
    kept = subprocess.run([*command, str(other)], check=True, capture_output=True, text=True)
    assert kept.stdout == f"{other} exists and is kept.\n"
    cluster = Cluster(tmp_path, {**bucket.environment, **tls(certificate)}, "tls")
    try:
        cluster.add_worker()
        manifest, address = bucket.new_version("v1"), cluster.address
        assert address.startswith("tls://")
        monkeypatch.setattr(executors, "_SECONDS", "3s")
        with dask.config.set(tls_settings(other)), pytest.raises(SchedulerError, match="answers"):
            rank(bucket, manifest, address)
        monkeypatch.setattr(executors, "_SECONDS", "30s")
        with dask.config.set(tls_settings(certificate)):
            ranked = rank(bucket, manifest, address)
    finally:
        cluster.stop()
    assert len(scored_files(ranked)) == SHARDS


def tls_settings(path: Path) -> dict[str, object]:
    parts = {f"{who}.cert": str(path) for who in ("scheduler", "worker", "client")}
    given: dict[str, object] = {f"distributed.comm.tls.{key}": v for key, v in parts.items()}
    given["distributed.comm.tls.ca-file"] = str(path)
    given["distributed.comm.require-encryption"] = True
    return given


def tls(path: Path) -> dict[str, str]:
    """The same as variables of a process."""
    return {
        f"DASK_{name.replace('.', '__').replace('-', '_').upper()}": str(value)
        for name, value in tls_settings(path).items()
    }
