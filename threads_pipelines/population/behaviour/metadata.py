"""The JSON metadata that the app's client sends with an interaction.

Each row has a code into a table of a few thousand texts, so that ten million rows stay small.
"""

import json

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.population.behaviour.funnel import KINDS
from threads_pipelines.population.settings import Funnel

Codes = NDArray[np.int16]
_FIRST_VIEW = 3
_VIEWS = 4096
_LONGEST_MS = 600_000


def metadata_values(settings: Funnel, rng: np.random.Generator) -> NDArray[np.object_]:
    """Make the table of metadata texts.

    Args:
        settings: Rates of the funnel; it has the median dwell time.
        rng: Source of randomness.

    Returns:
        JSON texts by code: 0 is JSON null, 1 click and like, 2 share, then views by rising
        duration.
    """
    z = np.sort(rng.standard_normal(_VIEWS))
    duration = np.clip(settings.dwell_seconds * 1000 * np.exp(z), 300, _LONGEST_MS).astype(int)
    depth = np.clip(55 + 20 * z + rng.normal(0, 20, _VIEWS), 0, 100).astype(int)
    texts = [
        "null",
        json.dumps({"source": "feed"}),
        json.dumps({"source": "feed", "method": "clipboard"}),
    ]
    texts += [
        json.dumps({"duration": int(d), "scroll_depth": int(s), "source": "feed"})
        for d, s in zip(duration, depth, strict=True)
    ]
    return np.array(texts, dtype=object)


def metadata_codes(
    kind: NDArray[np.int8],
    engaged: NDArray[np.bool_],
    settings: Funnel,
    rng: np.random.Generator,
) -> Codes:
    """Draw the metadata of each row.

    Args:
        kind: (n,) int8, position in ``KINDS``.
        engaged: (n,) bool, views that led to a click; they last longer.
        settings: Rates of the funnel.
        rng: Source of randomness.

    Returns:
        (n,) int16 codes.
    """
    code = np.ones(len(kind), np.int16)
    code[kind == KINDS.index("share")] = 2
    view = np.flatnonzero(kind == KINDS.index("view"))
    quantile = rng.random(len(view), dtype=np.float32)
    quantile = np.where(engaged[view], 1 - (1 - quantile) * 0.6, quantile)
    code[view] = _FIRST_VIEW + np.minimum(quantile * _VIEWS, _VIEWS - 1).astype(np.int16)
    code[rng.random(len(kind), dtype=np.float32) < settings.no_metadata] = 0
    return code
