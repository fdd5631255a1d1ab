"""Whether a version's stored rows passed the checks; no other version is published.

The SHA-256 of the rows that passed is a fact of the version. Rows that are written again count as
not checked until they pass again.
"""

from dataclasses import replace

from threads_pipelines.dataset.version_facts import NOT_CHECKED
from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.scored import is_scored, scored_checksum, scored_files
from threads_pipelines.storage.s3.versions.manifest import Manifest


def mark_unchecked(store: ArtefactStore, partition: str, version: str) -> Manifest:
    """Mark a version's rows as not checked. Call it before writing them.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.

    Returns:
        The stored manifest.
    """
    return store.change_facts(
        partition, version, lambda facts: replace(facts, checked_rows=NOT_CHECKED)
    )


def mark_checked(store: ArtefactStore, partition: str, version: str) -> Manifest:
    """Record that a version's stored rows passed every check.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.

    Returns:
        The stored manifest.

    Raises:
        ArtefactError: The version has no rows.
    """
    checksum = scored_checksum(store.manifest(partition, version))
    return store.change_facts(
        partition, version, lambda facts: replace(facts, checked_rows=checksum)
    )


def is_checked(store: ArtefactStore, manifest: Manifest) -> bool:
    """Return whether the rows of a manifest passed the checks.

    A version of a release that did not record this counts as checked if it was published.

    Args:
        store: The versions.
        manifest: The manifest.

    Returns:
        Whether they passed.
    """
    checked = manifest.facts.checked_rows
    if not any(is_scored(name) for name in manifest.files):
        return False
    if checked is None:
        return manifest.version in read_registry(store.objects).published
    return checked == scored_checksum(manifest)


def require_checked(store: ArtefactStore, partition: str, version: str) -> Manifest:
    """Return the manifest of a version that may be published, pinned or refreshed from.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.

    Returns:
        The manifest.

    Raises:
        ArtefactError: The version does not exist, has no rows, or did not pass its checks.
    """
    manifest = store.manifest(partition, version)
    scored_files(manifest)
    if not is_checked(store, manifest):
        raise ArtefactError(
            f"version {version} of {partition} did not pass its checks, so it cannot be published: "
            f"run nightly_recommendations for {partition} again"
        )
    return manifest
