"""Dagster's own storage: PostgreSQL at the address of the settings.

``dagster.yaml`` names this class, so that ``dagster dev`` and ``dg dev`` find the running embedded
stack, and explain what to start if there is none.
"""

from typing import Any

from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage

from threads_pipelines import settings
from threads_pipelines.storage.postgres.database import with_silence_bounds


class InstanceStorage(DagsterPostgresStorage):
    """``DagsterPostgresStorage`` with the address of DAGSTER_DATABASE_URL."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Return an empty config, because the address is a secret.

        Returns:
            No fields.
        """
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> "InstanceStorage":
        """Open the storage.

        Args:
            inst_data: Dagster's description of the class.
            config_value: Not used.

        Returns:
            The storage.

        Raises:
            ConfigurationError: No address is set, and no embedded stack runs.
        """
        address = with_silence_bounds(settings.load().dagster_database_url)
        return cls(inst_data=inst_data, postgres_url=address)
