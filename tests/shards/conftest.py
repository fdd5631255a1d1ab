"""A version with a model, in a bucket that this process's environment names."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.recommender.worlds import random_world
from tests.shards.cluster import Cluster
from tests.storage.facts import FACTS
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.shards.models import MODEL, release_model
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.versions.manifest import Manifest

DAY, NOON = "2026-03-31", "2026-03-31T12:00:00+00:00"
USERS, TOP_K, CHUNK = 400, 10, 100


@dataclass(frozen=True)
class Bucket:
    """Versions of one model, and the environment that names their bucket."""

    store: ArtefactStore
    environment: dict[str, str]

    def new_version(self, name: str, share: float = 0.0) -> Manifest:
        """Store a version with a fitted model. share: of the spectral view."""
        settings = RecommenderSettings()
        spectral = settings.spectral.model_copy(update={"share": share})
        settings = settings.model_copy(update={"spectral": spectral})
        model = fit(random_world(7, USERS, 150, 6000), settings)
        facts = replace(FACTS, settings=settings.model_dump(), checked_rows=None)
        self.store.create(DAY, name, NOON, facts)
        return self.store.save_arrays(DAY, name, MODEL, model.to_arrays())


@pytest.fixture
def bucket(
    s3_settings: S3Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bucket]:
    environment = {
        "S3_ENDPOINT_URL": str(s3_settings.endpoint_url),
        "S3_BUCKET": s3_settings.bucket,
        "AWS_ACCESS_KEY_ID": str(s3_settings.access_key_id),
        "AWS_SECRET_ACCESS_KEY": str(s3_settings.secret_access_key),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    yield Bucket(ArtefactStore(ObjectStore(s3_settings), tmp_path / "scratch"), environment)
    release_model()


@pytest.fixture
def cluster(bucket: Bucket, tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler without workers."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    made = Cluster(folder, bucket.environment)
    yield made
    made.stop()
