"""Time and settings of a run key: written once, so that a second run adds nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from threads_pipelines.dataset.identity import check_run_key
from threads_pipelines.errors import ConfigurationError
from threads_pipelines.storage.s3.objects import ObjectStore, json_bytes
from threads_pipelines.storage.s3.stored_json import expected_layout


@dataclass(frozen=True, slots=True)
class RunKey:
    """A synthetic population: its name and the instant of its creation (naive UTC)."""

    name: str
    now: datetime

    @property
    def folder(self) -> str:
        """Prefix of its exported objects, with a slash at the end."""
        return f"generated/run_{self.now:%Y%m%d_%H%M%S}/"

    @property
    def catalogue(self) -> str:
        """Key of the catalogue of its posts."""
        return f"generated/catalogue/{self.name}.parquet"


def pin_run_key(store: ObjectStore, name: str, now: datetime, config: Mapping[str, Any]) -> RunKey:
    """Return a run key; its first use fixes its time and settings for ever.

    Args:
        store: The bucket.
        name: Name of the run key.
        now: Naive UTC; used at the first use only.
        config: The settings of the population.

    Returns:
        The run key.

    Raises:
        ConfigurationError: The name is invalid, or it was used with other settings.
    """
    try:
        check_run_key(name)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    key = f"generated/run_keys/{name}.json"
    first = {"now": now.replace(microsecond=0).isoformat(), "config": dict(config)}
    store.put_if(key, json_bytes(first), None)
    with expected_layout(key):
        kept = store.get_json(key)
        since = datetime.fromisoformat(kept["now"])
        changed = [
            f"{field} was {kept['config'].get(field)!r} and is {value!r}"
            for field, value in config.items()
            if kept["config"].get(field) != value
        ]
    if changed:
        raise ConfigurationError(
            f"run key {name!r} names a population made with other settings "
            f"({'; '.join(changed)}): choose another run_key, or the same settings"
        )
    return RunKey(name, since)


def forget_run_key(store: ObjectStore, name: str) -> None:
    """Delete the objects of a run key: its time and settings, its catalogue and its export.

    Args:
        store: The bucket.
        name: Name of the run key.
    """
    key = f"generated/run_keys/{name}.json"
    if store.exists(key):
        with expected_layout(key):
            run_key = RunKey(name, datetime.fromisoformat(store.get_json(key)["now"]))
        store.delete_prefix(run_key.folder)
        store.delete(run_key.catalogue)
        store.delete(key)


def run_keys(store: ObjectStore) -> list[str]:
    """List the run keys that S3 knows.

    Args:
        store: The bucket.

    Returns:
        Their names.
    """
    prefix = "generated/run_keys/"
    keys = (item.key for item in store.listing(prefix))
    return [key.removeprefix(prefix).removesuffix(".json") for key in keys]
