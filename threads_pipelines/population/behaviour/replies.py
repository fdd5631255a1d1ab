"""Short texts of comments, generic or specific to a topic."""

import numpy as np
from numpy.typing import NDArray

ANY = (
    "Love this.",
    "Saving this one for later.",
    "Exactly what I needed today.",
    "Thanks for sharing!",
    "I had no idea. Tell us more?",
    "Same here, and I thought I was the only one.",
    "This made my morning.",
    "Well said.",
    "How long did that take you?",
    "I'd do it the other way round, but I see your point.",
)
BY_TOPIC = {
    "technology": ("Which version are you on?", "Small tools win again.", "My build says hello."),
    "food": ("What did you serve with it?", "Trying this tonight.", "Now I'm hungry."),
    "travel": ("Adding it to the list.", "When is the best season to go?", "Take me with you."),
    "sports": ("What was your time?", "Rest days count too!", "See you at the start line."),
    "books": ("Started it last night.", "No spoilers, please!", "My library has it, thankfully."),
    "daily_life": ("It's the little things.", "My neighbour does this too.", "Mood."),
}


def draw_replies(
    topic: NDArray[np.int32], topics: tuple[str, ...], rng: np.random.Generator
) -> NDArray[np.object_]:
    """Draw the text of comments.

    Args:
        topic: (n,) topic of the post of each comment.
        topics: Names of the topics.
        rng: Source of randomness.

    Returns:
        (n,) str.
    """
    pools = [np.array(ANY + BY_TOPIC.get(name, ()) * 2, dtype=object) for name in topics]
    u = rng.random(len(topic))
    text = np.empty(len(topic), dtype=object)
    for k, pool in enumerate(pools):
        rows = topic == k
        text[rows] = pool[(u[rows] * len(pool)).astype(int)]
    return text
