"""Reads the recommender's settings from a file."""

import warnings
from codecs import BOM_UTF8
from pathlib import Path

from pydantic import ValidationError

from threads_pipelines.errors import InputFileError
from threads_pipelines.files.inputs import Progress
from threads_pipelines.recommender.presets import SEED_FORMULA
from threads_pipelines.recommender.settings import RecommenderSettings


def read_settings(text: str, note: Progress) -> RecommenderSettings:
    """Read settings from a JSON file, or return one of the formulas of the seeds.

    Args:
        text: Path of the file, or name of a formula.
        note: Called with a warning for each setting with a name of an earlier release.

    Returns:
        The settings.

    Raises:
        InputFileError: The file is invalid; the message names every invalid field.
    """
    if text in SEED_FORMULA:
        return SEED_FORMULA[text]
    path = Path(text)
    try:
        with warnings.catch_warnings(record=True) as old_names:
            warnings.simplefilter("always", FutureWarning)
            content = path.read_bytes().removeprefix(BOM_UTF8)
            settings = RecommenderSettings.model_validate_json(content)
    except OSError as error:
        names = ", ".join(SEED_FORMULA)
        raise InputFileError(
            f"{path} cannot be read ({error.strerror}): name a JSON file of settings, or {names}"
        ) from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'the file'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise InputFileError(f"{path}: {faults}") from error
    for warning in old_names:
        note(f"WARNING: {path}: {warning.message}")
    return settings
