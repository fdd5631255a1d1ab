"""The registry as a table: the metrics of each version."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import pyarrow as pa

SCHEMA = pa.schema(
    [
        pa.field("partition", pa.string()),
        pa.field("version", pa.string()),
        pa.field("created_at", pa.string()),
        pa.field("status", pa.string()),
        pa.field("gate", pa.string()),
        pa.field("metric", pa.string()),
        pa.field("value", pa.float64()),
    ]
)


class Registered(Protocol):
    """The fields of a registry entry that the table shows."""

    @property
    def partition(self) -> str:
        """Day of the version."""

    @property
    def version(self) -> str:
        """Name of the version."""

    @property
    def created_at(self) -> str:
        """Time of creation, ISO 8601."""

    @property
    def status(self) -> str:
        """State of the version, such as ``active``."""

    @property
    def metrics(self) -> Mapping[str, Any]:
        """Metrics of its evaluation by name."""


def metrics_table(entries: Iterable[Registered]) -> pa.Table:
    """Convert registry entries to a table of metrics.

    Args:
        entries: The entries.

    Returns:
        One row for each version and metric, in the order of the registry.
    """
    rows = [
        {
            "partition": entry.partition,
            "version": entry.version,
            "created_at": entry.created_at,
            "status": entry.status,
            "gate": entry.metrics.get("gate"),
            "metric": name,
            "value": float(value),
        }
        for entry in entries
        for name, value in entry.metrics.items()
        if isinstance(value, int | float)
    ]
    return pa.Table.from_pylist(rows, SCHEMA)
