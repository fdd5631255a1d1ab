"""Dagster's own storage: PostgreSQL at the address that ``settings`` knows.

Named by ``dagster.yaml``, so that ``dagster dev`` and ``dg dev`` find the running embedded stack
by themselves, and say what to start where there is none.
"""

from typing import Any

from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage

from threads_pipelines import settings
from threads_pipelines.storage.postgres.database import with_silence_bounds


class InstanceStorage(DagsterPostgresStorage):
    """``DagsterPostgresStorage`` without an address in its config (``DAGSTER_DATABASE_URL``)."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """No config: the address is a secret and comes from the environment or the stack."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> "InstanceStorage":
        """Open the storage; ConfigurationError where there is no address."""
        address = with_silence_bounds(settings.load().dagster_database_url)
        return cls(inst_data=inst_data, postgres_url=address)
