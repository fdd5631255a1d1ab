"""What of a folder other users could read."""

from pathlib import Path


def open_to_others(folder: Path) -> list[str]:
    """Paths that others may read, write or enter; the folder itself, too."""
    return [str(path) for path in [folder, *folder.rglob("*")] if path.lstat().st_mode & 0o077]
