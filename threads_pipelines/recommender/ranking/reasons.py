"""The main reason why a post is in a feed, compiled."""

from typing import Any

from threads_pipelines.compiled import compiled
from threads_pipelines.dataset.scored_rows import (
    FRESH_TOPIC,
    SIMILAR_PEOPLE,
    SIMILAR_POST,
    SIMILAR_TASTE,
    TRENDING,
)


@compiled
def name_reasons(
    feed: Any,
    facts: Any,
    people: Any,
    people_scale: float,
    posts: Any,
    posts_scale: float,
    texts: Any,
    texts_scale: float,
    globally: Any,
    reasons: Any,
    evidence: Any,
) -> None:
    """Name the largest part of the score of each post of a feed.

    Args:
        feed: (n,) posts of the feed.
        facts: ``PostFacts``.
        people: (n_posts,) float32, part of similar people, times ``people_scale``.
        people_scale: Factor of ``people``.
        posts: (n_posts,) float32, part of similar posts, times ``posts_scale``.
        posts_scale: Factor of ``posts``.
        texts: (n_posts,) float32, part of similar texts, times ``texts_scale``.
        texts_scale: Factor of ``texts``.
        globally: (n_posts,) float32, part of the spectral view.
        reasons: (n,) int8; receives the reasons.
        evidence: (n,) int32; receives the number of recent users where a post is trending, else 0.
    """
    for s in range(len(feed)):
        j = feed[s]
        by_people, by_post = people[j] * people_scale, posts[j] * posts_scale
        by_text = texts[j] * texts_scale
        most = max(by_people, by_post, by_text, globally[j])
        evidence[s] = 0
        if most <= 0 or most < facts.base_score[j]:
            reasons[s], evidence[s] = TRENDING, facts.recent_user_count[j]
        elif most == by_people:
            reasons[s] = SIMILAR_PEOPLE
        elif most == by_post:
            reasons[s] = SIMILAR_POST
        elif most == globally[j]:
            reasons[s] = SIMILAR_TASTE
        else:
            reasons[s] = FRESH_TOPIC
