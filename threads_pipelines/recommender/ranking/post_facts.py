"""Properties of posts that are the same for every user, in the form that compiled code reads."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class PostFacts(NamedTuple):
    """Properties of each post that are the same for every user.

    Attributes:
        popularity_boost: (n_posts,) float32 in [0, 1], recent popularity to the power
            ``popularity.exponent``; 0 if the post may not be recommended. Such posts are in no list
            of neighbours or votes either.
        base_score: (n_posts,) float32, the score of the post without any similarity.
        newcomer_score: (n_posts,) float32 in [0, 1], popularity for people without history.
        recent_user_count: (n_posts,) int32, people who acted on the post recently.
        author: (n_posts,) int32, row in ``Users``; -1 if unknown.
        untouched: (m,) int32, candidates without interactions, for the places of ``arrange``.
    """

    popularity_boost: NDArray[np.float32]
    base_score: NDArray[np.float32]
    newcomer_score: NDArray[np.float32]
    recent_user_count: NDArray[np.int32]
    author: NDArray[np.int32]
    untouched: NDArray[np.int32]
