"""What of a folder other users could read."""

from pathlib import Path


def open_to_others(folder: Path) -> list[str]:
    """Paths that others may read, write or enter; the folder itself, too.

    SeaweedFS sets the mode of its ``.vif`` files itself; the folder that holds them is looked at.
    """
    paths = [folder, *(path for path in folder.rglob("*") if path.suffix != ".vif")]
    return [str(path) for path in paths if path.lstat().st_mode & 0o077]
