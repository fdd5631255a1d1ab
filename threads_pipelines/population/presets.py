"""Fitted parameters of the generator, by platform name."""

from functools import cache
from pathlib import Path

from threads_pipelines.population.settings import PopulationSettings

_FOLDER = Path(__file__).parent / "platforms"
PLATFORMS = tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))
"""``fast_feed``: re-shares of a fast social network in six days, fitted to half of its users."""


@cache
def platform(name: str) -> PopulationSettings:
    """Load the fitted settings of a platform.

    Args:
        name: One of ``PLATFORMS``.

    Returns:
        The settings.

    Raises:
        KeyError: There is no such platform.
    """
    if name not in PLATFORMS:
        raise KeyError(f"no platform {name!r}: choose one of {', '.join(PLATFORMS)}")
    return PopulationSettings.model_validate_json((_FOLDER / f"{name}.json").read_text())
