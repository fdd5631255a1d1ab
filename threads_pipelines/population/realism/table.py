"""Compares a population's statistics with those of two real feeds and of publications."""

from dataclasses import astuple, dataclass

import numpy as np

from threads_pipelines.population.behaviour.behaviour import SyntheticInteractions
from threads_pipelines.population.realism import distributions
from threads_pipelines.population.realism import statistics as realism
from threads_pipelines.population.realism.distributions import Floats
from threads_pipelines.population.realism.statistics import FeedEvents


@dataclass(frozen=True, slots=True)
class Row:
    """One statistic of the generated feed, of a fast and a slow real one, and of publications."""

    statistic: str
    generated: str
    fast_feed: str
    slow_feed: str
    published: str


_REAL = (
    ("activity: Gini", ".364", ".682", ""),
    ("activity: share of the top 10%", "34%", "59%", "80% of posts"),
    ("activity: tail exponent", "2.63", "2.59", ""),
    ("popularity: Gini", ".705", ".583", ""),
    ("popularity: share of the top 1%", "22%", "20%", ""),
    ("popularity: tail exponent", "1.76", "2.28", ""),
    ("gap: median, hours", "1.29", "310", ""),
    ("gap: standard deviation of ln", "2.47", "3.68", "power law, exponent 1-2"),
    ("burstiness: median", ".32", ".16", ""),
    ("burstiness: quartiles", ".16-.52", "", ""),
    ("memory: median", "-.05", ".01", "near 0"),
    ("half-life of a post: median, hours", "3.9", "5136", "0.3-0.4"),
    ("half-life of a post: quartiles, hours", "0.5-31", "", ""),
    ("events within 24 h of the first", "56%", "", ""),
    ("busiest to quietest hour", "2.1", "14.6", "sessions end after 1 h of silence"),
)


def events_of(interactions: SyntheticInteractions) -> FeedEvents:
    """Convert interactions to pairs: each user's first event on each post.

    Args:
        interactions: The interactions of a population.

    Returns:
        The pairs, in seconds.
    """
    return realism.first_events(interactions.user, interactions.post, interactions.at // 1000)


def compare(events: FeedEvents) -> tuple[Row, ...]:
    """Compare the statistics of a feed with those of real feeds.

    The fast feed has re-shares of 3,454 posts by 12,627 users in 11.6 days, without light users.
    The slow feed has reviews by 11,000 users.

    Args:
        events: The pairs.

    Returns:
        One row for each statistic.
    """
    made = realism.samples(events)
    _, memory = realism.burstiness_and_memory(events)
    activity, popularity = made["activity"], made["popularity"]
    log_gap = np.log(np.maximum(made["gap"] * 3600, 1.0))
    day = np.mean(made["event age"] <= 24) if len(made["event age"]) else np.nan
    generated = (
        _two(distributions.gini(activity)),
        _percent(distributions.top_share(activity, 0.1)),
        _two(distributions.tail_exponent(activity)),
        _two(distributions.gini(popularity)),
        _percent(distributions.top_share(popularity, 0.01)),
        _two(distributions.tail_exponent(popularity)),
        _two(_at(made["gap"], 0.5)),
        _two(_deviation(log_gap)),
        _two(_at(made["burstiness"], 0.5)),
        _quartiles(made["burstiness"]),
        _two(_at(memory, 0.5)),
        _two(_at(made["half-life"], 0.5)),
        _quartiles(made["half-life"]),
        _percent(float(day)),
        _two(realism.busiest_to_quietest_hour(events.at)),
    )
    return tuple(
        Row(name, value, *real) for (name, *real), value in zip(_REAL, generated, strict=True)
    )


def as_markdown(rows: tuple[Row, ...]) -> str:
    """Format the rows as a Markdown table.

    Args:
        rows: The rows.

    Returns:
        Markdown.
    """
    lines = ["| statistic | generated | fast feed | slow feed | published |", "|---|" + "---|" * 4]
    lines += [f"| {' | '.join(astuple(row))} |" for row in rows]
    return "\n".join(lines)


def _at(x: Floats, p: float) -> float:
    return float(np.quantile(x, p)) if len(x) else float("nan")


def _deviation(x: Floats) -> float:
    return float(np.std(x)) if len(x) else float("nan")


def _two(x: float) -> str:
    return f"{x:.2f}" if np.isfinite(x) else "-"


def _percent(x: float) -> str:
    return f"{x:.0%}" if np.isfinite(x) else "-"


def _quartiles(x: Floats) -> str:
    return f"{_two(_at(x, 0.25))}-{_two(_at(x, 0.75))}" if len(x) else "-"
