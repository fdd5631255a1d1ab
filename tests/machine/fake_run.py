"""What an asset's function sees of Dagster, without Dagster: a run, its tags and its log."""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from types import SimpleNamespace
from typing import Any


@dataclass
class Clock:
    """The time that the pipeline is told, naive UTC in whole seconds."""

    now: datetime

    def as_datetime(self) -> type[datetime]:
        """Return a class to stand for ``datetime``, whose ``now`` is this clock's."""
        clock = self

        class FakeDatetime(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Any:
                return clock.now.replace(tzinfo=tz)

        return FakeDatetime


@dataclass
class FakeInstance:
    """The runs by id, each with its tags and the run that it continues."""

    runs: dict[str, SimpleNamespace] = field(default_factory=dict)
    made: dict[Any, Any] = field(default_factory=dict)

    def add_run_tags(self, run_id: str, tags: dict[str, str]) -> None:
        self.runs[run_id].tags.update(tags)

    def get_run_by_id(self, run_id: str) -> SimpleNamespace | None:
        return self.runs.get(run_id)

    def get_runs(self, *_given: Any, **_named: Any) -> list[Any]:
        return []

    def all_logs(self, *_given: Any, **_named: Any) -> list[Any]:
        return []

    def get_run_step_stats(self, *_given: Any) -> list[Any]:
        return []

    def get_latest_materialization_event(self, key: Any) -> SimpleNamespace:
        metadata = {
            name: value if hasattr(value, "value") else SimpleNamespace(value=value)
            for name, value in self.made[key].metadata.items()
        }
        return SimpleNamespace(asset_materialization=SimpleNamespace(metadata=metadata))


class FakeContext:
    """The context of the steps of one run."""

    def __init__(
        self, instance: FakeInstance, partition: str, number: int, parent: str | None = None
    ) -> None:
        self.partition_key, self.instance = partition, instance
        self.run = SimpleNamespace(run_id=f"{number:08d}", tags={}, parent_run_id=parent)
        instance.runs[self.run.run_id] = self.run
        self.lines: list[str] = []
        self.log = SimpleNamespace(info=self.lines.append, warning=self.lines.append)

    def log_event(self, _event: object) -> None:
        """Take what an op tells of an asset."""
