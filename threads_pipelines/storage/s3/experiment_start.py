"""The time at which an experiment began. The app does not record it, so it is stored on S3."""

from dataclasses import asdict
from datetime import datetime
from hashlib import sha256

from threads_pipelines.dataset.version_facts import DatabaseIdentity
from threads_pipelines.experiment.settings import ExperimentSettings
from threads_pipelines.storage.s3.objects import ObjectStore, json_bytes
from threads_pipelines.storage.s3.stored_json import expected_layout, identity_in


def note_start(
    store: ObjectStore,
    experiment: ExperimentSettings,
    now: datetime,
    database: DatabaseIdentity | None = None,
) -> datetime:
    """Store the time of the first assignment, unless one is stored.

    Args:
        store: The bucket.
        experiment: Name and participants of the experiment.
        now: Naive UTC.
        database: The database whose accounts are assigned; None if it is not known.

    Returns:
        The stored time, naive UTC.
    """
    noted = {
        "experiment": experiment.name,
        "enroll_real_accounts": experiment.enroll_real_accounts,
        "started_at": now.isoformat(timespec="seconds"),
        "database": asdict(database) if database else None,
    }
    store.put_if(_key(experiment), json_bytes(noted), None)
    return read_start(store, experiment) or now


def read_start(store: ObjectStore, experiment: ExperimentSettings) -> datetime | None:
    """Read the time of the first assignment.

    Args:
        store: The bucket.
        experiment: Name and participants of the experiment.

    Returns:
        Naive UTC; None if no groups were assigned.

    Raises:
        ObjectStorageError: The stored object is broken.
    """
    key = _key(experiment)
    if not store.exists(key):
        return None
    with expected_layout(key):
        return datetime.fromisoformat(store.get_json(key)["started_at"])


def read_start_database(
    store: ObjectStore, experiment: ExperimentSettings
) -> DatabaseIdentity | None:
    """Read on which database the first groups were assigned.

    Args:
        store: The bucket.
        experiment: Name and participants of the experiment.

    Returns:
        The identity; None if no groups were assigned, or it was not recorded.

    Raises:
        ObjectStorageError: The stored object is broken.
    """
    key = _key(experiment)
    return identity_in(store.get_json(key), key) if store.exists(key) else None


def _key(experiment: ExperimentSettings) -> str:
    """Return the key of an experiment, by its name and its participants."""
    who = "everyone" if experiment.enroll_real_accounts else "synthetic"
    if experiment.enroll_real_accounts and experiment.real_share < 1:
        who = f"{experiment.real_share:.4%}".rstrip("0%").rstrip(".")
    return f"experiments/{sha256(experiment.name.encode()).hexdigest()[:16]}-{who}.json"
