"""The connections that assets use.

Addresses and secrets never pass through Dagster's config. They are read when a connection is
opened, so that no secret is shown in the UI or stored with a run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg

from threads_pipelines import settings
from threads_pipelines.storage.postgres import database
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.scratch import clean_scratch

if TYPE_CHECKING:
    import sqlalchemy as sa


class Database(dg.ConfigurableResource):
    """The app's PostgreSQL database (``DATABASE_URL``)."""

    @contextmanager
    def engine(self) -> "Iterator[sa.Engine]":
        """Yield an engine, and close its connections afterwards.

        Yields:
            The engine.

        Raises:
            MissingAddressError: No address is set, and no embedded stack runs.
        """
        engine = database.connect(settings.load().database_url)
        try:
            yield engine
        finally:
            engine.dispose()


class ObjectStorage(dg.ConfigurableResource):
    """The S3-compatible storage (``S3_ENDPOINT_URL``, ``S3_BUCKET`` and credentials)."""

    def store(self) -> ObjectStore:
        """Open the configured bucket.

        Returns:
            The bucket.

        Raises:
            MissingAddressError: No address is set, and no embedded stack runs.
        """
        return ObjectStore(settings.load().s3)

    def artefacts(self) -> ArtefactStore:
        """Open the versions of matrices, models and scored rows.

        Files that killed processes left in the folder ``scratch`` are deleted first.

        Returns:
            The versions.
        """
        scratch = settings.load().state_dir / "scratch"
        clean_scratch(scratch)
        return ArtefactStore(self.store(), scratch)
