"""Deletes versions of artefacts that are past their retention."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.pins import read_pin
from threads_pipelines.storage.s3.pointers import ROOT
from threads_pipelines.storage.s3.refreshes.record import read_refreshes
from threads_pipelines.storage.s3.registry import forget, read_registry
from threads_pipelines.storage.s3.retention import Plan, StoredVersion, VersionRules, plan_versions
from threads_pipelines.storage.s3.versions.manifest import MANIFEST, Manifest

DEBRIS_AGE = timedelta(days=1)
"""How long files without a manifest stay: longer than any run may take."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """Result of pruning.

    Attributes:
        deleted: Number of versions that were deleted.
        thinned: Number of versions of which only the manifest was kept.
        debris: Number of versions without a manifest, left by a killed write or deletion.
        bytes: Total size of the deleted files.
    """

    deleted: int
    thinned: int
    debris: int
    bytes: int


@dataclass(frozen=True, slots=True)
class _Debris:
    """Files of a version without a manifest. ``size`` is in bytes."""

    partition: str
    version: str
    size: int

    @property
    def prefix(self) -> str:
        return f"{ROOT}/{self.partition}/{self.version}/"


def prune_versions(
    store: ArtefactStore,
    now: datetime,
    rules: VersionRules,
    *,
    dry_run: bool = False,
    progress: Callable[[str], None] = lambda _message: None,
) -> Pruned:
    """Apply the retention rules to every version. After a kill it can simply be run again.

    Pins and the active version are read again just before each deletion, so that a rollback in
    between keeps its version.

    Args:
        store: The versions.
        now: The time, with a time zone.
        rules: The retention rules.
        dry_run: Only count; delete nothing.
        progress: Called with one sentence for each deleted version.

    Returns:
        Counts and size of what was, or would be, deleted.
    """
    manifests = _manifests(store)
    plan = plan_versions(_stored(store, manifests), now, rules)
    size = 0
    for version in (*plan.delete, *plan.thin):
        manifest = manifests[version.partition, version.version]
        size += sum(file.size for file in manifest.files.values())
        if dry_run or version.version in _served(store):
            continue
        if version in plan.delete:
            _delete(store, manifest.prefix)
            forget(store.objects, version.version)
        else:
            _thin(store, manifest)
        progress(f"{version.partition}/{version.version} pruned")
    debris = _debris(store, now, manifests)
    for left in debris:
        size += left.size
        if not dry_run and left.version not in _served(store):
            _delete(store, left.prefix)
            progress(f"{left.partition}/{left.version}, which has no manifest, pruned")
    return _counted(plan, manifests, len(debris), size)


def _delete(store: ArtefactStore, prefix: str) -> None:
    """Delete a version, its manifest last, so that an interrupted deletion is completed later."""
    keys = [item.key for item in store.objects.listing(prefix)]
    for key in sorted(keys, key=lambda key: key == prefix + MANIFEST):
        store.objects.delete(key)


def _debris(
    store: ArtefactStore, now: datetime, known: Collection[tuple[str, str]]
) -> list[_Debris]:
    """Find versions without a manifest that were last written to before ``DEBRIS_AGE``.

    An empty manifest, which an S3 server can leave after a killed write, counts as none. A version
    is kept if its manifest is unreadable, if it is served or pinned, or if its partition's pointer
    names it.
    """
    found, served = [], _served(store)
    for partition in store.partitions():
        for version in store.versions(partition):
            if (partition, version) in known or version in served:
                continue
            items = list(store.objects.listing(f"{ROOT}/{partition}/{version}/"))
            if any(item.key.endswith(f"/{version}/{MANIFEST}") and item.size for item in items):
                continue
            old = all(now - item.modified > DEBRIS_AGE for item in items)
            if items and old and store.current(partition) != version:
                found.append(_Debris(partition, version, sum(item.size for item in items)))
    return found


def _counted(
    plan: Plan, manifests: dict[tuple[str, str], Manifest], debris: int, size: int
) -> Pruned:
    thin = [v for v in plan.thin if manifests[v.partition, v.version].files]
    return Pruned(len(plan.delete), len(thin), debris, size)


def _thin(store: ArtefactStore, manifest: Manifest) -> None:
    """Delete all files but the manifest, which forgets the files before they are deleted."""
    store.objects.put(manifest.key, replace(manifest, files={}).to_bytes())
    for name in manifest.files:
        store.objects.delete(manifest.prefix + name)


def _manifests(store: ArtefactStore) -> dict[tuple[str, str], Manifest]:
    found = {}
    for partition in store.partitions():
        for version in store.versions(partition):
            try:
                found[partition, version] = store.manifest(partition, version)
            except ArtefactError:  # files without a manifest: a version that is being written
                continue
    return found


def _stored(
    store: ArtefactStore, manifests: dict[tuple[str, str], Manifest]
) -> list[StoredVersion]:
    served = _served(store)
    current = {partition: store.current(partition) for partition, _ in manifests}
    return [
        StoredVersion(
            partition=partition,
            version=version,
            created_at=_aware(manifest.created_at),
            current=current[partition] == version,
            served=version in served,
            refresh=manifest.facts.kind == "refresh",
        )
        for (partition, version), manifest in manifests.items()
    ]


def _served(store: ArtefactStore) -> set[str]:
    registry = read_registry(store.objects)
    named = (registry.active, registry.previous, read_pin(store.objects))
    # Every night asks the recorded refreshes whom they left without rows.
    refreshes = {refresh.version for refresh in read_refreshes(store.objects)}
    return refreshes | {entry.version for entry in named if entry}


def _aware(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
