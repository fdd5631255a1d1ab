"""Facts of a version for tests that are about something else."""

from datetime import UTC, datetime

from threads_pipelines.dataset.version_facts import VersionFacts

FACTS = VersionFacts(as_of=datetime(2026, 3, 31, 12, tzinfo=UTC), look_back_days=30)
