from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from tests.reporting.example_page import AS_OF, example_experiment, example_page
from threads_pipelines.experiment.report_facts import ExperimentReport
from threads_pipelines.reporting.charts import forest, trend
from threads_pipelines.reporting.page import explain, render
from threads_pipelines.reporting.shown_feeds import AccountFeed, FeedPost


class Outline(HTMLParser):
    """Tags, ids, references and addresses of a document."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.addresses: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "aria-labelledby":
                self.references.append(value or "")
            if name in ("src", "href", "srcset", "action", "data"):
                self.addresses.append(value or "")


@pytest.fixture(scope="module")
def experiment() -> ExperimentReport:
    return example_experiment()


def test_document_is_well_ordered(experiment: ExperimentReport) -> None:
    document = render(example_page(experiment))
    outline = Outline(document)

    assert document.startswith('<!doctype html>\n<html lang="en">')
    for landmark in ("main", "nav", "h1", "title"):
        assert outline.tags.count(landmark) == 1
    assert len(outline.ids) == len(set(outline.ids))
    assert set(outline.references) <= set(outline.ids)
    assert {address.lstrip("#") for address in outline.addresses} <= set(outline.ids)
    levels = [int(tag[1]) for tag in outline.tags if tag in {"h1", "h2", "h3", "h4"}]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert "script" not in outline.tags


def test_every_post_has_author_topic_age_score_and_reason() -> None:
    post = FeedPost(
        author="mara",
        topic="travel",
        content="A night train.",
        created_at=AS_OF - timedelta(hours=3, minutes=5),
        score=0.873,
        reason="Trending: 4 people lately",
    )
    page = example_page()
    assert page.treatment
    document = render(replace(page, treatment=replace(page.treatment, posts=(post,))))

    for part in ("mara", "travel", "A night train.", ">3 h<", "0.87", post.reason):
        assert part in document
    assert '<time datetime="2026-01-14T22:55:00Z">' in document
    assert "1 of the first 1" in document


def test_a_feed_says_when_it_was_made_and_how_old_its_posts_are() -> None:
    page = example_page()
    hours = (1, 2, 5, 90, 100)
    posts = tuple(
        FeedPost("a", "", "text", AS_OF - timedelta(hours=hour), 0.5, "") for hour in hours
    )
    made = AS_OF - timedelta(minutes=50)
    assert page.treatment is not None
    feed = replace(page.treatment, posts=posts, made_at=made)
    assert feed.median_post == AS_OF - timedelta(hours=5)
    document = render(replace(page, treatment=feed))
    assert 'feed made <time datetime="2026-01-15T01:10:00Z">50 min</time> ago' in document
    assert "half of the first 5 posts older than" in document
    assert document.count("feed made") == 1, "the others are made at each request"


def test_page_without_experiment_and_sample_is_whole() -> None:
    document = render(replace(example_page(), sampled=()))
    assert 'id="experiment"' not in document
    assert "#sampled" not in document


def test_warnings_and_verdict_are_shown(experiment: ExperimentReport) -> None:
    assert "Treatment is better" in render(example_page(experiment))
    poor = example_experiment(users=60)
    document = render(example_page(poor))

    assert "Not enough data for a winner" in document
    assert poor.findings.warnings[0] in document
    assert "nan" not in document
    assert "inf%" not in document


def test_the_experiments_period_is_shown_even_where_nobody_came_yet() -> None:
    new = replace(example_experiment(users=0), period=(AS_OF, AS_OF + timedelta(minutes=90)))
    document = render(example_page(new))
    assert "Not enough data for a winner" in document
    assert "Counted from 15 Jan 2026, 02:00 to 15 Jan 2026, 03:30 UTC." in document
    assert "nan" not in document


def test_shares_of_the_interests_are_counted_in_the_first_ten() -> None:
    def posts(*topics: str) -> tuple[FeedPost, ...]:
        return tuple(FeedPost("a", topic, "text", AS_OF, None, "") for topic in topics)

    topics = ("food", "travel", "food", "sports", "travel") + ("books",) * 5 + ("travel",) * 5
    account = AccountFeed("a", "control", "random", ("travel", "sports"), posts(*topics), ())

    assert account.own == 3
    assert account.topics == [("travel", 2), ("sports", 1), ("books", 5), ("food", 2)]


@pytest.mark.parametrize(
    ("reason", "evidence", "sentence"),
    [
        ("similar_people", 1, "Picked up by 1 similar person"),
        ("similar_people", "1200", "Picked up by 1,200 similar people"),
        ("trending", 3, "Trending: 3 people lately"),
        ("similar_post", "A  night\ntrain", "Like “A night train”"),
        ("fresh_topic", "x" * 99, "New, and like “" + "x" * 59 + "…”"),
        ("random", None, "Picked at random"),
    ],
)
def test_reasons_are_sentences(reason: str, evidence: str | int | None, sentence: str) -> None:
    assert explain(reason, evidence) == sentence


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [(-5, "now"), (0, "now"), (59, "59 min"), (60, "1 h"), (2879, "47 h"), (2880, "2 d")],
)
def test_ages(minutes: int, shown: str) -> None:
    page = example_page()
    assert page.control
    post = FeedPost("a", "b", "c", AS_OF - timedelta(minutes=minutes), None, "")
    document = render(replace(page, control=replace(page.control, posts=(post,))))
    assert f'Z">{shown}</time>' in document


def test_forest_puts_zero_in_the_middle(experiment: ExperimentReport) -> None:
    rows = forest(experiment.findings.uplifts)

    primary, unknown = rows[0], rows[2]
    assert primary.primary
    assert primary.at is not None
    assert primary.at == pytest.approx(50 + 50 * primary.uplift.relative / primary.limit, abs=0.01)
    assert primary.left is not None
    assert primary.left > 50
    assert (unknown.left, unknown.width, unknown.at) == (None, None, None)


def test_trend_spans_the_days_and_stays_inside(experiment: ExperimentReport) -> None:
    drawn = trend(experiment.days)

    assert drawn is not None
    points = [tuple(map(float, point.split(","))) for point in drawn.band.split()]
    assert len(points) == 2 * 10
    assert all(0 <= value <= 100 for point in (*points, *drawn.dots) for value in point)
    assert drawn.low < 0 < experiment.findings.primary.relative < drawn.high
    assert trend(experiment.days[:2]) is None


def test_title_names_the_day() -> None:
    page = replace(example_page(), as_of=datetime.fromisoformat("2026-03-01 02:00"))
    assert "<title>Two feeds, side by side · 1 March 2026</title>" in render(page)
