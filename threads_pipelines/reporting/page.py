"""Renders the comparison page: the feeds of the test accounts and of sampled users, with reasons.

The page is one HTML file without scripts or requests. It works on a phone, in light and dark mode.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from threads_pipelines.experiment.report_facts import ExperimentReport
from threads_pipelines.reporting.charts import Trend, forest, trend
from threads_pipelines.reporting.shown_feeds import TOP, AccountFeed

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment


_TEMPLATES = Path(__file__).parent / "templates"
_LONGEST_QUOTE = 60


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    """Content of the page; ages are relative to ``as_of``, naive UTC.

    Before the first night no account has a feed: then there is neither control nor treatment.
    """

    as_of: datetime
    control: AccountFeed | None
    treatment: AccountFeed | None
    sampled: tuple[AccountFeed, ...] = ()
    experiment: ExperimentReport | None = None


def render(page: ComparisonPage) -> str:
    """Render the page.

    Args:
        page: Its content.

    Returns:
        The HTML document.
    """
    accounts = [one for one in (page.control, page.treatment, *page.sampled) if one]
    findings = page.experiment.findings if page.experiment else None
    return (
        _environment()
        .get_template("comparison.html.j2")
        .render(
            page=page,
            top=TOP,
            hues=_hues(accounts),
            forest=forest(findings.uplifts) if findings else (),
            trend=_trend(page.experiment),
        )
    )


def explain(reason: str, evidence: str | int | None) -> str:
    """Return the sentence for a reason of a row, or for a random post.

    Args:
        reason: One of ``scored_rows.REASONS``, or empty for a random post.
        evidence: The number of people for similar_people and trending; the text of the similar post
            for similar_post and fresh_topic.

    Returns:
        The sentence.
    """
    if reason in ("similar_people", "trending"):
        count = int(evidence or 0)
        people = "person" if count == 1 else "people"
        if reason == "trending":
            return f"Trending: {count:,} {people} lately"
        return f"Picked up by {count:,} similar {people}"
    if reason in ("similar_post", "fresh_topic"):
        start = "Like" if reason == "similar_post" else "New, and like"
        return f"{start} “{_shorten(str(evidence or ''), _LONGEST_QUOTE)}”"
    if reason == "similar_taste":
        return "Popular with people whose taste is like this"
    return "Picked at random"


def _trend(report: ExperimentReport | None) -> Trend | None:
    return trend(report.days) if report else None


def _hues(accounts: Sequence[AccountFeed]) -> dict[str, int]:
    """Number the topics, so that each has one colour on the whole page; "" is not a topic."""
    topics = {post.topic for account in accounts for post in account.posts}
    topics |= {past.topic for account in accounts for past in account.history}
    return {topic: position % 8 for position, topic in enumerate(sorted(topics - {""}))}


@cache
def _environment() -> "SandboxedEnvironment":
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "age": _age,
        "amount": _amount,
        "percent": _percent,
        "shorten": _shorten,
    }
    return environment


def _age(then: datetime, now: datetime) -> str:
    """Format an age in its largest unit: 45 min, 3 h, 2 d."""
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def _amount(number: float) -> str:
    return f"{number:,.3g}" if math.isfinite(number) else "–"


def _percent(number: float, decimals: int = 1) -> str:
    """Format a change with its sign; the minus sign is as wide as the plus sign."""
    return f"{number:+.{decimals}%}".replace("-", "−") if math.isfinite(number) else "–"


def _shorten(text: str, longest: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
