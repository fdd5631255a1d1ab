"""The compiled rules for the places of a feed: untouched posts, and the limit per author."""

from typing import Any

import numpy as np

from threads_pipelines.compiled import compiled


@compiled
def _waits(post: Any, feed: Any, author: Any, cap: int) -> bool:
    """Return whether the author of a post has ``cap`` posts in the feed; 0 means no limit."""
    writer = author[post]
    return cap > 0 and writer >= 0 and (author[feed] == writer).sum() >= cap


@compiled
def arrange(best: Any, fresh: Any, author: Any, cap: int, every: int, feed: Any) -> int:
    """Fill a feed with ranked posts, under the rules for untouched posts and for authors.

    One place in ``every`` goes to the next post of ``fresh``, unless an untouched post already
    stands in that range of places. An author with ``cap`` posts gets further places only after all
    other authors are used up.

    Args:
        best: (m,) posts by score, best first.
        fresh: (f,) untouched posts by score, best first.
        author: (n_posts,) author of each post; -1 if unknown.
        cap: Most posts of one author; 0 means no limit.
        every: Distance between places for untouched posts; 0 means no such places.
        feed: (k,) int32; receives the posts.

    Returns:
        Number of posts in the feed, at most k.
    """
    size = place = n_fresh = waiting = 0
    fresh_at = -1
    held = np.empty(len(best), np.int32)
    while size < len(feed):
        if every > 0 and (size + 1) % every == 0 and fresh_at <= size - every:
            while n_fresh < len(fresh) and (
                (feed[:size] == fresh[n_fresh]).any()
                or _waits(fresh[n_fresh], feed[:size], author, cap)
            ):
                n_fresh += 1
            if n_fresh < len(fresh):
                feed[size], fresh_at = fresh[n_fresh], size
                size += 1
                continue
        if place < len(best):
            post = best[place]
            place += 1
            if _waits(post, feed[:size], author, cap):
                held[waiting] = post
                waiting += 1
                continue
        elif waiting > 0:
            post, held[: waiting - 1] = held[0], held[1:waiting].copy()
            waiting -= 1
        else:
            break
        if (feed[:size] == post).any():
            continue
        if every > 0 and (fresh == post).any():
            fresh_at = size
        feed[size] = post
        size += 1
    return size
