"""Health check of the history: whether what is in the bucket was made from the app's database."""

from collections.abc import Iterable

from threads_pipelines.health.findings import DATABASE, OBJECT_STORAGE, Finding
from threads_pipelines.settings import Settings
from threads_pipelines.storage.history import require_own_history
from threads_pipelines.storage.postgres import database
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore


def check_history(settings: Settings, others: Iterable[Finding]) -> tuple[bool, str]:
    """Compare the database of the latest version with the connected one.

    Args:
        settings: Addresses and credentials.
        others: Findings of the other parts; where the database or the bucket failed, there is
            nothing to compare.

    Returns:
        Whether the check passes, and a sentence that says what was found.

    Raises:
        ForeignHistoryError: The history belongs to another database.
    """
    failed = {finding.part for finding in others if not finding.ok}
    if failed & {DATABASE, OBJECT_STORAGE}:
        return True, "not compared: a server does not answer"
    objects = ObjectStore(settings.s3)
    store = ArtefactStore(objects, settings.state_dir / "scratch")
    warning = require_own_history(database.connect(settings.database_url), store)
    return True, warning or f"nothing in bucket {objects.bucket!r} is of another database"
