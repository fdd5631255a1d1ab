"""Deletes versions of artefacts that have had their time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.pins import read_pin
from threads_pipelines.storage.s3.registry import forget, read_registry
from threads_pipelines.storage.s3.retention import Plan, StoredVersion, VersionRules, plan_versions
from threads_pipelines.storage.s3.versions.manifest import MANIFEST, Manifest


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went: whole versions, versions of which the manifest stayed, and their bytes."""

    deleted: int
    thinned: int
    bytes: int


def prune_versions(
    store: ArtefactStore,
    now: datetime,
    rules: VersionRules,
    *,
    dry_run: bool = False,
    progress: Callable[[str], None] = lambda _message: None,
) -> Pruned:
    """Apply the rules to every version; ``now`` is aware. A run that was killed is run again.

    The pins and the active version are read again just before each deletion: a rollback that comes
    between keeps its version.
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
    return _counted(plan, manifests, size)


def _delete(store: ArtefactStore, prefix: str) -> None:
    """Delete a version, its manifest last: by it a killed deletion is found and ended later."""
    keys = [item.key for item in store.objects.listing(prefix)]
    for key in sorted(keys, key=lambda key: key == prefix + MANIFEST):
        store.objects.delete(key)


def _counted(plan: Plan, manifests: dict[tuple[str, str], Manifest], size: int) -> Pruned:
    thin = [v for v in plan.thin if manifests[v.partition, v.version].files]
    return Pruned(len(plan.delete), len(thin), size)


def _thin(store: ArtefactStore, manifest: Manifest) -> None:
    """Leave the manifest alone behind; it forgets the files before they go."""
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
        )
        for (partition, version), manifest in manifests.items()
    ]


def _served(store: ArtefactStore) -> set[str]:
    registry = read_registry(store.objects)
    named = (registry.active, registry.previous, read_pin(store.objects))
    return {entry.version for entry in named if entry}


def _aware(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
