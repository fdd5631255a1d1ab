"""A page with something of everything, seeded."""

from datetime import datetime, timedelta

import numpy as np

from threads_pipelines.experiment.report import build_report
from threads_pipelines.experiment.report_facts import ExperimentReport
from threads_pipelines.experiment.settings import ReportSettings
from threads_pipelines.reporting.page import ComparisonPage, explain
from threads_pipelines.reporting.shown_feeds import AccountFeed, FeedPost, PastPost
from tools.experiment_trials import Population, simulate

AS_OF = datetime.fromisoformat("2026-01-15 02:00")
POSTS = {
    "travel": (
        "Took the night train to Lisbon and woke up to the river. Worth every minute of bad sleep.",
        "Three days in the Dolomites with one small backpack. "
        "What I would leave at home next time: the second jumper.",
        "Found a bakery in Hualien that only opens at dawn.",
    ),
    "sports": (
        "Ten kilometres before breakfast, in the rain. My fastest this year!",
        "That last over had the whole street shouting. What a match.",
        "New climbing shoes, same old fear of the overhang.",
    ),
    "food": ("Slow-roasted tomatoes, a little salt, nothing else. Dinner is done.",),
    "technology": (
        "Rewrote the parser on Sunday. Half the lines, and I understand all of them.",
        "Does anyone still keep a paper notebook next to the keyboard?",
    ),
    "music": ("The second movement again and again on the way home.",),
    "books": ("Finished it in one sitting. I have questions about the lighthouse keeper.",),
}
AUTHORS = ("mara.lind", "jonas_k", "wei-ting", "oluwaseun", "Priya N.", "tomás", "hana", "li")


def example_page(experiment: ExperimentReport | None = None) -> ComparisonPage:
    """Test accounts and two sampled people."""
    rng = np.random.default_rng(1)
    everything, liked = tuple(POSTS), ("travel", "sports")
    return ComparisonPage(
        as_of=AS_OF,
        control=account(rng, "test_control", "control", "random", liked, everything, 0),
        treatment=account(
            rng, "test_treatment", "treatment", "ml_recommendations", liked, (*liked * 4, "food"), 9
        ),
        sampled=(
            account(
                rng,
                "wei-ting",
                "treatment",
                "ml_recommendations",
                ("food", "music"),
                ("food", "music", "books", "food"),
                4,
            ),
            account(rng, "newcomer", "control", "random", (), everything, 0),
        ),
        experiment=experiment,
    )


def example_experiment(uplift: float = 0.15, users: int = 5000) -> ExperimentReport:
    """Ten days of a few thousand simulated people."""
    population = Population(days=10, spread=0.6, click_spread=0.4, click_rate=0.1)
    events, groups = simulate(users, uplift, population, np.random.default_rng(3))
    return build_report("recommended-feed-1", events, groups, ReportSettings())


def account(
    rng: np.random.Generator,
    name: str,
    group: str,
    source: str,
    interests: tuple[str, ...],
    topics: tuple[str, ...],
    history: int,
) -> AccountFeed:
    ranked = source == "ml_recommendations"
    posts = []
    for rank in range(12):
        topic = str(rng.choice(topics))
        reason = ("similar_post", "similar_people", "trending", "fresh_topic")[rank % 4]
        evidence = str(rng.choice(POSTS[topic])) if rank % 4 in (0, 3) else 12 - rank
        posts.append(
            FeedPost(
                author=str(rng.choice(AUTHORS)),
                topic=topic,
                content=str(rng.choice(POSTS[topic])),
                created_at=AS_OF - timedelta(minutes=int(rng.exponential(900))),
                score=0.97 - rank * 0.06 if ranked else None,
                reason=explain(reason if ranked else "random", evidence),
            )
        )
    return AccountFeed(
        name=name,
        group=group,
        source=source,
        interests=interests,
        posts=tuple(posts),
        history=tuple(past(rng, interests, row) for row in range(history or 8 * bool(interests))),
    )


def past(rng: np.random.Generator, interests: tuple[str, ...], row: int) -> PastPost:
    topic = str(rng.choice(interests))
    return PastPost(
        action=str(rng.choice(("liked", "clicked", "shared"))),
        author=str(rng.choice(AUTHORS)),
        topic=topic,
        content=str(rng.choice(POSTS[topic])),
        at=AS_OF - timedelta(hours=5 * (row + 1)),
    )
